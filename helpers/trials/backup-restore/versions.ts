import { readFile, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { quoteIdentifier, withClient } from '../../database/client.ts'
import { listTables } from '../../database/tables.ts'

const manifestSchema = z.looseObject({ version: z.string().optional() })
const versionTable = /migration|schema_?(?:version|history|info)|flyway|changelog/i

/** Gives a copy of the subject's folder the next major version. */
export async function raiseVersion(root: string): Promise<void> {
  const file = join(root, 'package.json')
  if (!existsSync(file)) return
  const manifest = manifestSchema.parse(JSON.parse(await readFile(file, 'utf8')))
  const major = Number(/^\d+/.exec(manifest.version ?? '')?.[0] ?? 0) + 1
  await writeFile(file, JSON.stringify({ ...manifest, version: `${major}.0.0` }, null, 2))
}

/**
 * Notes one more migration in a database, in the tables in which migrations are noted: as a later version would have it.
 * @returns the tables.
 */
export function addMigration(url: string): Promise<string[]> {
  return withClient(url, async (client) => {
    const noted: string[] = []
    await client.query('SET session_replication_role = replica')
    for (const { name, qualified } of await listTables(client)) {
      if (!versionTable.test(name)) continue
      const { rows } = await client.query<{ row: Record<string, unknown> }>(
        `SELECT to_jsonb(t) AS row FROM ${qualified} t ORDER BY to_jsonb(t)::text COLLATE "C" DESC`,
      )
      const next = rows.map(({ row }) => row).toSorted(byNumbers)[0]
      if (next === undefined) continue
      const raised = Object.fromEntries(Object.entries(next).map(([column, value]) => [column, raise(value)]))
      if (rows.length === 1) {
        const columns = Object.keys(raised).map(quoteIdentifier).join(', ')
        await client.query(
          `UPDATE ${qualified} SET (${columns}) = (SELECT ${columns} FROM jsonb_populate_record(NULL::${qualified}, $1::jsonb))`,
          [JSON.stringify(raised)],
        )
      } else {
        await client.query(
          `INSERT INTO ${qualified} OVERRIDING SYSTEM VALUE SELECT * FROM jsonb_populate_record(NULL::${qualified}, $1::jsonb)`,
          [JSON.stringify(raised)],
        )
      }
      noted.push(qualified)
    }
    return noted
  })
}

/** Those with the highest number first. */
function byNumbers(one: Record<string, unknown>, other: Record<string, unknown>): number {
  const numberOf = (row: Record<string, unknown>): number =>
    Math.max(0, ...Object.values(row).filter((value) => typeof value === 'number'))
  return numberOf(other) - numberOf(one)
}

const moment = /^\d{4}-\d{2}-\d{2}T/

/** The next number, or a text with its first number one higher. */
function raise(value: unknown): unknown {
  if (typeof value === 'number') return value + 1
  if (typeof value !== 'string' || moment.test(value)) return value
  const raised = value.replace(/\d+/, (digits) => String(Number(digits) + 1).padStart(digits.length, '0'))
  return raised
}

/** Removes a table that the application cannot do without: of those with rows, one that no other refers to. @returns its name. */
export function removeTable(url: string): Promise<string | undefined> {
  return withClient(url, async (client) => {
    const table = (await leafTables(client))[0]
    if (table !== undefined) await client.query(`DROP TABLE ${table.qualified} CASCADE`)
    return table?.name
  })
}

/** A table that no other refers to, with rows and a key of one column. */
export interface LeafTable {
  name: string
  qualified: string
  key: string
}

/** Tables with rows that no other table refers to, those with most rows first; tables that note migrations are none. */
export async function leafTables(client: Parameters<typeof listTables>[0]): Promise<LeafTable[]> {
  const { rows } = await client.query<{ schema: string; name: string; key: string }>(
    `SELECT n.nspname AS schema, c.relname AS name, a.attname AS key
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary AND i.indnkeyatts = 1
     JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]
     WHERE c.relkind = 'r' AND c.relpersistence = 'p' AND n.nspname NOT IN ('pg_catalog', 'information_schema')
       AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.contype = 'f' AND k.confrelid = c.oid AND k.conrelid <> c.oid)`,
  )
  const counted: (LeafTable & { rows: number })[] = []
  for (const { schema, name, key } of rows) {
    if (versionTable.test(name)) continue
    const qualified = `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`
    const { rows: counts } = await client.query<{ rows: number }>(`SELECT count(*)::int AS rows FROM ${qualified}`)
    counted.push({ name: `${schema}.${name}`, qualified, key, rows: counts[0]?.rows ?? 0 })
  }
  return counted.filter(({ rows: count }) => count > 0).toSorted((one, other) => other.rows - one.rows)
}
