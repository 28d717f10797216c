import { at, testJudge } from '../judge-harness.ts'
import { judgeOnCall, onCallTrialSchema } from './judge.ts'

testJudge({
  directory: import.meta.dirname,
  schema: onCallTrialSchema,
  judge: judgeOnCall,
  alterations: [
    ['a level without anybody', (trial) => void (at(trial.shifts, 1).level = 3), /nobody is on call at level 2/],
    [
      'a shift that begins late',
      (trial) => void (at(trial.shifts, 0).from = '2026-11-25T00:00:00Z'),
      /level 1 from 2026-11-24T16:00:00.000Z to 2026-11-25T00:00:00.000Z/,
    ],
    [
      'a shift that ends early',
      (trial) => void (at(trial.shifts, 0).to = '2026-11-27T15:00:00Z'),
      /level 1 from 2026-11-27T15:00:00.000Z/,
    ],
    ['one person twice', (trial) => void (at(trial.shifts, 1).name = 'imre  SOLT'), /at two levels at once/],
    ['a window that is over', (trial) => void (trial.examinedAt = '2026-11-28T00:00:00Z'), /window ended at/],
    [
      'a window turned round',
      (trial) => void (trial.releaseWindow.to = '2026-11-23T00:00:00Z'),
      /ends before it begins/,
    ],
  ],
  allowed: [
    [
      'one person at two levels one after the other',
      (trial) =>
        void trial.shifts.push({
          level: 1,
          name: 'Dana Whitfield',
          from: '2026-12-01T00:00:00Z',
          to: '2026-12-02T00:00:00Z',
        }),
    ],
  ],
})
