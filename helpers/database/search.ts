import type pg from 'pg'
import { findIn, readingsOf } from '../evidence/encodings.ts'
import type { EncodedFinding, Needles } from '../evidence/encodings.ts'
import { quoteIdentifier, withClient } from './client.ts'
import { listTables } from './tables.ts'
import type { Table } from './tables.ts'

/** Where a needle lies in the database. */
export interface DatabaseFinding {
  label: string
  encoding: string
  schema: string
  table: string
  column: string
}

/** What was searched, and what was found there. */
export interface DatabaseSearch {
  tablesSearched: number
  columnsSearched: number
  rowsSearched: number
  findings: DatabaseFinding[]
}

/**
 * Looks for texts in every column of every table, raw and in the usual encodings, bytes uncompressed too, and in large
 * objects. @throws when a table cannot be read: a search that left something out proves nothing.
 */
export function searchDatabase(url: string, needles: Needles, find = findIn): Promise<DatabaseSearch> {
  return withClient(url, async (client) => {
    const tables = await listTables(client)
    const search: DatabaseSearch = { tablesSearched: 0, columnsSearched: 0, rowsSearched: 0, findings: [] }
    for (const table of tables) await searchTable(client, table, (text) => find(text, needles), search)
    await searchLargeObjects(client, (content) => find(content, needles), search)
    return search
  })
}

async function searchTable(
  client: pg.Client,
  table: Table,
  find: (text: string) => EncodedFinding[],
  search: DatabaseSearch,
): Promise<void> {
  const columns = table.columns.map(({ name }) => `${quoteIdentifier(name)}::text`)
  const { rows } = await client.query<(string | null)[]>({
    text: `SELECT ${columns.join(', ')} FROM ${table.qualified}`,
    rowMode: 'array',
  })
  search.tablesSearched += 1
  search.columnsSearched += columns.length
  search.rowsSearched += rows.length
  if (rows.length === 0) return
  for (const [index, { name, type }] of table.columns.entries()) {
    const values = rows.flatMap((row) => row[index] ?? [])
    const text = values.join('\n')
    const found = find(type === 'bytea' ? [text, ...values.flatMap(bytesAsText)].join('\n') : text)
    for (const finding of found)
      search.findings.push({ ...finding, schema: table.schema, table: table.name, column: name })
  }
}

const bytesAsText = (value: string): string[] =>
  value.startsWith('\\x') ? readingsOf(Buffer.from(value.slice(2), 'hex')) : []

async function searchLargeObjects(
  client: pg.Client,
  find: (content: Buffer) => EncodedFinding[],
  search: DatabaseSearch,
): Promise<void> {
  const { rows } = await client.query<{ content: Buffer }>('SELECT lo_get(oid) AS content FROM pg_largeobject_metadata')
  for (const { content } of rows) {
    for (const finding of find(content)) {
      search.findings.push({ ...finding, schema: 'pg_catalog', table: 'pg_largeobject', column: 'data' })
    }
  }
}
