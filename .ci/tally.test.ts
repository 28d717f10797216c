import { expect, test } from 'vitest'
import type { GateReport } from './expect-gate.ts'
import { flawsOfGateRun } from './expect-gate.ts'
import { tallyProof, tallyUnit } from './tally.ts'

const built = { id: 'security/tls', outcome: 'passed' } as const
const unbuilt = {
  id: 'security/other',
  outcome: 'unverified',
  reason: 'not built yet: there is no control file for it',
} as const
const go: GateReport = {
  finishedAt: '2026-01-01T00:00:00.000Z',
  profile: 'release',
  verdict: 'GO',
  reasons: [],
  problems: [],
  criteria: [{ id: 'run/no-problems', outcome: 'passed', reason: 'met' }],
  gates: [{ controls: [built] }],
}
const unfinished: GateReport = {
  ...go,
  verdict: 'NO-GO',
  reasons: ['security/other is unverified: not built yet: there is no control file for it.'],
  criteria: [...go.criteria, { id: 'run/every-control-passed', outcome: 'unverified', reason: 'security/other' }],
  gates: [{ controls: [built, unbuilt] }],
}
const rehearsal: GateReport = {
  ...go,
  profile: 'rehearsal',
  verdict: 'NO-GO',
  reasons: ['NO-GO (rehearsal): load and waits were shortened.'],
  criteria: [{ id: 'run/release-profile', outcome: 'unverified', reason: 'rehearsal' }],
}
const onDisk = [built.id]

test.each([
  ['GO with exit code 0', go, 0],
  ['unfinished with exit code 1', unfinished, 1],
  ['a rehearsal with exit code 1', rehearsal, 1],
  [
    'unfinished, many controls',
    {
      ...unfinished,
      reasons: [
        '46 of 50 controls are unverified (security 46); the reason for all: not built yet: there is no control file for it.',
      ],
    },
    1,
  ],
] satisfies [string, GateReport, number][])('takes %s', (_, report, exitCode) => {
  expect(flawsOfGateRun(report, onDisk, exitCode)).toEqual([])
})

const failing = { ...unfinished, gates: [{ controls: [{ ...built, outcome: 'failed' as const }, unbuilt] }] }

test.each([
  ['exit code 1 does not go with GO', go, 1],
  ['exit code 0 does not go with NO-GO', unfinished, 0],
  ['the verdict is GO, expected NO-GO', { ...unfinished, verdict: 'GO' }, 1],
  ['security/tls is failed, expected passed', failing, 1],
  ['security/tls is on disk but not in the report', { ...unfinished, gates: [{ controls: [unbuilt] }] }, 1],
  ['problem: worker died', { ...unfinished, problems: [{ what: 'worker died' }] }, 1],
  ['unexpected reason: something else', { ...unfinished, reasons: ['something else'] }, 1],
  ['the run did not finish', { ...unfinished, finishedAt: null }, 1],
  [
    'security/other has no file, expected unverified for that, got passed: undefined',
    { ...unfinished, gates: [{ controls: [built, { id: unbuilt.id, outcome: 'passed' }] }] },
    1,
  ],
  [
    'run/no-problems is not met: flaw',
    { ...unfinished, criteria: [{ id: 'run/no-problems', outcome: 'failed', reason: 'flaw' }] },
    1,
  ],
] satisfies [string, GateReport, number][])('notices: %s', (flaw, report, exitCode) => {
  expect(flawsOfGateRun(report, onDisk, exitCode)).toContain(flaw)
})

const file = (status: string, ...tests: string[]) => ({
  name: 'a.test.ts',
  status,
  assertionResults: tests.map((outcome) => ({ fullName: 'a test', status: outcome })),
})
const unit = (success: boolean, passed: number, result: ReturnType<typeof file>) => ({
  numTotalTests: 1,
  numPassedTests: passed,
  numTotalTestSuites: 1,
  success,
  testResults: [result],
})

test.each([
  ['a passed test', unit(true, 1, file('passed', 'passed')), 0, []],
  ['a skipped test', unit(true, 0, file('passed', 'skipped')), 0, ['a.test.ts: a test: skipped']],
  ['a failed test', unit(false, 0, file('failed', 'failed')), 1, ['a.test.ts: a test: failed']],
  ['a file that cannot be imported', unit(false, 0, file('failed')), 1, ['a.test.ts could not be run']],
  ['a failed lint', unit(true, 1, file('passed', 'passed')), 1, [expect.stringContaining('exit code 1')]],
])('counts %s', (_, report, exitCode, flaws) => {
  expect(tallyUnit(report, exitCode).flaws).toEqual(flaws)
})

test('counts the cases of a proof', () => {
  expect(tallyProof({ counts: { passed: 3, failed: 2 } }, 1)).toMatchObject({ passed: 3, flaws: { length: 2 } })
  expect(tallyProof({ counts: { passed: 3, failed: 0 } }, 130).flaws).toHaveLength(1)
})
