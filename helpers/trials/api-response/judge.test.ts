import { testJudge, where } from '../judge-harness.ts'
import { judgeResponses, responseTrialSchema } from './judge.ts'
import type { ResponseTrial } from './judge.ts'

const route = (trial: ResponseTrial): ResponseTrial['routes'][number] =>
  where(trial.routes, (one) => one.route === 'GET /audit-logs')

testJudge({
  directory: import.meta.dirname,
  schema: responseTrialSchema,
  judge: judgeResponses,
  alterations: [
    ['p95 may be above the target', (trial) => void (trial.all.p95.upperMilliseconds = 1000.1), /p95 of all routes/],
    [
      'one route is slow',
      (trial) => {
        const { latencies } = route(trial)
        if (latencies !== null) latencies.p95.upperMilliseconds = 1000.1
      },
      /p95 of GET \/audit-logs/,
    ],
    [
      'one route fails',
      (trial) => void Object.assign(route(trial), { failed: 2 }),
      /2 of \d+ requests to GET \/audit-logs failed/,
    ],
    [
      'one route never answers as it should',
      (trial) => void Object.assign(route(trial), { latencies: null }),
      /requests to GET \/audit-logs failed/,
    ],
    [
      'one route was hardly asked for',
      (trial) => {
        const { latencies } = route(trial)
        if (latencies !== null) latencies.samples = 1
      },
      /only 1 samples of GET \/audit-logs/,
    ],
    ['one in a hundred failed', ({ load }) => void (load.failed = Math.ceil(load.planned / 100)), /requests failed/],
    ['too few samples', (trial) => void (trial.all.samples = 99), /only 99 samples/],
    ['requests were dropped', (trial) => void (trial.load.dropped = 1), /1 dropped/],
  ],
  allowed: [
    ['one failure of a route', (trial) => void Object.assign(route(trial), { failed: 1 })],
    ['p95 at the target', (trial) => void (trial.all.p95.upperMilliseconds = 1000)],
  ],
})
