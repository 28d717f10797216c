import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { blackholeDatabase } from '../faults/database-blackhole.ts'
import { cutDatabase, cutDatabaseAt } from '../faults/database-cut.ts'
import { delayDatabase } from '../faults/database-delay.ts'
import { refuseDatabase } from '../faults/database-refused.ts'
import { ageDatabase } from './ageing.ts'
import { withClient } from './client.ts'
import { gatherAtTables } from './gathering.ts'
import { startDatabaseProxy } from './proxy.ts'
import type { DatabaseProxy } from './proxy.ts'
import { searchDatabase } from './search.ts'
import { startDatabaseServer } from './server.ts'
import type { DatabaseServer } from './server.ts'
import { parseDatabaseSetting } from './setting.ts'
import { compareFingerprints, fingerprintDatabase } from './snapshot.ts'
import { cloneTemplate, createTemplate } from './template.ts'
import type { DatabaseClone } from './template.ts'

const directory = mkdtempSync(join(tmpdir(), 'aro-database-'))
let server: DatabaseServer
let template: string
let clone: DatabaseClone
let proxy: DatabaseProxy

const schema = `
  CREATE TABLE people (id serial PRIMARY KEY, name text, details jsonb, secret bytea, tags text[]);
  CREATE SCHEMA "Other"; CREATE TABLE "Other"."Odd ""name" (value text);
  CREATE TABLE notes (id int, note text);`

beforeAll(async () => {
  server = await startDatabaseServer({ kind: 'embedded', directory })
  template = (
    await createTemplate(server.describe(), {
      migrate: (url) => withClient(url, async (client) => void (await client.query(schema))),
    })
  ).name
})

beforeAll(async () => {
  clone = await cloneTemplate(server.describe(), template)
  proxy = await startDatabaseProxy({ target: clone.url })
})

afterAll(async () => {
  await proxy[Symbol.asyncDispose]()
  await clone[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
  rmSync(directory, { recursive: true, force: true })
})

describe('settings', () => {
  test.each(['mysql://x', 'yes', 'postgres:', ''])('refuses %j and says what is allowed', (text) => {
    expect(() => parseDatabaseSetting({ ARO_GATE_DATABASE: text })).toThrow(
      /auto, embedded, testcontainers or postgres:/,
    )
  })

  test('refuses a server on another machine', () => {
    expect(() => parseDatabaseSetting({ ARO_GATE_DATABASE: 'postgres://db.example.com/x' })).toThrow(/this machine/)
  })

  test('says what to do when a server cannot be reached', async () => {
    const url = 'postgres://nobody@127.0.0.1:1/none'
    await expect(startDatabaseServer({ kind: 'url', url, directory })).rejects.toThrow(/cannot be reached.*Start it/)
  })
})

describe('clones', () => {
  test('have the template’s tables and are gone when disposed of', async () => {
    const copy = await cloneTemplate(server.describe(), template)
    await withClient(copy.url, (client) => client.query('INSERT INTO notes VALUES (1, $1)', ['x']))
    await copy[Symbol.asyncDispose]()
    await expect(withClient(copy.url, (client) => client.query('SELECT 1'))).rejects.toThrow(/does not exist/)
  })
})

describe('the wire tap', () => {
  test('records extended queries with their bind values, rows and duration', async () => {
    const mark = proxy.tap.mark()
    await withClient(proxy.url, (client) => client.query('SELECT $1::text AS a, $2::int AS b', ['canary', 7]))
    const [statement] = proxy.tap.since(mark)
    expect(statement).toMatchObject({
      text: 'SELECT $1::text AS a, $2::int AS b',
      parameters: ['canary', '7'],
      kind: 'extended',
      rows: 1,
    })
    expect(statement?.durationMilliseconds).toBeGreaterThan(0)
  })

  test('knows the text of a prepared statement used again by name', async () => {
    const mark = proxy.tap.mark()
    await withClient(proxy.url, async (client) => {
      for (const value of ['one', 'two'])
        await client.query({ name: 'again', text: 'SELECT $1::text', values: [value] })
    })
    expect(proxy.tap.since(mark).map(({ text, parameters }) => [text, ...parameters])).toEqual([
      ['SELECT $1::text', 'one'],
      ['SELECT $1::text', 'two'],
    ])
  })

  test('shows binary bind values as hexadecimal digits, and NULL as null', async () => {
    const mark = proxy.tap.mark()
    await withClient(proxy.url, (client) => client.query('SELECT $1::bytea, $2::text', [Buffer.from('ab'), null]))
    expect(proxy.tap.since(mark)[0]?.parameters).toEqual(['\\x6162', null])
  })

  test('records simple queries, errors, and what comes after an error', async () => {
    const mark = proxy.tap.mark()
    await withClient(proxy.url, async (client) => {
      await client.query('SELECT 1; SELECT 2')
      await client.query('SELECT nothing').catch(() => undefined)
      await client.query('SELECT 3')
    })
    const statements = proxy.tap.since(mark)
    expect(statements.map(({ text }) => text)).toEqual(['SELECT 1; SELECT 2', 'SELECT nothing', 'SELECT 3'])
    expect(statements[1]?.error?.code).toBe('42703')
    expect(statements[2]?.error).toBeUndefined()
  })

  test('passes large values, COPY, notifications and cancel requests', async () => {
    const large = 'x'.repeat(3_000_000)
    await withClient(proxy.url, async (client) => {
      const { rows } = await client.query<{ length: number }>('SELECT length($1) AS length', [large])
      expect(rows[0]?.length).toBe(large.length)
      const notified = once(client, 'notification')
      await client.query("LISTEN bell; NOTIFY bell, 'ring'")
      expect(((await notified)[0] as { payload: string }).payload).toBe('ring')
    })
    const slow = new pg.Client({ connectionString: proxy.url, query_timeout: 10_000 })
    await slow.connect()
    const cancelled = expect(slow.query('SELECT pg_sleep(5)')).rejects.toThrow(/cancel/)
    await withClient(proxy.url, (client) =>
      client.query(
        "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%' AND pid <> pg_backend_pid()",
      ),
    )
    await cancelled
    await slow.end()
  })

  test('reads messages that arrive byte by byte, and answers a request for TLS with no', async () => {
    const socket = connect({ host: '127.0.0.1', port: Number(new URL(proxy.url).port), noDelay: true })
    const request = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47])
    for (const byte of request) socket.write(Buffer.from([byte]))
    const [answer] = (await once(socket, 'data')) as [Buffer]
    expect(answer.toString()).toBe('N')
    socket.destroy()
  })
})

