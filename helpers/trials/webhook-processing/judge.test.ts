import { testJudge } from '../judge-harness.ts'
import { judgeProcessing, processingTrialSchema } from './judge.ts'

testJudge({
  directory: import.meta.dirname,
  schema: processingTrialSchema,
  judge: judgeProcessing,
  alterations: [
    [
      'p95 may be above the target',
      (trial) => void (trial.p95UpperMilliseconds = 2000.1),
      /p95 from sending to processed/,
    ],
    ['one in a hundred failed', (trial) => void (trial.load.failed = 39), /39 of 3900 requests failed/],
    ['one booking was lost', (trial) => void (trial.processed.missing = 1), /1 accepted webhooks were never processed/],
    ['the load was lighter', (trial) => void (trial.load.achievedRatio = 0.98), /98\.0 % of the rate/],
    ['requests were dropped', (trial) => void (trial.load.dropped = 1), /1 dropped/],
    ['the generator was late', (trial) => trial.load.doubts.push('its event loop lagged'), /event loop lagged/],
    ['too few samples', (trial) => void (trial.processed.samples = 2999), /only 2999 samples/],
  ],
  allowed: [
    ['p95 at the target', (trial) => void (trial.p95UpperMilliseconds = 2000)],
    ['fewer than one in a hundred failed', (trial) => void (trial.load.failed = 38)],
    [
      'fewer samples in a rehearsal',
      (trial) => void Object.assign(trial, { profile: 'rehearsal', processed: { ...trial.processed, samples: 60 } }),
    ],
  ],
})
