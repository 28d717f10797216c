import { control } from '../../helpers/control.ts'
import { exportTrialSchema, judgeExport } from '../../helpers/trials/gdpr-export/judge.ts'
import { tryExport } from '../../helpers/trials/gdpr-export/measure.ts'

export default control(import.meta, {
  requirement: 'An administrator can export everything that is held on a person, and nothing of anybody else.',
  target:
    'every planted value, all messages, events and consents in a machine-readable document; nobody else’s; for administrators of the tenant only; audited',
  method:
    'Makes a person known through every way in, beside others of the same household, name or tenant-wide number, with more messages than a page, and looks for each planted value in the export.',
  severity: 'critical',
  needs: ['app', 'database', 'providers'],
  timeLimitSeconds: 120,
  evidence: exportTrialSchema,
  measure: ({ app, database, providers, progress }) => tryExport({ app, database, providers }, progress),
  judge: judgeExport,
  summarise: ({ held, messages, events, consents, others, strangers, refusals }) =>
    `${held.filter(({ isTold }) => isTold).length} of ${held.length} planted values, ${messages.told} of ${messages.held} messages, ${events.told} of ${events.held} events and ${consents.told} consents told; ${strangers.length} values of ${others.length} others; ${refusals.length} refused`,
})
