import type { Finding } from './rules.ts'
import type { Assessment } from './assessment.ts'
import { flawOf } from './rules.ts'
import type { Issue, ReportControl, Severity } from './record.ts'

const severities: readonly Severity[] = ['critical', 'high', 'medium']

/** Sentences that say why a verdict is NO-GO, the deciding first: unfinished, failed by severity, unverified, the rest. */
export function reasonsOf(findings: readonly Finding[], assessment: Assessment): string[] {
  const controls = distinctControls(findings)
  const texts = [...new Set(findings.flatMap((finding) => ('text' in finding ? [finding.text] : [])))]
  const isFirst = (text: string): boolean => text.startsWith('NO-GO (incomplete)')
  const failed = controls.filter((control) => control.outcome === 'failed')
  const byRank = severities.flatMap((severity) => failed.filter((control) => gravest(control) === severity))
  return [
    ...texts.filter(isFirst),
    ...byRank.map(describeFailure),
    ...unverifiedReasons(
      controls.filter((control) => control.outcome === 'unverified'),
      assessment,
    ),
    ...texts.filter((text) => !isFirst(text)),
  ]
}

/** Each shortfall as an issue, and each statement that does not hold; the gravest first. */
export function issuesOf({ gates, statements, startedAt, finishedAt }: Assessment): Issue[] {
  const ofControls = gates.flatMap((gate) =>
    gate.controls.flatMap((control) =>
      control.shortfalls.map(({ severity, what, expected, where, mitigation }): Issue => {
        return {
          severity,
          control: control.id,
          description: `${what} (expected: ${expected}; where: ${where})`,
          mitigation,
        }
      }),
    ),
  )
  const ofStatements = statements.flatMap((statement): Issue[] => {
    const description = flawOf(statement, finishedAt ?? startedAt)
    const mitigation = 'Renew the statement with its approver, or take it out.'
    return description === undefined ? [] : [{ severity: 'medium', control: statement.scope, description, mitigation }]
  })
  const all = [...ofControls, ...ofStatements]
  return severities.flatMap((severity) => all.filter((issue) => issue.severity === severity))
}

/** The severity of the gravest shortfall, or else of the control itself. */
export function gravest(control: ReportControl): Severity {
  const found = new Set(control.shortfalls.map((shortfall) => shortfall.severity))
  return severities.find((severity) => found.has(severity)) ?? control.severity
}

/** The unverified controls by the reason that they share, the commonest first. */
export function byReason(controls: readonly ReportControl[]): [reason: string, controls: ReportControl[]][] {
  const groups = Map.groupBy(controls, (control) => control.reason ?? 'no reason is given')
  return [...groups].sort(([, a], [, b]) => b.length - a.length)
}

/** The part of a reason that fits into a sentence about something else. */
export function firstSentence(text: string): string {
  const [line = ''] = text.trim().split('\n')
  return line.replace(/[.:]$/, '')
}

function describeFailure(control: ReportControl): string {
  const [first, ...others] = control.shortfalls
  const more = others.length === 0 ? '' : `, and ${others.length} more`
  return `${control.id} failed (${gravest(control)}): ${firstSentence(first?.what ?? 'no shortfall is named')}${more}.`
}

const fewEnoughToName = 3

function unverifiedReasons(controls: ReportControl[], { gates }: Assessment): string[] {
  if (controls.length <= fewEnoughToName) {
    return controls.map(
      (control) => `${control.id} is unverified: ${firstSentence(control.reason ?? 'no reason given')}.`,
    )
  }
  const counts = gates.flatMap((gate) => {
    const count = controls.filter((control) => control.id.startsWith(`${gate.id}/`)).length
    return count === 0 ? [] : [`${gate.id} ${count}`]
  })
  const [[reason, alike] = ['', []]] = byReason(controls)
  const share = alike.length === controls.length ? 'for all' : `for ${alike.length} of them`
  const total = gates.reduce((sum, gate) => sum + gate.controls.length, 0)
  return [
    `${controls.length} of ${total} controls are unverified (${counts.join(', ')}); the reason ${share}: ${firstSentence(reason)}.`,
  ]
}

function distinctControls(findings: readonly Finding[]): ReportControl[] {
  const found = findings.flatMap((finding) => ('control' in finding ? [finding.control] : []))
  return [...new Map(found.map((control) => [control.id, control])).values()]
}
