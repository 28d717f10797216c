import { at, testJudge } from '../judge-harness.ts'
import { judgeProcessor, processorTrialSchema } from './judge.ts'

testJudge({
  directory: import.meta.dirname,
  schema: processorTrialSchema,
  judge: judgeProcessor,
  alterations: [
    ['the average is at the target', (trial) => void (trial.averagePercent = 70), /CPU use was 70\.0 %/],
    ['it was hardly looked at', (trial) => void (trial.samples = 2), /looked at 2 times/],
    ['only half of the time was seen', (trial) => void (trial.plateauSeconds /= 2), /of the 6 s at the highest rate/],
    [
      'requests were answered later',
      (trial) => void (trial.answeredRequests = Math.floor(trial.plannedRequests * 0.9) - 1),
      /what the others cost is not in/,
    ],
    [
      'a part of the load was lighter',
      (trial) => void (at(trial.parts, 3).achievedRatio = 0.98),
      /98\.0 % of the rate/,
    ],
  ],
  allowed: [['the average is below the target', (trial) => void (trial.averagePercent = 69.9)]],
})
