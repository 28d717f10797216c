import { at, testJudge } from '../judge-harness.ts'
import { judgeRollbackPlan, rollbackTrialSchema } from './judge.ts'

testJudge({
  directory: import.meta.dirname,
  schema: rollbackTrialSchema,
  judge: judgeRollbackPlan,
  alterations: [
    ['another release', (trial) => void (trial.release = 'v1.5.0'), /drill was of version 1\.4\.0, and v1\.5\.0/],
    ['a version that comes later', (trial) => void (trial.drilled.isBefore = false), /does not come before/],
    ['a drill that failed', (trial) => void (trial.drilled.result = 'failed'), /the drill failed/],
    ['a drill on a laptop', (trial) => void (trial.drilled.environment = 'laptop'), /made in "laptop"/],
    ['one person', (trial) => void (trial.participants = [at(trial.participants, 0)]), /1 person took part/],
    [
      'one person under two spellings',
      (trial) => void (trial.participants = ['Dana Whitfield', 'dana  whitfield']),
      /1 person took part/,
    ],
    ['a log of something else', (trial) => void (trial.untold = ['1.3.0']), /no file .* tells of 1\.3\.0/],
    ['a runbook that is not there', (trial) => void (trial.runbook.isThere = false), /runbook .* is not there/],
    ['a runbook without steps', (trial) => void (trial.runbook.steps = 0), /has 0 steps/],
  ],
  allowed: [['a drill in production', (trial) => void (trial.drilled.environment = 'production, one region')]],
})
