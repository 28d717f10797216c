import { expect, test } from 'vitest'
import { catalogue } from './catalogue.ts'
import { runOf } from './golden-situations.ts'
import { reportSchema } from './record.ts'
import type { ControlResult, RunRecord, Shortfall } from './record.ts'
import { rules } from './rules.ts'
import { decide, incompleteReport, verdictLabel } from './verdict.ts'

const wellDone = (): RunRecord => runOf('go')

const shortfall = (severity: Shortfall['severity']): Shortfall => {
  return { severity, what: 'It broke.', expected: 'whole', where: 'here', mitigation: 'Mend it.' }
}

/** The run with one control changed; the control must be there. */
function changed(id: string, change: (control: ControlResult) => unknown): RunRecord {
  const run = wellDone()
  const index = run.controls.findIndex((control) => control.id === id)
  expect(index).toBeGreaterThanOrEqual(0)
  const control = run.controls[index]
  const result = control === undefined ? undefined : change(control)
  // what a broken worker sends need not have the shape of a result
  run.controls[index] = result as ControlResult
  return run
}

const failing = (id: string, severity: Shortfall['severity']): RunRecord =>
  changed(id, (control) => ({ ...control, outcome: 'failed', shortfalls: [shortfall(severity)] }))
const unfinished = (id: string): RunRecord =>
  changed(id, () => ({ id, outcome: 'unverified', reason: 'its worker was killed', durationMilliseconds: 5 }))
const without = (id: string): RunRecord => {
  const run = wellDone()
  return { ...run, controls: run.controls.filter((control) => control.id !== id) }
}

const notPassed = ['run/every-control-passed', 'go-criterion/all-gates-pass']
const severe = ['fail-closed/critical-or-high-issue', 'go-criterion/no-severe-issue']
const missing = ['run/every-control-passed', 'fail-closed/gate-section-incomplete']

/** For each rule a run that it stands against, with all the rules that must then stand against it and no other. */
const table: [rule: string, damage: string, run: () => RunRecord, firing: string[]][] = [
  ['run/record-valid', 'a date that is none', () => ({ ...wellDone(), startedAt: 'yesterday' }), []],
  ['run/complete', 'no end', () => ({ ...wellDone(), finishedAt: null }), []],
  ['run/complete', 'cut short', () => ({ ...wellDone(), complete: false }), []],
  ['run/release-profile', 'a rehearsal', () => ({ ...wellDone(), profile: 'rehearsal' }), []],
  [
    'run/no-problems',
    'an unhandled error',
    () => ({ ...wellDone(), problems: [{ what: 'It threw.', mitigation: 'Catch it.' }] }),
    [],
  ],
  [
    'run/subject-known',
    'an unknown environment',
    () => ({ ...wellDone(), subject: { ...wellDone().subject, environment: 'unknown' } }),
    [],
  ],
  [
    'run/each-control-once',
    'a control that ran twice',
    () => ({
      ...wellDone(),
      controls: wellDone().controls.flatMap((c) => (c.id === 'release/rollback-plan' ? [c, c] : [c])),
    }),
    [...missing, 'go-criterion/rollback-plan'],
  ],
  [
    'run/every-control-passed',
    'an added control that failed',
    () => {
      const [first] = failing('architecture/core-statelessness', 'medium').controls.slice(1)
      const added = { ...first, id: 'release/added-later' } as ControlResult
      return { ...wellDone(), controls: [...wellDone().controls, added] }
    },
    [],
  ],
  [
    'run/statements-in-force',
    'an expired claim',
    () => ({ ...wellDone(), statements: wellDone().statements?.map((s) => ({ ...s, expires: '2026-11-22' })) ?? [] }),
    [],
  ],
  [
    'run/statements-in-force',
    'a claim that matches nothing',
    () => ({ ...wellDone(), statements: wellDone().statements?.map((s) => ({ ...s, matched: false })) ?? [] }),
    [],
  ],
  [
    'fail-closed/critical-or-high-issue',
    'a critical failure',
    () => failing('compliance/gdpr-export', 'critical'),
    [...notPassed, ...severe],
  ],
  [
    'fail-closed/critical-or-high-issue',
    'a high failure',
    () => failing('compliance/gdpr-export', 'high'),
    [...notPassed, ...severe],
  ],
  ['go-criterion/all-gates-pass', 'a medium failure', () => failing('compliance/gdpr-export', 'medium'), notPassed],
  [
    'fail-closed/gate-section-incomplete',
    'a control missing',
    () => without('reliability/chaos'),
    [...missing, 'go-criterion/all-gates-pass'],
  ],
  [
    'fail-closed/gate-section-incomplete',
    'a control unfinished',
    () => unfinished('reliability/chaos'),
    [...missing, 'go-criterion/all-gates-pass'],
  ],
  [
    'fail-closed/unexplained-regression',
    'a regression',
    () => failing('performance/regression', 'medium'),
    [...notPassed, 'go-criterion/performance-targets'],
  ],
  ['go-criterion/performance-targets', 'a target missed', () => failing('performance/cpu-usage', 'medium'), notPassed],
  ['fail-closed/security-vulnerability', 'a medium vulnerability', () => failing('security/tls', 'medium'), notPassed],
  ['fail-closed/missing-runbook', 'a stale runbook', () => failing('operability/runbooks', 'medium'), notPassed],
  [
    'fail-closed/restore-not-verified',
    'a failed restore',
    () => failing('operability/backup-restore', 'medium'),
    notPassed,
  ],
  [
    'go-criterion/no-severe-issue',
    'a high failure of the release gate',
    () => failing('release/required-commands', 'high'),
    ['run/every-control-passed', 'fail-closed/critical-or-high-issue'],
  ],
  [
    'go-criterion/rollback-plan',
    'no rollback',
    () => failing('release/rollback-plan', 'medium'),
    ['run/every-control-passed'],
  ],
  [
    'go-criterion/on-call-rotation',
    'nobody on call',
    () => failing('release/on-call-rotation', 'medium'),
    ['run/every-control-passed'],
  ],
  [
    'go-criterion/incident-response',
    'no rehearsal',
    () => failing('release/incident-response', 'medium'),
    ['run/every-control-passed'],
  ],
]

