import { control } from '../../helpers/control.ts'
import { judgeResponses, responseTrialSchema } from '../../helpers/trials/api-response/judge.ts'
import { measureResponses } from '../../helpers/trials/api-response/measure.ts'

export default control(import.meta, {
  requirement:
    'Every route of the admin, Command and Event API answers within a second, also under the production load.',
  target: 'p95 ≤ 1 s of all routes together and of each; fewer than 1 % failures',
  method:
    'Asks for every route in a mix of genuine requests by an open model beside bookings, messages and dashboard, and times each from its intended start to the whole answer.',
  severity: 'high',
  needs: ['run'],
  timeLimitSeconds: 300,
  evidence: responseTrialSchema,
  measure: measureResponses,
  judge: judgeResponses,
  summarise: ({ all, routes, load, engine }) => {
    const slowest = routes.toSorted(
      (a, b) => (b.latencies?.p95.milliseconds ?? 0) - (a.latencies?.p95.milliseconds ?? 0),
    )[0]
    return `p95 ${(all.p95.milliseconds / 1000).toFixed(2)} s (up to ${(all.p95.upperMilliseconds / 1000).toFixed(2)} s, ${all.samples} samples, ${load.failed} failed), slowest of ${routes.length} routes: ${slowest?.route ?? 'none'} ${Math.round(slowest?.latencies?.p95.milliseconds ?? 0)} ms, ${engine}`
  },
})
