import { control } from '../../helpers/control.ts'
import { judgeRollbackPlan, rollbackTrialSchema } from '../../helpers/trials/rollback-plan/judge.ts'
import { readRollbackPlan } from '../../helpers/trials/rollback-plan/measure.ts'

export default control(import.meta, {
  requirement: 'The way back to the previous version is written down, and was walked.',
  target:
    'a runbook with its steps, and a drill within 90 days by two people or more: the release, the previous version, the release again',
  method:
    'Reads the record that the owner names and the runbook; checks by SHA-256 the files that back the drill, and looks in them for its steps and its result.',
  severity: 'high',
  needs: ['run'],
  evidence: rollbackTrialSchema,
  measure: readRollbackPlan,
  judge: judgeRollbackPlan,
  summarise: ({ drilled, datedOn, participants, runbook }) =>
    `${drilled.version} to ${drilled.previousVersion} and back, drilled on ${datedOn} in ${drilled.environment} by ${participants.length} people; ${runbook.steps} steps in ${runbook.path}`,
})
