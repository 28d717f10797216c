import { basename, join } from 'node:path'
import { ESLint } from 'eslint'
import securityNode from 'eslint-plugin-security-node'
import sql from 'eslint-plugin-sql'
import { auditSql } from './sql/audit.ts'
import { readLabels, score } from './sql/labelled-sites.ts'
import type { Complaint } from './sql/labelled-sites.ts'

// Compares the SQL audit with ESLint's SQL rules on the labelled sites, or on those of another folder, in one run: `npm run bench`
// prints the table. eslint-plugin-sonarjs, the third that has such a rule, does not load beside TypeScript 7.
const folder = process.argv[2] ?? join(import.meta.dirname, '../../fixtures/sql-sites')
const { files, sites } = readLabels(folder)

const rules: Record<string, { plugin: ESLint.Plugin; rule: string }> = {
  // its own types are of an older ESLint
  'eslint-plugin-sql': { plugin: sql as unknown as ESLint.Plugin, rule: 'no-unsafe-query' },
  'eslint-plugin-security-node': { plugin: securityNode, rule: 'detect-sql-injection' },
}

const complaintsOfRule = async ({ plugin, rule }: (typeof rules)[string]): Promise<Complaint[]> => {
  const eslint = new ESLint({
    cwd: folder,
    overrideConfigFile: true,
    overrideConfig: [{ files: ['**/*.js'], plugins: { tool: plugin }, rules: { [`tool/${rule}`]: 'error' } }],
  })
  const results = await eslint.lintFiles(['*.js'])
  return results.flatMap(({ filePath, messages }) =>
    messages.filter(({ ruleId }) => ruleId !== null).map(({ line }) => ({ file: basename(filePath), line })),
  )
}

const complaints = new Map<string, Complaint[]>()
const startedAt = performance.now()
const { findings } = auditSql(folder, files)
const milliseconds = performance.now() - startedAt
complaints.set(
  'this audit',
  findings.map(({ where }) => {
    const [file = '', line] = where.split(':')
    return { file, line: Number(line) }
  }),
)
for (const [name, rule] of Object.entries(rules)) complaints.set(name, await complaintsOfRule(rule))
complaints.set(
  'both of ESLint',
  [...complaints].flatMap(([name, own]) => (name === 'this audit' ? [] : own)),
)

const vulnerable = sites.filter(({ isVulnerable }) => isVulnerable).length
process.stdout.write(
  `${vulnerable} vulnerable and ${sites.length - vulnerable} safe sites; the audit took ${milliseconds.toFixed(0)} ms\n`,
)
const table = [...complaints].map(([tool, own]) => {
  const { found, falseAlarms } = score(sites, own)
  return { tool, found: found.length, of: vulnerable, 'false alarms': falseAlarms.length }
})
console.table(table)
