import type { Report, ReportControl } from '../record.ts'
import { escapeHtml, escapeMarkdown, makeVisibleKeepingLines } from './escape.ts'
import { mark } from './gates.ts'

const longestEvidence = 6_000
const mostShortfalls = 50

/** Each control in full: what was asked, how it was looked at, what fell short, and the evidence, folded away. */
export function renderDetails({ gates }: Report): string[] {
  const controls = gates.flatMap((gate) => gate.controls)
  return ['## Control Details', '', ...controls.flatMap(renderControl)]
}

function renderControl(control: ReportControl): string[] {
  const { id, outcome, requirement, target, method, severity, durationMilliseconds, reason } = control
  return [
    `<details><summary>${mark(outcome)} ${escapeHtml(id)}: ${outcome}</summary>`,
    '',
    `- Requirement: ${escapeMarkdown(requirement)}`,
    `- Target: ${escapeMarkdown(target)}`,
    `- Method: ${escapeMarkdown(method)}`,
    `- Severity of a failure: ${severity}`,
    `- Took: ${(durationMilliseconds / 1000).toFixed(1)} s`,
    ...(reason === undefined ? [] : [`- Unverified because: ${escapeMarkdown(reason, 4000)}`]),
    ...renderShortfalls(control),
    '',
    ...renderEvidence(control),
    '</details>',
    '',
  ]
}

function renderShortfalls({ shortfalls }: ReportControl): string[] {
  const rest = shortfalls.length - mostShortfalls
  return [
    ...shortfalls
      .slice(0, mostShortfalls)
      .flatMap(({ severity, what, expected, where, mitigation }) => [
        `- Shortfall (${severity}): ${escapeMarkdown(what)}`,
        `  - Expected: ${escapeMarkdown(expected)}`,
        `  - Where: ${escapeMarkdown(where)}`,
        `  - Mitigation: ${escapeMarkdown(mitigation)}`,
      ]),
    ...(rest > 0 ? [`- And ${rest} more shortfalls in report.json.`] : []),
  ]
}

function renderEvidence({ evidence }: ReportControl): string[] {
  if (evidence === null) return ['No evidence was gathered.', '']
  const text = makeVisibleKeepingLines(JSON.stringify(evidence, null, 2))
  const isWhole = text.length <= longestEvidence
  // no line of JSON starts with a backtick, so nothing in it can end the block
  return [
    '```json',
    ...(isWhole ? [text] : [text.slice(0, longestEvidence), '… cut here; the whole is in report.json']),
    '```',
    '',
  ]
}
