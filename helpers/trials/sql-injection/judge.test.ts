import { expect, test } from 'vitest'
import { makeMark, sqlInjections } from '../../attacks/sql-injections.ts'
import { testJudge } from '../judge-harness.ts'
import { judgeSql, sqlTrialSchema } from './judge.ts'
import { Marks } from './marks.ts'
import { readWire } from './wire.ts'
import type { Statement } from '../../database/tap.ts'

const about = { field: 'GET /customers?email: the parameter', payload: 'a truth' }

testJudge({
  directory: import.meta.dirname,
  schema: sqlTrialSchema,
  judge: judgeSql,
  alterations: [
    [
      'a text in the source',
      ({ source }) =>
        source.findings.push({
          where: 'src/store.ts:4:9',
          call: 'pool.query',
          what: 'the parameter request.query.sort',
          from: 'src/routes.ts:3:20',
          steps: ['orderBy() at src/store.ts:4:40'],
        }),
      /text given to pool.query has the parameter request.query.sort in it \(src\/store.ts:4:9 ← orderBy\(\) at .* ← src\/routes.ts/,
    ],
    [
      'a function of the database',
      ({ stored }) =>
        stored.findings.push({ routine: 'public.count', expression: "'select ' || new.kind", part: 'new.kind' }),
      /public.count of the database .* has new.kind in it/,
    ],
    [
      'input in a text',
      ({ wire }) => wire.withInput.push({ field: 'POST /v1/commands: who asks', statement: "set x = 'zq'" }),
      /sent as POST \/v1\/commands: who asks is in the text/,
    ],
    [
      'a malformed statement',
      ({ wire }) =>
        wire.broken.push({ code: '42601', message: 'syntax error at or near "x"', statement: 'select x x x' }),
      /refused a statement as malformed.*42601/,
    ],
    ['another structure', ({ wire }) => wire.changed.push({ statement: 'select 1; select 2' }), /another structure/],
    ['a failure', ({ payloads }) => payloads.failed.push({ ...about, status: 500 }), /a truth as .* answered with 500/],
    [
      'a leak',
      ({ payloads }) => payloads.leaks.push({ ...about, quote: 'SQLSTATE' }),
      /tells of the database: SQLSTATE/,
    ],
    ['rows', ({ payloads }) => payloads.matched.push({ ...about, rows: 3 }), /gave 3 rows, where nothing matches/],
    [
      'a sleep',
      ({ payloads }) => payloads.slow.push({ ...about, milliseconds: 3100, controlMilliseconds: 40 }),
      /took 3.1 s twice, and 0.0 s without/,
    ],
    [
      'a text that was lost',
      ({ effects }) => effects.kept.push({ payload: 'a backslash', isAsSent: false }),
      /\(a backslash\) were accepted, and are not there/,
    ],
    ['a bystander', ({ effects }) => (effects.isBystanderSame = false), /another customer .* were changed/],
    ['dead letters', ({ effects }) => (effects.deadLetters = 2), /2 jobs with hostile texts failed/],
  ],
  allowed: [
    ['slow for every text', ({ payloads }) => (payloads.slowest.milliseconds = 9000)],
    ['no function in the database', ({ stored }) => (stored.routines = 0)],
  ],
})

const statement = (text: string, parameters: string[] = []): Statement => ({
  connection: 1,
  at: 0,
  text,
  parameters,
  binaryParameters: [],
  kind: 'extended',
  executed: true,
})

test('finds a mark in a text in whatever case, and none among bind values', async () => {
  const marks = new Marks()
  const [inText, bound] = [marks.make('in the text'), marks.make('bound')]
  const wire = await readWire(marks, {
    ordinary: [statement('select 1')],
    hostile: [statement(`select '${inText.toUpperCase()}'`), statement('select $1', [`{"name":"${bound}"}`])],
  })
  expect(wire.withInput.map(({ field }) => field)).toEqual(['in the text'])
  expect([...marks.boundIn([statement('select $1', [`x ${bound}`])]).keys()]).toEqual(['bound'])
})

test('tells a structure that hostile texts brought from one that constants brought', async () => {
  const wire = await readWire(new Marks(), {
    ordinary: [statement("select * from t where a = 'x'")],
    hostile: [
      statement("select * from t where a = 'y'"),
      statement('select now()'),
      statement("select * from t where a = 'x' or '1'='1'"),
    ],
  })
  expect(wire.changed).toEqual([{ statement: "select * from t where a = 'x' or '1'='1'" }])
})

test('every hostile text carries its mark', () => {
  const mark = makeMark()
  for (const { make } of sqlInjections) expect(make(mark)).toContain(mark)
})
