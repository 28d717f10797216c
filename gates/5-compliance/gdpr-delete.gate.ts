import { control } from '../../helpers/control.ts'
import { erasureTrialSchema, judgeErasure } from '../../helpers/trials/gdpr-delete/judge.ts'
import { tryErasure } from '../../helpers/trials/gdpr-delete/measure.ts'

export default control(import.meta, {
  requirement: 'Of somebody who is deleted nothing is left anywhere, and whoever had opted out is not texted again.',
  target:
    'no trace in any table, answer or later log line; queued messages not sent; an anonymous audit entry, the chain intact; others untouched; opt-outs kept as a keyed HMAC',
  method:
    'Makes three people known through every way in, deletes two of them, looks for all that was known of them in every column, answer and log line, in every usual encoding and as a hash that can be guessed, and has them come again.',
  severity: 'critical',
  needs: ['app', 'database', 'providers', 'run'],
  timeLimitSeconds: 120,
  evidence: erasureTrialSchema,
  measure: ({ app, database, providers, run, subject, signal, progress }) =>
    tryErasure({ app, database, providers, run, subject, signal }, progress),
  judge: judgeErasure,
  summarise({ before, left, searched, waiting, neighbour }) {
    const places = new Set(before.flatMap((one) => one.places)).size
    return `two people stood in ${places} columns before, ${left.length} traces are left in ${searched.tables} tables, ${searched.answers} kinds of answers and ${searched.logLines} log lines; ${waiting.after} of their waiting messages sent; ${neighbour.missing.length} of ${neighbour.values} values of somebody else missing`
  },
})