test('a run in which all is well is GO, with every rule met', () => {
  const report = decide(wellDone())
  expect(report).toMatchObject({ verdict: 'GO', reasons: [], nextSteps: [], issues: [] })
  expect(report.criteria.map(({ id }) => id)).toEqual(rules.map(({ id }) => id))
  expect(report.criteria.every(({ outcome }) => outcome === 'passed')).toBe(true)
  expect(report.selfReview.every(({ outcome }) => outcome === 'passed')).toBe(true)
})

test('an added control that passed keeps GO and is listed under its gate', () => {
  const [first] = wellDone().controls
  const added = { ...first, id: 'security/added-later', title: 'Added later' } as ControlResult
  const report = decide({ ...wellDone(), controls: [...wellDone().controls, added] })
  expect(report.verdict).toBe('GO')
  expect(report.gates[1]?.controls.at(-1)).toMatchObject({ id: 'security/added-later', title: 'Added later' })
})

test.each(table)('%s stands against %s', (rule, _damage, run, others) => {
  const report = decide(run())
  const firing = report.criteria.filter(({ outcome }) => outcome !== 'passed').map(({ id }) => id)
  expect(firing.toSorted()).toEqual([...new Set([rule, ...others])].toSorted())
  expect(report.verdict).toBe('NO-GO')
  expect(report.reasons).not.toEqual([])
  expect(report.nextSteps.at(-1)).toBe('Re-run production gate')
})

test('every rule has a run that it stands against', () => {
  expect(new Set(table.map(([rule]) => rule))).toEqual(new Set(rules.map(({ id }) => id)))
})

test.each<[string, string, (control: ControlResult) => unknown]>([
  ['that passed with a shortfall', 'failed', (c) => ({ ...c, shortfalls: [shortfall('medium')] })],
  ['that passed without evidence', 'unverified', (c) => ({ ...c, evidence: null })],
  ['that passed with empty evidence', 'unverified', (c) => ({ ...c, evidence: {} })],
  [
    'that passed with evidence that is not a number',
    'unverified',
    (c) => ({ ...c, evidence: { p95Milliseconds: NaN } }),
  ],
  ['that passed in an infinite time', 'unverified', (c) => ({ ...c, durationMilliseconds: Infinity })],
  ['that failed without a shortfall', 'unverified', (c) => ({ ...c, outcome: 'failed' })],
  ['with an outcome nobody knows', 'unverified', (c) => ({ ...c, outcome: 'green' })],
  ['with a field nobody knows', 'unverified', (c) => ({ ...c, webhookSignatureEnforced: true })],
])('a control %s is %s', (_what, outcome, change) => {
  const report = decide(changed('performance/api-response', change))
  const control = report.gates[3]?.controls.find(({ id }) => id === 'performance/api-response')
  expect(control?.outcome).toBe(outcome)
  expect(report.verdict).toBe('NO-GO')
  expect(reportSchema.parse(report)).toEqual(report)
})

