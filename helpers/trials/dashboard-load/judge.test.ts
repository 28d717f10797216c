import { at, testJudge } from '../judge-harness.ts'
import { dashboardTrialSchema, judgeDashboard } from './judge.ts'

testJudge({
  directory: import.meta.dirname,
  schema: dashboardTrialSchema,
  judge: judgeDashboard,
  alterations: [
    [
      'the page may be above the target',
      (trial) => void (trial.page.p95.upperMilliseconds = 1000.1),
      /p95 of the dashboard \(page\)/,
    ],
    [
      'its data may be above the target',
      (trial) => void (at(trial.data, 1).latencies.p95.upperMilliseconds = 1000.1),
      /p95 of the dashboard \(\/appointments\)/,
    ],
    [
      'page and data take too long together',
      (trial) => void (trial.p95UpperMilliseconds = 1000.1),
      /the dashboard with its data takes/,
    ],
    ['one in a hundred failed', ({ load }) => void (load.failed = Math.ceil(load.planned / 100)), /requests failed/],
    ['too few samples', (trial) => void (trial.page.samples = 14), /only 14 samples/],
    ['fewer appointments', (trial) => void (trial.storedAppointments = 9999), /only 9999 appointments/],
    ['requests were dropped', (trial) => void (trial.load.dropped = 1), /1 dropped/],
  ],
  allowed: [['p95 at the target', (trial) => void (trial.p95UpperMilliseconds = 1000)]],
})
