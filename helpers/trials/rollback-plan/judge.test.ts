import { at, testJudge } from '../judge-harness.ts'
import { judgeRollbackPlan, rollbackTrialSchema } from './judge.ts'

testJudge({
  directory: import.meta.dirname,
  schema: rollbackTrialSchema,
  judge: judgeRollbackPlan,
  alterations: [
    [
      'a file altered after it was recorded',
      (trial) => void (at(trial.evidenceFiles, 0).foundSha256 = 'b'.repeat(64)),
      /was altered after it had been recorded/,
    ],
    ['another release', (trial) => void (trial.release = 'v1.5.0'), /drill was of version 1\.4\.0, and v1\.5\.0/],
    ['a version that comes later', (trial) => void (trial.drilled.isBefore = 'no'), /does not come before/],
    ['a drill that failed', (trial) => void (trial.drilled.result = 'failed'), /the drill failed/],
    [
      'a log that says it failed',
      (trial) => void (at(trial.logs, 0).failure = 'Result: failed'),
      /recorded as passed, and release\/evidence.* says that it failed/,
    ],
    ['one person', (trial) => void (trial.participants = [at(trial.participants, 0)]), /1 participant/],
    [
      'one person under two spellings',
      (trial) => void (trial.participants = ['Dana Whitfield', 'dana  whitfield']),
      /1 participant/,
    ],
    ['a log of one way', (trial) => void (at(trial.logs, 0).goesThereAndBack = false), /nothing that backs the drill/],
    ['a log without times', (trial) => void (at(trial.logs, 0).clockTimes = 1), /nothing that backs the drill/],
    ['a runbook that is not there', (trial) => void (trial.runbook.isThere = false), /runbook .* is not there/],
    ['a runbook without steps', (trial) => void (trial.runbook.steps = 0), /has 0 steps/],
  ],
  allowed: [
    ['a drill in production', (trial) => void (trial.drilled.environment = 'production')],
    ['versions that are no numbers', (trial) => void (trial.drilled.isBefore = 'unknown')],
  ],
})
