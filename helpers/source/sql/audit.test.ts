import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { auditSql } from './audit.ts'
import { readLabels, score } from './labelled-sites.ts'

const folder = join(import.meta.dirname, '../../../fixtures/sql-sites')

test('finds every vulnerable site and no safe one', () => {
  const { files, sites } = readLabels(folder)
  const { findings, unreadable } = auditSql(folder, files)
  const complaints = findings.map(({ where }) => {
    const [file = '', line] = where.split(':')
    return { file, line: Number(line) }
  })
  expect(unreadable).toEqual([])
  expect(sites.filter(({ isVulnerable }) => isVulnerable).length).toBeGreaterThan(50)
  expect(score(sites, complaints)).toMatchObject({ missed: [], falseAlarms: [], elsewhere: [] })
})

/** Audits source files that exist for this one test. */
function audit(files: Record<string, string>): ReturnType<typeof auditSql> {
  const root = mkdtempSync(join(tmpdir(), 'sql-audit-'))
  try {
    for (const [name, source] of Object.entries(files)) {
      mkdirSync(dirname(join(root, name)), { recursive: true })
      writeFileSync(join(root, name), source)
    }
    return auditSql(root)
  } finally {
    rmSync(root, { recursive: true })
  }
}

const whats = (files: Record<string, string>): string[] => audit(files).findings.map(({ what }) => what)

test('tells the way of a text through files, from the call to where it comes in', () => {
  const { findings } = audit({
    'src/store.ts': `
      import { orderBy } from './order.ts'
      export const list = (sql: Sql, sort: string) => sql.query('select * from people' + orderBy(sort), [])`,
    'src/order.ts': 'export function orderBy(column: string): string { return ` order by ${column}` }',
    'src/routes.ts': `
      import { list } from './store.ts'
      app.get('/people', (request) => list(pool, request.query.sort))`,
  })
  expect(findings).toMatchObject([{ call: 'sql.query', what: 'the parameter request.query.sort' }])
  expect(findings[0]?.where).toMatch(/^src\/store\.ts:3:\d+$/)
  expect(findings[0]?.from).toMatch(/^src\/routes\.ts:3:\d+$/)
  expect(findings[0]?.steps.join()).toMatch(/orderBy\(\) at src\/store\.ts.*parameter sort at src\/store\.ts/)
})

test.each([
  [
    'an import under another name',
    `import { text as other } from './b.ts'\npool.query(other(1))`,
    `export const text = (n: number) => 'select ' + process.env.X`,
  ],
  [
    'a default export',
    `import text from './b.ts'\npool.query(text)`,
    `const made = \`select \${process.env.X}\`\nexport default made`,
  ],
  ['a re-export', `import { text } from './c.ts'\npool.query(text)`, `export const text = 'select ' + process.env.X`],
  [
    'a namespace',
    `import * as texts from './b.ts'\npool.query(texts.text)`,
    `export const text = 'select ' + process.env.X`,
  ],
  [
    'require',
    `const { text } = require('./b.ts')\npool.query(text)`,
    `module.exports = { text: 'select ' + process.env.X }`,
  ],
])('follows %s', (_, source, helper) => {
  expect(whats({ 'a.ts': source, 'b.ts': helper, 'c.ts': `export { text } from './b.ts'` })).toEqual(['process.env.X'])
})

test.each([
  ['Prisma', 'prisma.$queryRawUnsafe(`select ${x}`)'],
  ['TypeORM', "people.createQueryBuilder('p').where(`p.name = '${x}'`).getMany()"],
  ['knex', "knex('people').whereRaw('name = ' + x)"],
  ['Kysely', 'db.selectFrom("people").orderBy(sql.raw(x))'],
  ['a reassigned text', "let text = 'select 1'; text = 'select ' + x; pool.query(text)"],
  ['a property', "const question = { text: 'select 1' }; question.text += x; pool.query(question)"],
  ['a cursor', "client.query(new Cursor('select ' + x, []))"],
  ['reduce', "pool.query(x.reduce((text, id) => text + ',' + id, 'select '))"],
  ['a loop', "let text = 'select '; for (const id of x) text += id; pool.query(text)"],
  ['a check that lets all through', 'if (typeof x === "string") pool.query(`select ${x}`)'],
  ['a list that is no constant', 'if (x.allowed.includes(x.sort)) pool.query(`select ${x.sort}`)'],
  ['a pattern without an end', 'if (/^[a-z]+/.test(x)) pool.query(`select ${x}`)'],
])('finds an input in the text: %s', (_, body) => {
  expect(whats({ 'a.js': `app.get('/', (x) => { ${body} })` })).not.toEqual([])
})

test.each([
  [
    'a schema of constants',
    "const q = z.strictObject({ sort: z.enum(['a', 'b']).default('a') }).parse(x.query); pool.query(`select 1 order by ${q.sort}`)",
  ],
  [
    'a function that is given a schema',
    'const schema = z.object({ page: z.coerce.number() }); const q = parseInput(schema, x.query); pool.query(`select 1 limit ${q.page}`)',
  ],
  ['Map.get', "const columns = new Map([['name', 'last_name']]); pool.query(`select ${columns.get(x.sort)}`)"],
  ['a switch', "switch (x.sort) { case 'name': pool.query(`select ${x.sort}`) }"],
  [
    'filter',
    "const allowed = ['a', 'b']; pool.query(`select ${x.columns.filter((c) => allowed.includes(c)).join(', ')}`)",
  ],
  ['a file of the repository', "pool.query(readFileSync(new URL('./a.sql', import.meta.url), 'utf8'))"],
  [
    'another query',
    "app.query({ page: x.page }); new URLSearchParams(x).get('select'); supertest(x).get('/').query({ q: x })",
  ],
  ['a query builder', "const found = db.selectFrom('people').where('name', '=', x.name).compile(); pool.query(found)"],
  ['a request over HTTP', "agent.get('/select').query(x.parameters)"],
  ['hexadecimal digits', "const name = randomBytes(4).toString('hex'); pool.query(`create schema s_${name}`)"],
])('finds nothing in %s', (_, body) => {
  expect(whats({ 'a.js': `app.get('/', (x) => { ${body} })` })).toEqual([])
})

test('says which files do not parse', () => {
  expect(audit({ 'a.ts': 'pool.query(' }).unreadable).toEqual([expect.stringContaining('a.ts')])
})

test('leaves out tests, and counts no call where there is none', () => {
  expect(audit({ 'a.test.ts': "pool.query('select ' + x)", 'b.ts': 'export const one = 1' })).toMatchObject({
    files: 1,
    calls: 0,
  })
})
