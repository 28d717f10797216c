import { withClient } from './client.ts'
import { listTables } from './tables.ts'

/** One table's content in short. */
export interface TableFingerprint {
  table: string
  rows: number
  /** Of all rows whatever their order. */
  checksum: string
}

/** A database's content in short: tables and sequences. */
export interface DatabaseFingerprint {
  tables: TableFingerprint[]
  sequences: { sequence: string; lastValue: string | null }[]
}

/** Counts and checks the rows of every table, in one consistent moment. */
export function fingerprintDatabase(url: string): Promise<DatabaseFingerprint> {
  return withClient(url, async (client) => {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
    const tables: TableFingerprint[] = []
    for (const table of await listTables(client)) {
      const { rows } = await client.query<{ rows: string; checksum: string | null }>(
        `SELECT count(*) AS rows, md5(string_agg(md5(t::text), '' ORDER BY md5(t::text))) AS checksum FROM ${table.qualified} t`,
      )
      const [row] = rows
      tables.push({
        table: `${table.schema}.${table.name}`,
        rows: Number(row?.rows ?? 0),
        checksum: row?.checksum ?? 'empty',
      })
    }
    const sequences = await client.query<{ sequence: string; lastValue: string | null }>(
      `SELECT schemaname || '.' || sequencename AS sequence, last_value::text AS "lastValue" FROM pg_sequences ORDER BY 1`,
    )
    await client.query('COMMIT')
    return { tables, sequences: sequences.rows }
  })
}

/** What differs between two fingerprints, in sentences. */
export function compareFingerprints(before: DatabaseFingerprint, after: DatabaseFingerprint): string[] {
  const differences: string[] = []
  const later = new Map(after.tables.map((table) => [table.table, table]))
  for (const table of before.tables) {
    const now = later.get(table.table)
    if (now === undefined) differences.push(`${table.table} is gone`)
    else if (now.rows !== table.rows) differences.push(`${table.table}: ${table.rows} rows before, ${now.rows} after`)
    else if (now.checksum !== table.checksum) differences.push(`${table.table}: changed rows`)
    later.delete(table.table)
  }
  for (const name of later.keys()) differences.push(`${name} is new`)
  return differences
}
