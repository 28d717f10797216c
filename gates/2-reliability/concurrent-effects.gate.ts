import { control } from '../../helpers/control.ts'
import { concurrencyTrialSchema, judgeConcurrency } from '../../helpers/trials/concurrent-effects/judge.ts'
import { tryConcurrency } from '../../helpers/trials/concurrent-effects/measure.ts'

export default control(import.meta, {
  requirement:
    'Whatever arrives many times at once, or beside its opposite, takes effect once, and nothing of it is lost.',
  target:
    'the effects of a single one; never a fourth message a day; no 5xx, no deadlock, no lost update; an interrupted delivery takes effect once when it comes again',
  method:
    'Sends deliveries, replies, commands, opt-outs, replays, erasures, messages and consent changes at once through two instances on a slowed database, and counts events, audit entries, rows and messages at the provider.',
  severity: 'critical',
  needs: ['app', 'database', 'providers'],
  timeLimitSeconds: 150,
  evidence: concurrencyTrialSchema,
  measure: ({ app, database, providers, progress }) => tryConcurrency(app, database, providers, progress),
  judge: judgeConcurrency,
  summarise: ({ copies, conflicts, instances, interrupted, deadlocks }) =>
    `${copies.length} kinds of request as ${copies.reduce((sum, kind) => sum + kind.copies, 0)} copies and ${conflicts.reduce((sum, { requests }) => sum + requests, 0)} conflicting requests at once on ${instances} instances; ${interrupted.cuts} deliveries interrupted; ${deadlocks} deadlocks`,
})
