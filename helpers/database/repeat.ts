import type pg from 'pg'
import { quoteIdentifier, withClient } from './client.ts'
import { listTables } from './tables.ts'
import type { Table } from './tables.ts'

/**
 * Repeats the rows that hold a text, as the subject has stored them, in which the text has a number after it from 1 to `count`;
 * ids that have to be unique are new ones. Triggers do not fire.
 * @returns how many rows were added; 0 where no column of a table holds the text as it is.
 */
export function repeatRows(url: string, { text, count }: { text: string; count: number }): Promise<number> {
  return withClient(url, async (client) => {
    let added = 0
    await client.query('BEGIN')
    await client.query('SET LOCAL session_replication_role = replica')
    for (const table of await listTables(client)) {
      const { rows } = await client.query<{ row: Record<string, unknown> }>(
        `SELECT to_jsonb(whole) AS row FROM ${table.qualified} AS whole
         WHERE EXISTS (SELECT FROM jsonb_each(to_jsonb(whole)) AS field
                       WHERE jsonb_typeof(field.value) = 'string' AND strpos(field.value #>> '{}', $1) > 0)`,
        [text],
      )
      for (const { row } of rows) added += await repeatRow(client, table, row, { text, count })
    }
    await client.query('COMMIT')
    return added
  })
}

async function repeatRow(
  client: pg.Client,
  table: Table,
  row: Record<string, unknown>,
  { text, count }: { text: string; count: number },
): Promise<number> {
  const { rows: columns } = await client.query<{ name: string; type: string; isUnique: boolean; hasDefault: boolean }>(
    `SELECT a.attname AS name, format_type(a.atttypid, NULL) AS type, a.atthasdef OR a.attidentity <> '' AS "hasDefault",
            EXISTS (SELECT FROM pg_index i
                    WHERE i.indrelid = a.attrelid AND i.indisunique AND a.attnum = ANY(i.indkey)) AS "isUnique"
     FROM pg_attribute a
     WHERE a.attrelid = $1::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''`,
    [table.qualified],
  )
  const given = columns.flatMap(({ name, type, isUnique, hasDefault }) => {
    const held = `stored.${quoteIdentifier(name)}`
    const value = row[name]
    if (typeof value === 'string' && value.includes(text))
      return [{ name, expression: `replace(${held}::text, $2, $2 || number)::${type}` }]
    if (!isUnique || value === null) return [{ name, expression: held }]
    if (type === 'uuid') return [{ name, expression: name === 'tenant_id' ? held : 'gen_random_uuid()' }]
    if (hasDefault) return []
    return [{ name, expression: type === 'text' && isOwn(name) ? `${held} || '-' || number` : held }]
  })
  const { rowCount } = await client.query(
    `INSERT INTO ${table.qualified} (${given.map(({ name }) => quoteIdentifier(name)).join(', ')})
     OVERRIDING SYSTEM VALUE
     SELECT ${given.map(({ expression }) => expression).join(', ')}
     FROM jsonb_populate_record(NULL::${table.qualified}, $1::jsonb) stored, generate_series(1, $3::int) number
     ON CONFLICT DO NOTHING`,
    [JSON.stringify(row), text, count],
  )
  return rowCount ?? 0
}

/** Whether a column names the row itself, and not whom it belongs to. */
const isOwn = (name: string): boolean => !/tenant|clinic|organi[sz]ation|account/i.test(name)
