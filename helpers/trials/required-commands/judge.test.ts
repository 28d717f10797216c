import { expect, test } from 'vitest'
import { testJudge, where } from '../judge-harness.ts'
import { commandsTrialSchema, judgeRequiredCommands } from './judge.ts'
import type { CommandsTrial } from './judge.ts'
import { complaintOf } from './complaint.ts'
import { testsRun } from './tests-run.ts'

const command = ({ commands }: CommandsTrial, name: string) => where(commands, (one) => one.name === name)
const restored = (trial: CommandsTrial, change: Partial<NonNullable<CommandsTrial['restored']>>): void => {
  if (trial.restored === null) throw new Error('Expected a restored database in the recorded evidence.')
  Object.assign(trial.restored, change)
}

testJudge({
  directory: import.meta.dirname,
  schema: commandsTrialSchema,
  judge: judgeRequiredCommands,
  alterations: [
    [
      'a script is missing',
      (trial) => void Object.assign(command(trial, 'test:e2e'), { state: 'missing', exitCode: null, endedBy: null }),
      /required script test:e2e is missing/,
    ],
    [
      'a command fails',
      (trial) => void Object.assign(command(trial, 'build'), { exitCode: 2, complaint: 'error TS1' }),
      /build failed with exit code 2: error TS1/,
    ],
    [
      'a command does not end',
      (trial) => void Object.assign(command(trial, 'test:chaos'), { exitCode: null, endedBy: 'time limit' }),
      /test:chaos ended by time limit/,
    ],
    [
      'no test ran',
      (trial) => void (command(trial, 'test:e2e').tests = { runner: 'vitest', tests: 0, failed: 0 }),
      /ran no test/,
    ],
    ['nothing says so', (trial) => void (command(trial, 'test:e2e').tests = null), /no sign that a test ran/],
    [
      'a test failed behind exit code 0',
      (trial) => void (command(trial, 'test:e2e').tests = { runner: 'vitest', tests: 9, failed: 2 }),
      /exit code 0 although 2 of its 9 tests failed/,
    ],
    ['no backup', (trial) => restored(trial, { backupBytes: 0 }), /wrote no backup/],
    ['nothing restored', (trial) => restored(trial, { rowsAfter: 0, peopleRestored: 0 }), /brought back 0 rows/],
    ['a person is missing', (trial) => restored(trial, { peopleRestored: 2 }), /2 of 3 people/],
  ],
  allowed: [
    [
      'the image stated as not applicable',
      (trial) => void Object.assign(command(trial, 'docker build'), { state: 'not applicable', exitCode: null }),
    ],
  ],
})

test.each([
  ['vitest', ' Tests  3 failed | 7 passed (10)', { tests: 10, failed: 3 }],
  ['vitest', '\u001b[2m      Tests \u001b[22m \u001b[32m7 passed\u001b[39m (7)', { tests: 7, failed: 0 }],
  ['jest', 'Tests:       1 failed, 2 skipped, 4 passed, 7 total', { tests: 5, failed: 1 }],
  ['node:test', 'ℹ tests 3\nℹ pass 2\nℹ fail 1', { tests: 3, failed: 1 }],
  ['mocha', '  12 passing (2s)\n  1 failing', { tests: 13, failed: 1 }],
  ['playwright', '  1 failed\n  4 passed (3.0s)', { tests: 5, failed: 1 }],
  ['tap', '# tests 4\n# pass  3\n# fail  1', { tests: 4, failed: 1 }],
  ['ava', '  5 tests passed', { tests: 5, failed: 0 }],
  ['cypress', '│ Passing:      6 │\n│ Failing:      0 │', { tests: 6, failed: 0 }],
  ['k6', '     http_reqs......................: 1500   49.9/s', { tests: 1500, failed: 0 }],
])('the summary of %s is understood', (runner, output, counts) => {
  expect(testsRun(`\n${output}\n`)).toEqual({ runner, ...counts })
})

test.each(['all good', 'compiled 7 files', 'Tests are fun'])('%j is no sign of a test', (output) => {
  expect(testsRun(output)).toBeNull()
})

test('a runner that found no tests ran none', () => {
  expect(testsRun('No test files found, exiting with code 0')?.tests).toBe(0)
})

test.each([
  ['a failed test', 'Error: x\n\u001b[41m FAIL \u001b[49m a.test.ts > adds\nDuration 3 s', 'FAIL  a.test.ts > adds'],
  ['a compiler', 'src/a.ts(1,2): error TS2322: no\ndone', 'src/a.ts(1,2): error TS2322: no'],
  ['a thrown error', 'at x\nTypeError: y is not a function\n    at z', 'TypeError: y is not a function'],
  ['nothing known', 'one\ntwo\n', 'two'],
  ['nothing', '', ''],
])('the complaint of %s is found', (_name, output, complaint) => {
  expect(complaintOf(output)).toBe(complaint)
})
