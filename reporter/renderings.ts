import { renderJunit } from './junit.ts'
import { renderMarkdown } from './markdown.ts'
import type { Report } from './record.ts'
import { renderSarif } from './sarif.ts'

const renderings: Record<string, (report: Report) => string> = {
  'report.md': (report) => renderMarkdown(report),
  'report.json': (report) => `${JSON.stringify(report, null, 2)}\n`,
  'junit.xml': renderJunit,
  'report.sarif': renderSarif,
}

/** The files of a report by name, each made of the report alone: the same report gives the same files. */
export const renderFiles = (report: Report): Map<string, string> =>
  new Map(Object.entries(renderings).map(([name, render]) => [name, render(report)]))
