import type { Catalogue } from '../catalogue.ts'
import type { Outcome, ReportControl, ReportGate } from '../record.ts'
import { escapeMarkdown } from './escape.ts'
import { actualOf, describeEvidence } from './evidence-text.ts'

/** ✅ for passed and ❌ for anything else. */
export const mark = (outcome: Outcome): string => (outcome === 'passed' ? '✅' : '❌')

/** Lines of a table with these cells, which are markdown already. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [line(head), `|${head.map((cell) => '-'.repeat(cell.length + 2)).join('|')}|`, ...rows.map(line)]
}

/** A gate's section as the production gate's output contract has it. */
export function renderGate(gate: ReportGate, catalogue: Catalogue): string[] {
  const body = gate.id === 'performance' ? performanceTable(gate, catalogue) : evidenceTable(gate)
  return [`## ${gate.number}. ${escapeMarkdown(gate.title)}`, '', ...body, '']
}

/** A gate's controls with status and evidence. */
export function evidenceTable(gate: ReportGate): string[] {
  const rows = gate.controls.map((control) => [
    escapeMarkdown(control.title),
    mark(control.outcome),
    escapeMarkdown(describeControl(control)),
  ])
  return table(['Control', 'Status', 'Evidence'], rows)
}

/** What a control saw, or why it did not pass, in a line. */
export function describeControl(control: ReportControl): string {
  if (control.outcome === 'unverified') return `unverified: ${control.reason ?? 'no reason given'}`
  const [first, ...others] = control.shortfalls
  if (first !== undefined) {
    const more = others.length === 0 ? '' : `; and ${others.length} more under 6. Issues Found`
    return `${first.what} (expected: ${first.expected})${more}`
  }
  return control.summary ?? describeEvidence(control.evidence ?? {})
}

function performanceTable(gate: ReportGate, catalogue: Catalogue): string[] {
  const entries = new Map(catalogue.flatMap((of) => of.controls).map((entry) => [entry.id, entry]))
  const rows = gate.controls.map((control) => {
    const entry = entries.get(control.id)
    const target = entry?.target ?? control.target
    return [
      escapeMarkdown(control.title),
      escapeMarkdown(target),
      escapeMarkdown(actual(control, entry?.actual)),
      mark(control.outcome),
    ]
  })
  return table(['Metric', 'Target', 'Actual', 'Status'], rows)
}

function actual(control: ReportControl, unit: 'seconds' | 'percent' | undefined): string {
  if (control.outcome === 'unverified') return describeControl(control)
  const value = unit === undefined ? undefined : actualOf(control.evidence ?? {}, unit)
  if (value === undefined) return describeControl(control)
  // a number that meets its target may still stand for a load that was not carried out
  return control.outcome === 'passed' ? value : `${value}: ${describeControl(control)}`
}
