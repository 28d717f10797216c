import { at, testJudge } from '../judge-harness.ts'
import { healthTrialSchema, judgeHealth } from './judge.ts'

testJudge({
  directory: import.meta.dirname,
  schema: healthTrialSchema,
  judge: judgeHealth,
  alterations: [
    [
      'health is 503 once',
      (trial) => void (trial.steady.health.statuses['503'] = 1),
      /answered 503 \(1 times\).*\/health/,
    ],
    ['ready is 429 under load', (trial) => void (trial.load.ready.statuses['429'] = 2), /\/ready under load/],
    ['ready is slow', (trial) => void (trial.steady.ready.slowestMilliseconds = 1001), /took 1001 ms/],
    [
      'ready stays 200 without the database',
      (trial) => void (at(trial.outages, 0).unreadyAfterMilliseconds = null),
      /never turned 503/,
    ],
    [
      'ready turns 503 late',
      (trial) => void (at(trial.outages, 1).unreadyAfterMilliseconds = 5001),
      /503 only after 5001 ms/,
    ],
    [
      'ready wavers',
      (trial) =>
        void (at(trial.outages, 0).readyMeanwhile = {
          samples: 9,
          statuses: { 503: 8, 200: 1 },
          slowestMilliseconds: 5,
        }),
      /wavered.*200 \(1 times\)/,
    ],
    [
      'ready does not come back',
      (trial) => void (at(trial.outages, 0).readyAgainAfterMilliseconds = null),
      /did not come back/,
    ],
    [
      'health depends on the database',
      (trial) => void (at(trial.outages, 0).healthMeanwhile.statuses = { 503: 30 }),
      /answered 503 .*\/health without the database/,
    ],
    ['a version is told', (trial) => trial.leaks.push({ where: 'GET /health', what: 'a version' }), /leaks a version/],
    ['the process ended', (trial) => void (trial.endedProcesses = 1), /process ended/],
  ],
  allowed: [
    ['ready within a second', (trial) => void (trial.load.ready.slowestMilliseconds = 1000)],
    ['503 after five seconds', (trial) => void (at(trial.outages, 0).unreadyAfterMilliseconds = 5000)],
  ],
})
