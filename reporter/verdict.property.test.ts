import fc from 'fast-check'
import { expect, test } from 'vitest'
import { runOf } from './golden-situations.ts'
import { renderJunit } from './junit.ts'
import { renderMarkdown } from './markdown.ts'
import { reportSchema } from './record.ts'
import type { ControlResult, RunRecord } from './record.ts'
import { renderSarif } from './sarif.ts'
import { renderSummary } from './summary.ts'
import { renderTerminal } from './terminal.ts'
import { decide } from './verdict.ts'

const wellDone = (): RunRecord => runOf('go')
const count = wellDone().controls.length

type Change = (run: RunRecord) => RunRecord

const position = fc.nat({ max: count - 1 })
const text = fc.string({ minLength: 1, maxLength: 30 })
const severity = fc.constantFrom('critical', 'high', 'medium')

/** Changes the control at a position; past the end, since an earlier change removed some, it changes nothing. */
function at(run: RunRecord, index: number, change: (control: ControlResult) => ControlResult[]): RunRecord {
  return { ...run, controls: run.controls.flatMap((control, at) => (at === index ? change(control) : [control])) }
}

/** Everything that makes a run worse. */
const worsening: fc.Arbitrary<Change> = fc.oneof(
  fc.record({ index: position, severity, text }).map(
    ({ index, ...of }): Change =>
      (run) =>
        at(run, index, (control) => {
          const shortfall = {
            severity: of.severity,
            what: of.text,
            expected: of.text,
            where: of.text,
            mitigation: of.text,
          }
          const earlier = 'shortfalls' in control ? control.shortfalls : []
          return [{ ...control, outcome: 'failed', shortfalls: [...earlier, shortfall] } as ControlResult]
        }),
  ),
  fc.record({ index: position, reason: text }).map(
    ({ index, reason }): Change =>
      (run) =>
        at(run, index, ({ id }) => [{ id, outcome: 'unverified', reason, durationMilliseconds: 1 }]),
  ),
  position.map(
    (index): Change =>
      (run) =>
        at(run, index, () => []),
  ),
  position.map(
    (index): Change =>
      (run) =>
        at(run, index, (control) => [control, control]),
  ),
  position.map(
    (index): Change =>
      (run) =>
        at(run, index, (control) => [{ ...control, evidence: null }]),
  ),
  text.map((what): Change => (run) => ({ ...run, problems: [...run.problems, { what, mitigation: what }] })),
  fc.constant<Change>((run) => ({ ...run, complete: false })),
  fc.constant<Change>((run) => ({ ...run, finishedAt: null })),
  fc.constant<Change>((run) => ({ ...run, profile: 'rehearsal' })),
  fc.constant<Change>((run) => ({ ...run, subject: { ...run.subject, environment: 'unknown' } })),
  fc.constant<Change>((run) => ({
    ...run,
    statements: [{ kind: 'explanation', scope: 'x', reason: 'y', approver: 'z', expires: '2020-01-01', matched: true }],
  })),
)

const apply = (changes: readonly Change[]): RunRecord => changes.reduce((run, change) => change(run), wellDone())

test('no change for the worse turns NO-GO into GO, and any of them turns GO into NO-GO', () => {
  fc.assert(
    fc.property(fc.array(worsening, { maxLength: 4 }), worsening, (before, change) => {
      const verdicts = [decide(apply(before)).verdict, decide(apply([...before, change])).verdict]
      const changesSomething = JSON.stringify(apply(before)) !== JSON.stringify(apply([...before, change]))
      expect(verdicts[0]).toBe(before.length === 0 ? 'GO' : 'NO-GO')
      if (changesSomething) expect(verdicts[1]).toBe('NO-GO')
    }),
    { numRuns: 150 },
  )
})

test('the order of the controls does not change the report', () => {
  fc.assert(
    fc.property(fc.shuffledSubarray(wellDone().controls, { minLength: count }), (controls) => {
      expect(decide({ ...wellDone(), controls })).toEqual(decide(wellDone()))
    }),
    { numRuns: 20 },
  )
})

test('what is no run record is NO-GO, never an error', () => {
  const anything = fc.anything({
    withBigInt: true,
    withDate: true,
    withMap: true,
    withSparseArray: true,
    withNullPrototype: true,
  })
  fc.assert(
    fc.property(anything, (run) => {
      const report = decide(run as RunRecord)
      expect(report.verdict).toBe('NO-GO')
      expect(report.reasons).not.toEqual([])
      expect(reportSchema.safeParse(report).error).toBeUndefined()
    }),
  )
})

test('a run record with a part replaced by anything gives a valid report that every format can show', () => {
  const keys = fc.constantFrom(...(Object.keys(wellDone()) as (keyof RunRecord)[]))
  fc.assert(
    fc.property(keys, fc.anything({ withBigInt: true }), (key, value) => {
      const report = decide({ ...wellDone(), [key]: value })
      expect(reportSchema.safeParse(report).error).toBeUndefined()
      for (const render of [renderMarkdown, renderJunit, renderSarif, renderSummary])
        expect(render(report)).not.toBe('')
      expect(renderTerminal(report, 'reports')).toContain(report.verdict)
      if (key === 'controls') expect(report.verdict).toBe('NO-GO')
      if (key === 'complete') expect(report.verdict).toBe(value === true ? 'GO' : 'NO-GO')
    }),
    { numRuns: 100 },
  )
})

test('a record that throws when it is read is NO-GO', () => {
  const hostile = new Proxy(wellDone(), {
    get() {
      throw new Error('not today')
    },
  })
  expect(decide(hostile)).toMatchObject({ verdict: 'NO-GO', reasons: ['The verdict could not be drawn: not today'] })
  const unprintable = new Proxy(wellDone(), {
    ownKeys() {
      throw Object.create(null)
    },
  })
  expect(decide(unprintable).verdict).toBe('NO-GO')
})
