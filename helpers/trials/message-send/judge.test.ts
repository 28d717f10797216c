import { testJudge } from '../judge-harness.ts'
import { judgeMessages, messageTrialSchema } from './judge.ts'

testJudge({
  directory: import.meta.dirname,
  schema: messageTrialSchema,
  judge: judgeMessages,
  alterations: [
    [
      'p95 may be above the target',
      (trial) => void (trial.received.p95.upperMilliseconds = 5000.1),
      /p95 from trigger to provider/,
    ],
    ['one in a hundred failed', ({ load }) => void (load.failed = Math.ceil(load.planned / 100)), /requests failed/],
    ['one message was lost', (trial) => void (trial.missing = 1), /1 accepted messages never reached the provider/],
    ['the load was lighter', (trial) => void (trial.load.achievedRatio = 0.98), /98\.0 % of the rate/],
    ['too few samples', (trial) => void (trial.received.samples = 39), /only 39 samples/],
  ],
  allowed: [['p95 at the target', (trial) => void (trial.received.p95.upperMilliseconds = 5000)]],
})
