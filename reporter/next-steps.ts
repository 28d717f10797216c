import type { Assessment } from './assessment.ts'
import { byReason, firstSentence, gravest } from './reasons.ts'
import { flawOf } from './rules.ts'
import type { ReportControl, Severity } from './record.ts'

const mitigationsPerStep = 3

/** What to do for GO, in the order in which to do it: what is broken by severity, then the run, then what is unverified. */
export function nextStepsOf(assessment: Assessment): string[] {
  const { gates, problems, statements, flaws, startedAt, finishedAt, profile } = assessment
  const controls = gates.flatMap((gate) => gate.controls)
  const failed = (severity: Severity): string[] =>
    controls.filter((control) => control.outcome === 'failed' && gravest(control) === severity).map(fix)
  const unverified = controls.filter((control) => control.outcome === 'unverified')
  const steps = [
    ...failed('critical'),
    ...failed('high'),
    ...problems.map(({ what, mitigation }) => `${mitigation} (${firstSentence(what)})`),
    ...failed('medium'),
    ...byReason(unverified).map(([reason, alike]) => verify(reason, alike)),
    ...statements.flatMap((statement) => {
      const flaw = flawOf(statement, finishedAt ?? startedAt)
      return flaw === undefined ? [] : [`Renew or take out a statement: ${flaw}`]
    }),
    ...flaws.map((flaw) => `Mend the run record: ${flaw}`),
    ...(profile === 'release' ? [] : ['Use the release profile: ARO_GATE_PROFILE=release.']),
  ]
  return [...new Set(steps), 'Re-run production gate']
}

function fix(control: ReportControl): string {
  const distinct = [...new Set(control.shortfalls.map((shortfall) => shortfall.mitigation))]
  const rest = distinct.length - mitigationsPerStep
  const more = rest > 0 ? ` (${rest} more under ${control.id})` : ''
  return `${control.id} (${gravest(control)}): ${distinct.slice(0, mitigationsPerStep).join(' ')}${more}`
}

const fewEnoughToName = 6

function verify(reason: string, alike: ReportControl[]): string {
  const ids = alike.map((control) => control.id)
  const rest = ids.length - fewEnoughToName
  const named = ids.slice(0, fewEnoughToName).join(', ') + (rest > 0 ? ` and ${rest} more` : '')
  return `Have ${named} verified: ${firstSentence(reason)}.`
}