describe('faults', () => {
  test('refused: connections fail, and are served again afterwards', async () => {
    const fault = await refuseDatabase(proxy)
    expect(fault.proof().tookHold).toBe(false)
    await expect(withClient(proxy.url, (client) => client.query('SELECT 1'))).rejects.toThrow(/ECONNRESET|terminated/)
    expect(fault.proof()).toMatchObject({ tookHold: true, observations: 1, ended: false })
    await fault.end()
    expect(fault.proof().ended).toBe(true)
    await withClient(proxy.url, (client) => client.query('SELECT 1'))
  })

  test('silent: queries wait, and go on afterwards', async () => {
    await withClient(proxy.url, async (client) => {
      const fault = await blackholeDatabase(proxy)
      let isAnswered = false
      const query = client.query('SELECT 1').then(() => (isAnswered = true))
      await expect.poll(() => fault.proof().tookHold).toBe(true)
      expect(isAnswered).toBe(false)
      await fault.end()
      await query
      expect(isAnswered).toBe(true)
    })
  })

  test('delayed: each answer comes late', async () => {
    await withClient(proxy.url, async (client) => {
      await using fault = await delayDatabase(proxy, 120)
      const startedAt = performance.now()
      await client.query('SELECT 1')
      expect(performance.now() - startedAt).toBeGreaterThanOrEqual(115)
      expect(fault.proof().tookHold).toBe(true)
    })
  })

  test.each([
    { moment: 'before the server' as const, stored: 0 },
    { moment: 'before the answer' as const, stored: 1 },
  ])('cut $moment: at the second of its statements, which then counts $stored times', async ({ moment, stored }) => {
    await withClient(clone.url, (client) => client.query('DELETE FROM notes'))
    await using fault = await cutDatabaseAt(proxy, { pattern: /^INSERT INTO notes/, occurrence: 2, moment })
    await withClient(proxy.url, (client) => client.query("INSERT INTO notes VALUES (1, 'first')"))
    expect(fault.proof().tookHold).toBe(false)
    const second = withClient(proxy.url, (client) => client.query("INSERT INTO notes VALUES (2, 'second')"))
    await expect(second).rejects.toThrow(/terminated|ECONNRESET/)
    expect(fault.proof()).toMatchObject({ tookHold: true, observations: 1 })
    const kept = (): Promise<number | null> =>
      withClient(clone.url, async (client) => (await client.query('SELECT FROM notes WHERE id = 2')).rowCount)
    await expect.poll(kept).toBe(stored)
  })

  test('cut: only connections in a transaction, when told so', async () => {
    const idle = new pg.Client({ connectionString: proxy.url })
    const busy = new pg.Client({ connectionString: proxy.url })
    for (const client of [idle, busy]) client.on('error', () => undefined)
    await Promise.all([idle.connect(), busy.connect()])
    await busy.query('BEGIN')
    const fault = await cutDatabase(proxy, 'in transaction')
    expect(fault.proof()).toMatchObject({ tookHold: true, observations: 1 })
    await fault.end()
    await idle.query('SELECT 1')
    await expect(busy.query('SELECT 1')).rejects.toThrow(/terminated|not queryable|ECONNRESET/)
    await idle.end()
    await busy.end().catch(() => undefined)
  })
})

