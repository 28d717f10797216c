import { at, testJudge } from '../judge-harness.ts'
import { judgeMemory, memoryTrialSchema } from './judge.ts'

testJudge({
  directory: import.meta.dirname,
  schema: memoryTrialSchema,
  judge: judgeMemory,
  alterations: [
    ['the peak is at the target', (trial) => void (trial.peakPercent = 80), /memory rose to \d+ MB, 80\.0 %/],
    ['it was hardly looked at', (trial) => void (trial.samples = 2), /looked at 2 times/],
    [
      'a part of the load failed',
      (trial) => void (at(trial.parts, 0).failed = at(trial.parts, 0).planned),
      /requests failed .*webhooks under load/,
    ],
    [
      'a part of the load was lighter',
      (trial) => void (at(trial.parts, 3).achievedRatio = 0.98),
      /98\.0 % of the rate/,
    ],
  ],
  allowed: [['the peak is below the target', (trial) => void (trial.peakPercent = 79.9)]],
})
