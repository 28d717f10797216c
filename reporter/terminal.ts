import { join } from 'node:path'
import { countControls } from './markdown.ts'
import { makeVisible } from './markdown/escape.ts'
import type { Report } from './record.ts'
import { verdictLabel } from './verdict.ts'

const mostReasons = 8

/** The closing lines of a run: the verdict, what decided it, how many passed, and where the report is. */
export function renderTerminal(report: Report, reportDirectory: string): string {
  const rest = report.reasons.length - mostReasons
  const [step] = report.nextSteps
  return [
    '',
    `ARO production gate: ${verdictLabel(report)}`,
    ...report.reasons.slice(0, mostReasons).map((reason) => `  ❌ ${makeVisible(reason)}`),
    ...(rest > 0 ? [`  … and ${rest} more reasons`] : []),
    `  ${countControls(report)}.`,
    ...(step === undefined ? [] : [`  First: ${makeVisible(step)}`]),
    `  Report: ${join(reportDirectory, 'report.md')}`,
    '',
  ].join('\n')
}
