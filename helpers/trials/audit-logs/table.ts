import { z } from 'zod'
import type pg from 'pg'
import { quoteIdentifier, withClient } from '../../database/client.ts'
import { listTables } from '../../database/tables.ts'

/** One row of the audit log's table, by its place, with every column. */
export interface Row {
  place: string
  cells: Record<string, unknown>
}

/** The audit log's table, as it lies in the database. */
export interface AuditTable {
  /** As it stands in SQL. */
  qualified: string
  name: string
  columns: { name: string; type: string; isGenerated: boolean; isKey: boolean }[]
  /** The roles by which the subject is connected. */
  roles: string[]
}

const rowSchema = z.object({ place: z.string(), cells: z.record(z.string(), z.unknown()) })

/**
 * Finds the table that the audit log is kept in: the one that names a customer as often as the log does.
 * @throws when there is none or more than one.
 */
export function findAuditTable(
  url: string,
  known: { declared: string | undefined; customerId: string; entries: number },
): Promise<AuditTable> {
  return withClient(url, async (client) => {
    const tables = await listTables(client)
    const named = tables.filter(({ schema, name }) => [name, `${schema}.${name}`].includes(known.declared ?? ''))
    const candidates = known.declared === undefined ? await tablesNaming(client, tables, known) : named
    const byName = candidates.filter(({ name }) => /audit/i.test(name))
    const [table, another] = byName.length > 0 ? byName : candidates
    if (table === undefined || another !== undefined) {
      const found = candidates.map(({ qualified }) => qualified).join(', ')
      throw new Error(
        `Expected one table with the ${known.entries} audit entries about a customer, found ${found === '' ? 'none' : found}. Name it in the subject file as auditLog.table.`,
      )
    }
    const { rows: columns } = await client.query<AuditTable['columns'][number]>(
      `SELECT a.attname AS name, format_type(a.atttypid, NULL) AS type, a.attgenerated <> '' AS "isGenerated",
              coalesce(bool_or(a.attnum = ANY(i.indkey)), false) AS "isKey"
       FROM pg_attribute a LEFT JOIN pg_index i ON i.indrelid = a.attrelid AND i.indisunique
       WHERE a.attrelid = $1::regclass AND a.attnum > 0 AND NOT a.attisdropped
       GROUP BY a.attnum, a.attname, a.atttypid, a.attgenerated ORDER BY a.attnum`,
      [table.qualified],
    )
    const { rows: roles } = await client.query<{ role: string }>(
      `SELECT DISTINCT usename AS role FROM pg_stat_activity
       WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend' AND usename IS NOT NULL`,
    )
    if (roles.length === 0) throw new Error('Expected the subject to be connected to its database, no connection is.')
    return { qualified: table.qualified, name: table.name, columns, roles: roles.map(({ role }) => role) }
  })
}

async function tablesNaming<Table extends { qualified: string }>(
  client: pg.Client,
  tables: readonly Table[],
  { customerId, entries }: { customerId: string; entries: number },
): Promise<Table[]> {
  const found: Table[] = []
  for (const table of tables) {
    const { rows } = await client.query<{ rows: number }>(
      `SELECT count(*)::int AS rows FROM ${table.qualified} t WHERE strpos(t::text, $1) > 0`,
      [customerId],
    )
    if ((rows[0]?.rows ?? 0) >= entries) found.push(table)
  }
  return found
}

/** All rows in the order in which they were written. */
export async function readRows(client: pg.Client, { qualified, columns }: AuditTable): Promise<Row[]> {
  const { rows } = await client.query(`SELECT ctid::text AS place, to_jsonb(t) AS cells FROM ${qualified} t`)
  const read = z.array(rowSchema).parse(rows)
  const isTime = ({ type }: { type: string }): boolean => type.startsWith('timestamp')
  const order = [...columns.filter(isTime), ...columns.filter(isNumeric)].map(({ name }) => name)
  return read.toSorted((one, other) => {
    for (const name of order) {
      const [a, b] = [one.cells[name], other.cells[name]]
      const difference = typeof a === 'string' ? Date.parse(a) - Date.parse(String(b)) : Number(a) - Number(b)
      if (Number.isFinite(difference) && difference !== 0) return difference
    }
    return 0
  })
}

/** Whether a column counts. */
export const isNumeric = ({ type }: { type: string }): boolean => /^(?:smallint|integer|bigint|numeric)/.test(type)

/** Writes rows with all their values, also those that the database would give itself. */
export async function insertRows(
  client: pg.Client,
  { qualified, columns }: AuditTable,
  cells: readonly Record<string, unknown>[],
): Promise<void> {
  const written = columns.filter(({ isGenerated }) => !isGenerated).map(({ name }) => quoteIdentifier(name))
  await client.query(
    `INSERT INTO ${qualified} (${written.join(', ')}) OVERRIDING SYSTEM VALUE
     SELECT ${written.join(', ')} FROM jsonb_populate_recordset(NULL::${qualified}, $1::jsonb)`,
    [JSON.stringify(cells)],
  )
}

/** Changes a table as one whom the database obeys does: no trigger and no rule stops them, and all are back afterwards. */
export async function withoutGuards(
  client: pg.Client,
  { qualified }: AuditTable,
  work: () => Promise<void>,
): Promise<void> {
  await client.query('SET session_replication_role = replica')
  await client.query('BEGIN')
  // these fire all the same
  const { rows } = await client.query<{ name: string; enabled: string }>(
    `SELECT tgname AS name, tgenabled AS enabled FROM pg_trigger
     WHERE tgrelid = $1::regclass AND NOT tgisinternal AND tgenabled IN ('A', 'R')`,
    [qualified],
  )
  for (const { name } of rows) await client.query(`ALTER TABLE ${qualified} DISABLE TRIGGER ${quoteIdentifier(name)}`)
  await work()
  for (const { name, enabled } of rows) {
    const how = enabled === 'A' ? 'ALWAYS' : 'REPLICA'
    await client.query(`ALTER TABLE ${qualified} ENABLE ${how} TRIGGER ${quoteIdentifier(name)}`)
  }
  await client.query('COMMIT')
}

/** Lets the entries be so much older. */
export function ageEntries(url: string, table: AuditTable, seconds: number): Promise<void> {
  const moments = table.columns.filter(({ type, isGenerated }) => type.startsWith('timestamp') && !isGenerated)
  if (moments.length === 0) {
    throw new Error(`Expected a moment in ${table.qualified} by which its entries age, it has no timestamp.`)
  }
  const settings = moments.map(({ name }) => {
    const column = quoteIdentifier(name)
    return `${column} = ${column} - make_interval(secs => $1)`
  })
  return withClient(url, (client) =>
    withoutGuards(client, table, async () => {
      await client.query(`UPDATE ${table.qualified} SET ${settings.join(', ')}`, [seconds])
    }),
  )
}
