import { control } from '../../helpers/control.ts'
import { incidentTrialSchema, judgeRehearsal } from '../../helpers/trials/incident-response/judge.ts'
import { readRehearsal } from '../../helpers/trials/incident-response/measure.ts'

export default control(import.meta, {
  requirement: 'Those who would be called have rehearsed an incident, and what they found is mended.',
  target: 'a rehearsal within 90 days, by two people or more, with every finding closed',
  method: 'Reads the record that the owner names, and checks the files that back it by SHA-256.',
  severity: 'high',
  needs: ['run'],
  evidence: incidentTrialSchema,
  measure: readRehearsal,
  judge: judgeRehearsal,
  summarise: ({ scenario, datedOn, participants, findings }) =>
    `“${scenario}” rehearsed on ${datedOn} by ${participants.length} people, ${findings.length} findings closed`,
})
