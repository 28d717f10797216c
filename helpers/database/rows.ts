import type pg from 'pg'
import { quoteIdentifier, withClient } from './client.ts'

/** One row as text, and the transaction that wrote it as it is. */
export interface StoredRow {
  text: string
  transaction: string
}

/** A database's rows at one moment, by table with schema, in the order of their text. */
export type StoredRows = ReadonlyMap<string, readonly StoredRow[]>

/** Makes values look the same in every session, whatever a database's own settings are. */
const plainSession = `SET timezone = 'UTC'; SET datestyle = 'ISO, YMD'; SET intervalstyle = 'postgres'; SET bytea_output = 'hex'; SET extra_float_digits = 1`

/** Reads every row of every table that is kept through a crash, all in one moment. */
export function readStoredRows(url: string): Promise<StoredRows> {
  return withClient(url, async (client) => {
    await client.query(plainSession)
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
    const stored = new Map<string, StoredRow[]>()
    for (const { schema, name } of await listKeptTables(client)) {
      const { rows } = await client.query<[string, string]>({
        text: `SELECT t::text, xmin::text FROM ${quoteIdentifier(schema)}.${quoteIdentifier(name)} t ORDER BY t::text COLLATE "C"`,
        rowMode: 'array',
      })
      stored.set(
        `${schema}.${name}`,
        rows.map(([text, transaction]) => ({ text, transaction })),
      )
    }
    await client.query('COMMIT')
    return stored
  })
}

async function listKeptTables(client: pg.Client): Promise<{ schema: string; name: string }[]> {
  const { rows } = await client.query<{ schema: string; name: string }>(
    `SELECT n.nspname AS schema, c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind = 'r' AND c.relpersistence = 'p' AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\\_%'
     ORDER BY 1, 2`,
  )
  return rows
}

/** How often rows of each table have been changed or removed, as far as the database has counted them. */
export function countChanges(url: string): Promise<Map<string, number>> {
  return withClient(url, async (client) => {
    const { rows } = await client.query<{ table: string; changes: string }>(
      `SELECT schemaname || '.' || relname AS table, n_tup_upd + n_tup_del AS changes FROM pg_stat_user_tables`,
    )
    return new Map(rows.map(({ table, changes }) => [table, Number(changes)]))
  })
}

/** Where a sequence stands, and the column that it fills. */
export interface SequencePlace {
  sequence: string
  /** Null when it has given out nothing yet. */
  last: bigint | null
  /** The highest number in its column; null where there is none, or no column. */
  highest: bigint | null
  hasColumn: boolean
}

/** Where every sequence stands. */
export function readSequences(url: string): Promise<SequencePlace[]> {
  return withClient(url, async (client) => {
    const { rows } = await client.query<{
      sequence: string
      last: string | null
      table: string | null
      column: string | null
    }>(
      `SELECT format('%I.%I', s.schemaname, s.sequencename) AS sequence, s.last_value::text AS last,
              (SELECT d.refobjid::regclass::text FROM ${columnOf}) AS table, (SELECT a.attname FROM ${columnOf}) AS column
       FROM pg_sequences s WHERE s.schemaname NOT LIKE 'pg\\_%' ORDER BY 1`,
    )
    const places: SequencePlace[] = []
    for (const { sequence, last, table, column } of rows) {
      const highest = table === null || column === null ? null : await readHighest(client, table, column)
      places.push({ sequence, last: last === null ? null : BigInt(last), highest, hasColumn: table !== null })
    }
    return places
  })
}

/** Of a sequence that a column owns; it is named through an alias `s`. */
const columnOf = `pg_depend d JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
  WHERE d.classid = 'pg_class'::regclass AND d.objid = format('%I.%I', s.schemaname, s.sequencename)::regclass
    AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i') AND a.attnum > 0 LIMIT 1`

async function readHighest(client: pg.Client, table: string, column: string): Promise<bigint | null> {
  const { rows } = await client.query<{ highest: string | null }>(
    `SELECT max(${quoteIdentifier(column)})::text AS highest FROM ${table}`,
  )
  const highest = rows[0]?.highest ?? null
  return highest === null ? null : BigInt(highest)
}