describe('search', () => {
  const needle = 'canary-4711-äöü'
  const forms: [string, string, unknown[]][] = [
    ['raw text', 'INSERT INTO notes VALUES (1, $1)', [`before ${needle} after`]],
    ['JSON', 'INSERT INTO people (details) VALUES ($1)', [JSON.stringify({ deep: [{ x: needle }] })]],
    [
      'base64 inside of another text',
      'INSERT INTO notes VALUES (1, $1)',
      [Buffer.from(`ab${needle}cd`).toString('base64')],
    ],
    ['base64url', 'INSERT INTO notes VALUES (1, $1)', [Buffer.from(`a${needle}`).toString('base64url')]],
    ['upper-case hexadecimal', 'INSERT INTO notes VALUES (1, $1)', [Buffer.from(needle).toString('hex').toUpperCase()]],
    ['bytes', 'INSERT INTO people (secret) VALUES ($1)', [Buffer.from(needle)]],
    ['compressed bytes', 'INSERT INTO people (secret) VALUES ($1)', [gzipSync(`x${needle}`)]],
    ['URL-encoded', 'INSERT INTO "Other"."Odd ""name" VALUES ($1)', [encodeURIComponent(needle)]],
    ['reversed', 'INSERT INTO notes VALUES (1, $1)', [[...needle].toReversed().join('')]],
    ['an array', 'INSERT INTO people (tags) VALUES ($1)', [[needle]]],
  ]

  test.each(forms)('finds a needle as %s', async (_form, insert, values) => {
    await using copy = await cloneTemplate(server.describe(), template)
    await withClient(copy.url, (client) => client.query(insert, values))
    const { findings, tablesSearched } = await searchDatabase(copy.url, { canary: needle })
    expect(findings.map(({ label }) => label)).toContain('canary')
    expect(tablesSearched).toBe(3)
  })

  test('finds nothing that is not there', async () => {
    await using copy = await cloneTemplate(server.describe(), template)
    await withClient(copy.url, (client) => client.query('INSERT INTO notes VALUES (1, $1)', ['another canary-4712']))
    expect((await searchDatabase(copy.url, [needle])).findings).toEqual([])
  })
})

test('fingerprints tell which table changed', async () => {
  await using copy = await cloneTemplate(server.describe(), template)
  const before = await fingerprintDatabase(copy.url)
  expect(compareFingerprints(before, await fingerprintDatabase(copy.url))).toEqual([])
  await withClient(copy.url, (client) => client.query("INSERT INTO notes VALUES (1, 'x')"))
  expect(compareFingerprints(before, await fingerprintDatabase(copy.url))).toEqual([
    'public.notes: 0 rows before, 1 after',
  ])
})

test.each([
  { locking: '', taken: 4, who: 'decides by what it read' },
  { locking: 'FOR UPDATE', taken: 1, who: 'locks what it reads' },
])('requests that meet at a table: of four, $taken take what may be taken once where each $who', async (one) => {
  await using copy = await cloneTemplate(server.describe(), template)
  await withClient(copy.url, (client) => client.query("INSERT INTO notes VALUES (1, 'free')"))
  const take = (): Promise<boolean> =>
    withClient(copy.url, async (client) => {
      await client.query('BEGIN')
      const { rows } = await client.query(`SELECT note FROM notes WHERE id = 1 ${one.locking}`)
      const isFree = (rows[0] as { note: string }).note === 'free'
      if (isFree) await client.query("UPDATE notes SET note = 'taken' WHERE id = 1")
      await client.query('COMMIT')
      return isFree
    })
  const answers = await gatherAtTables(copy.url, [{ qualified: 'notes' }], 4, () =>
    Promise.all(Array.from({ length: 4 }, take)),
  )
  expect(answers.filter(Boolean)).toHaveLength(one.taken)
})

test('ageing moves every moment back, past triggers, and nothing else', async () => {
  await using copy = await cloneTemplate(server.describe(), template)
  await withClient(copy.url, (client) =>
    client.query(`
      CREATE TABLE kept (id int, at timestamptz, "local Time" timestamp, day date,
                         later timestamptz GENERATED ALWAYS AS (at) STORED);
      CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'append-only'; END $$;
      CREATE TRIGGER append_only BEFORE UPDATE ON kept FOR EACH ROW EXECUTE FUNCTION refuse();
      INSERT INTO kept VALUES (7, '2030-01-02T00:15:00Z', '2030-01-02 00:15', '2030-01-02')`),
  )
  expect(await ageDatabase(copy.url, 900)).toBe(2)
  const row = await withClient(copy.url, async (client) => {
    const { rows } = await client.query<Record<string, unknown>>(
      `SELECT id, at = '2030-01-02T00:00:00Z' AS at, "local Time" = '2030-01-02' AS "local", day::text, later = at AS later FROM kept`,
    )
    return rows[0]
  })
  expect(row).toEqual({ id: 7, at: true, local: true, day: '2030-01-02', later: true })
})
