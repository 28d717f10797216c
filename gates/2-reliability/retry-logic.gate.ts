import { control } from '../../helpers/control.ts'
import { judgeRetries, retryTrialSchema } from '../../helpers/trials/retry-logic/judge.ts'
import { tryRetries } from '../../helpers/trials/retry-logic/measure.ts'

export default control(import.meta, {
  requirement:
    'A provider call that fails for a passing reason is tried three times in all, later each time, and takes effect once.',
  target:
    '3 attempts, delays that grow exponentially with jitter, Retry-After honoured, other 4xx never retried, one delivery',
  method:
    'Sends messages while the SMS provider fails at the socket in one way at a time, and reads attempts, gaps and effects off the provider’s journal.',
  severity: 'critical',
  needs: ['app', 'providers'],
  timeLimitSeconds: 150,
  evidence: retryTrialSchema,
  measure: ({ app, providers, progress }) => tryRetries(app, providers, progress),
  judge: judgeRetries,
  summarise: ({ backoff, exhausted, refusals }) => {
    const median = (values: number[]): string =>
      `${Math.round(values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0)} ms`
    return `median gaps ${median(backoff.map((run) => run.firstGapMilliseconds))}, then ${median(backoff.map((run) => run.secondGapMilliseconds))} over ${backoff.length} messages; ${exhausted.attempts} attempts before the dead letter; ${refusals.map((refusal) => `${refusal.status}: ${refusal.attempts}`).join(', ')} attempt`
  },
})
