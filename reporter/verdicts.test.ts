import { existsSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { goldenFolder, readGolden, reportOn, situations } from './golden-situations.ts'
import { renderJunit } from './junit.ts'
import { renderMarkdown } from './markdown.ts'
import { reportSchema } from './record.ts'
import type { Report } from './record.ts'
import { renderSarif } from './sarif.ts'
import { renderSummary } from './summary.ts'
import { renderTerminal } from './terminal.ts'

const renderings: [file: string, render: (report: Report) => string][] = [
  ['report.json', (report) => `${JSON.stringify(report, null, 2)}\n`],
  ['report.md', (report) => renderMarkdown(report)],
  ['junit.xml', renderJunit],
  ['report.sarif', renderSarif],
  ['summary.md', renderSummary],
  ['terminal.txt', (report) => renderTerminal(report, 'reports/gate')],
]

describe.each(situations)('the golden situation %s', (name) => {
  const report = reportOn(name)

  test('gives a report of the promised shape', () => {
    expect(reportSchema.parse(report)).toEqual(report)
  })

  test.each(renderings)('gives the same %s as when it was read and accepted', (file, render) => {
    const golden = new URL(`${name}/${file}`, goldenFolder)
    const text = render(report)
    if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(golden, text)
    expect(existsSync(golden), `${golden.pathname} is missing: run with UPDATE_GOLDEN=1, then read it`).toBe(true)
    expect(text).toBe(readGolden(`${name}/${file}`))
  })
})

test('the golden situations are those that matter', () => {
  expect(situations).toEqual([
    'go',
    'hostile-text',
    'incomplete',
    'many-failures',
    'one-failure',
    'rehearsal',
    'unverified',
  ])
})