test('a control of no gate, or without an id, is a flaw of the record', () => {
  const [first] = wellDone().controls
  const stray = { ...first, id: 'folklore/horseshoe' } as ControlResult
  expect(decide({ ...wellDone(), controls: [...wellDone().controls, stray] }).reasons).toEqual([
    'The control folklore/horseshoe belongs to no gate.',
  ])
  const nameless = { ...first, id: undefined } as unknown as ControlResult
  expect(decide({ ...wellDone(), controls: [...wellDone().controls, nameless] }).reasons).toEqual([
    'The run record holds a control without an id.',
  ])
})

test('reasons name the deciding controls: critical, high, medium, then unverified, then the run', () => {
  const run = failing('reliability/uptime', 'medium')
  for (const [id, severity] of [
    ['security/tls', 'high'],
    ['compliance/phi-protection', 'critical'],
  ] as const) {
    run.controls = run.controls.map((control) =>
      control.id === id ? (failing(id, severity).controls.find((c) => c.id === id) ?? control) : control,
    )
  }
  run.controls = run.controls.filter(({ id }) => id !== 'operability/metrics')
  run.problems = [{ what: 'vitest ended early.', mitigation: 'Run it again.' }]
  expect(decide(run).reasons).toEqual([
    'compliance/phi-protection failed (critical): It broke.',
    'security/tls failed (high): It broke.',
    'reliability/uptime failed (medium): It broke.',
    'operability/metrics is unverified: it did not run.',
    'vitest ended early.',
  ])
})

test('many unverified controls make one sentence', () => {
  const { reasons } = decide({ ...wellDone(), controls: wellDone().controls.slice(0, 5) })
  expect(reasons).toEqual([
    '45 of 50 controls are unverified (security 10, reliability 10, performance 9, operability 6, compliance 6, release 4); the reason for all: it did not run.',
  ])
})

test('a claim holds through its last day', () => {
  const statements = wellDone().statements?.map((s) => ({ ...s, expires: '2026-11-23' })) ?? []
  expect(decide({ ...wellDone(), statements }).verdict).toBe('GO')
})

test('labels what qualifies a verdict', () => {
  expect(verdictLabel(decide(wellDone()))).toBe('GO')
  expect(verdictLabel(decide({ ...wellDone(), profile: 'rehearsal' }))).toBe('NO-GO (rehearsal)')
  expect(verdictLabel(decide({ ...failing('security/tls', 'high'), profile: 'rehearsal' }))).toBe('NO-GO')
  expect(verdictLabel(incompleteReport({ runId: 'r', startedAt: '2026-11-23T09:12:04.000Z' }))).toBe(
    'NO-GO (incomplete)',
  )
})

test('the report at the start is NO-GO (incomplete), whatever the start claims', () => {
  const report = incompleteReport(wellDone())
  expect(report).toMatchObject({ verdict: 'NO-GO', finishedAt: null, runId: wellDone().runId })
  expect(report.reasons).toEqual([
    'NO-GO (incomplete): the run that began at 2026-11-23T09:12:04.000Z has not finished.',
  ])
})

test('an empty catalogue, or a gate without a control, is NO-GO', () => {
  expect(decide({ ...wellDone(), controls: [] }, []).verdict).toBe('NO-GO')
  const emptied = catalogue.map((gate) => (gate.id === 'release' ? { ...gate, controls: [] } : gate))
  const controls = wellDone().controls.filter(({ id }) => !id.startsWith('release/'))
  expect(decide({ ...wellDone(), controls }, emptied).reasons).toEqual(['The Release Decision has no control.'])
})

test('a smaller catalogue is judged by the rules that say anything about it', () => {
  const small = catalogue.filter((gate) => gate.id === 'security')
  const controls = wellDone().controls.filter(({ id }) => id.startsWith('security/'))
  const report = decide({ ...wellDone(), controls }, small)
  expect(report.verdict).toBe('GO')
  expect(report.criteria.map(({ id }) => id)).not.toContain('fail-closed/missing-runbook')
})

test('redacts what looks like a secret or a person', () => {
  const report = decide(
    changed('security/tls', (control) => ({ ...control, summary: 'sk_live_0123456789 +16285550100' })),
  )
  expect(report.gates[1]?.controls.find(({ id }) => id === 'security/tls')?.summary).toBe(
    '(redacted token 1) (redacted phone 1)',
  )
})
