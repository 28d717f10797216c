import { control } from '../../helpers/control.ts'
import { judgeRollbackPlan, rollbackTrialSchema } from '../../helpers/trials/rollback-plan/judge.ts'
import { readRollbackPlan } from '../../helpers/trials/rollback-plan/measure.ts'

export default control(import.meta, {
  requirement: 'The way back to the previous version is written down, and was walked.',
  target:
    'a runbook with its steps, and a drill of this release within 90 days: the previous version on the new schema and back, by two people or more',
  method:
    'Reads the record that the owner names and the runbook, and checks by SHA-256 and by the versions it tells of the file that backs the drill.',
  severity: 'high',
  needs: ['run'],
  evidence: rollbackTrialSchema,
  measure: readRollbackPlan,
  judge: judgeRollbackPlan,
  summarise: ({ drilled, datedOn, participants, runbook }) =>
    `${drilled.version} to ${drilled.previousVersion} and back, drilled on ${datedOn} by ${participants.length} people; ${runbook.steps} steps in ${runbook.path}`,
})
