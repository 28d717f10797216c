import { control } from '../../helpers/control.ts'
import { auditTrialSchema, judgeAuditLog } from '../../helpers/trials/audit-logs/judge.ts'
import { tryAuditLog } from '../../helpers/trials/audit-logs/measure.ts'

export default control(import.meta, {
  requirement:
    'Who did what, when and on what is noted for every action, cannot be altered unnoticed, and is kept for 7 years.',
  target:
    'an entry for each action, with the values before and after; update, delete, truncate, reordering and forgery refused and noticed, the last entry too; entries of 7 years less a day outlive a purge',
  method:
    'Does every action of the contract and reads its entry off the admin API; alters the log as the subject’s own role, then past every guard, and asks aro diagnose; ages entries and data and has the purge run.',
  severity: 'critical',
  needs: ['app', 'database', 'providers', 'run'],
  timeLimitSeconds: 120,
  evidence: auditTrialSchema,
  measure: tryAuditLog,
  judge: judgeAuditLog,
  summarise({ deeds, tamperings, concurrent, retention }) {
    const noted = deeds.filter(({ isNoted }) => isNoted).length
    const noticed = tamperings.filter(({ verification }) => verification.exitCode !== 0).length
    const refused = tamperings.filter(({ refusal }) => refusal !== null).length
    return `${noted} of ${deeds.length} actions noted, ${concurrent.entries} of ${concurrent.readings} at once; of ${tamperings.length} alterations ${refused} refused and ${noticed} noticed; ${retention.entriesAfter} of ${retention.entriesBefore} entries outlived the purge, ${retention.rowsBefore - retention.rowsAfter} rows of other data did not`
  },
})
