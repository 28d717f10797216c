import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { renderJunit } from './junit.ts'
import { renderMarkdown } from './markdown.ts'
import { reportSchema } from './record.ts'
import type { Report } from './record.ts'
import { renderSarif } from './sarif.ts'
import { renderSummary } from './summary.ts'
import { renderTerminal } from './terminal.ts'
import { decide } from './verdict.ts'

const folder = new URL('../fixtures/verdicts/', import.meta.url)
const situations = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory())

const renderings: [file: string, render: (report: Report) => string][] = [
  ['report.json', (report) => `${JSON.stringify(report, null, 2)}\n`],
  ['report.md', (report) => renderMarkdown(report)],
  ['junit.xml', renderJunit],
  ['report.sarif', renderSarif],
  ['summary.md', renderSummary],
  ['terminal.txt', (report) => renderTerminal(report, 'reports/gate')],
]

describe.each(situations.map(({ name }) => name))('the golden situation %s', (name) => {
  const situation = new URL(`${name}/`, folder)
  const report = decide(JSON.parse(readFileSync(new URL('run.json', situation), 'utf8')))

  test('gives a report of the promised shape', () => {
    expect(reportSchema.parse(report)).toEqual(report)
  })

  test.each(renderings)('gives the same %s as when it was read and accepted', (file, render) => {
    const golden = new URL(file, situation)
    const text = render(report)
    if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(golden, text)
    expect(existsSync(golden), `${golden.pathname} is missing: run with UPDATE_GOLDEN=1, then read it`).toBe(true)
    expect(text).toBe(readFileSync(golden, 'utf8'))
  })
})

test('the golden situations are those that matter', () => {
  expect(situations.map(({ name }) => name).sort()).toEqual([
    'go',
    'hostile-text',
    'incomplete',
    'many-failures',
    'one-failure',
    'rehearsal',
    'unverified',
  ])
})
