import { countControls } from './markdown.ts'
import { escapeMarkdown } from './markdown/escape.ts'
import { mark, table } from './markdown/gates.ts'
import type { Outcome, Report } from './record.ts'
import { verdictLabel } from './verdict.ts'

const mostReasons = 10
const mostSteps = 5

/** The GitHub job summary: the verdict, the gates in a table, what decided, what to do first. */
export function renderSummary(report: Report): string {
  const { gates, reasons, nextSteps, subject } = report
  const rows = gates.map((gate) => {
    const count = (outcome: Outcome): string =>
      String(gate.controls.filter((control) => control.outcome === outcome).length)
    return [
      `${gate.number}. ${escapeMarkdown(gate.title)}`,
      mark(gate.outcome),
      count('passed'),
      count('failed'),
      count('unverified'),
    ]
  })
  const lines = [
    `## ${mark(report.verdict === 'GO' ? 'passed' : 'failed')} ARO production gate: ${verdictLabel(report)}`,
    '',
    `${escapeMarkdown(subject.name)} ${escapeMarkdown(subject.version)} (${subject.environment}): ${countControls(report)}.`,
    '',
    ...table(['Gate', 'Status', 'Passed', 'Failed', 'Unverified'], rows),
    '',
    ...listOf('Why', reasons, mostReasons, () => '-'),
    ...listOf('What to do first', nextSteps, mostSteps, (index) => `${index + 1}.`),
  ]
  return `${lines.join('\n')}\n`
}

function listOf(title: string, items: readonly string[], most: number, bullet: (index: number) => string): string[] {
  if (items.length === 0) return []
  const rest = items.length - most
  return [
    `### ${title}`,
    '',
    ...items.slice(0, most).map((item, index) => `${bullet(index)} ${escapeMarkdown(item)}`),
    ...(rest > 0 ? ['', `And ${rest} more in report.md.`] : []),
    '',
  ]
}
