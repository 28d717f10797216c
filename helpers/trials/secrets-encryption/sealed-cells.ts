import type pg from 'pg'
import { quoteIdentifier, withClient } from '../../database/client.ts'
import { listTables } from '../../database/tables.ts'

/** One value in the database, by where it lies. */
export interface Cell {
  table: string
  /** Of its row: the primary key's values, or the row's place where there is none. */
  key: string
  column: string
  type: string
  value: string
}

/** All values in the database at one moment, by table, row and column. */
export type Cells = ReadonlyMap<string, Cell>

/** Reads every value of every table. */
export function readCells(url: string): Promise<Cells> {
  return withClient(url, async (client) => {
    const cells = new Map<string, Cell>()
    const keys = await primaryKeys(client)
    for (const { qualified: table, columns } of await listTables(client)) {
      const keyColumns = keys.get(table) ?? []
      const key = keyColumns.length === 0 ? 'ctid::text' : rowKey(keyColumns)
      const { rows } = await client.query<(string | null)[]>({
        text: `SELECT ${key}, ${columns.map(({ name }) => `${quoteIdentifier(name)}::text`).join(', ')} FROM ${table}`,
        rowMode: 'array',
      })
      for (const [rowIs, ...values] of rows) {
        for (const [index, { name: column, type }] of columns.entries()) {
          const value = values[index]
          if (value === null || value === undefined) continue
          const cell = { table, key: rowIs ?? '', column, type, value }
          cells.set(nameOf(cell), cell)
        }
      }
    }
    return cells
  })
}

const nameOf = ({ table, key, column }: Cell): string => JSON.stringify([table, key, column])
const rowKey = (columns: readonly string[]): string =>
  `json_build_array(${columns.map((name) => `${quoteIdentifier(name)}::text`).join(', ')})::text`

/** The columns of each table's primary key. */
async function primaryKeys(client: pg.Client): Promise<Map<string, string[]>> {
  const { rows } = await client.query<{ schema: string; table: string; columns: string[] }>(
    `SELECT n.nspname AS schema, c.relname AS table, json_agg(a.attname ORDER BY a.attnum) AS columns
     FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
     JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
     WHERE i.indisprimary GROUP BY 1, 2`,
  )
  return new Map(
    rows.map(({ schema, table, columns }) => [`${quoteIdentifier(schema)}.${quoteIdentifier(table)}`, columns]),
  )
}

/** The cells that were not there before, or held something else. */
export const changedCells = (before: Cells, after: Cells): Cell[] =>
  [...after.entries()].flatMap(([name, cell]) => (before.get(name)?.value === cell.value ? [] : [cell]))

/** Puts values in the place of cells, several of a row at once. @returns how many rows took them. */
export function overwriteCells(url: string, cells: readonly Cell[]): Promise<number> {
  return withClient(url, async (client) => {
    let rows = 0
    const keys = await primaryKeys(client)
    const byRow = Map.groupBy(cells, ({ table, key }) => JSON.stringify([table, key]))
    for (const [first, ...others] of byRow.values()) {
      if (first === undefined) continue
      const { table, key } = first
      const keyColumns = keys.get(table) ?? []
      const ofRow = [first, ...others]
      const assignments = ofRow.map(({ column, type }, index) => `${quoteIdentifier(column)} = $${index + 2}::${type}`)
      const updated = client.query(
        `UPDATE ${table} SET ${assignments.join(', ')} WHERE ${keyColumns.length === 0 ? 'ctid::text' : rowKey(keyColumns)} = $1`,
        [key, ...ofRow.map(({ value }) => value)],
      )
      // rows that the database lets nobody change, such as an audit log's, stay as they are
      rows += await updated.then(
        ({ rowCount }) => rowCount ?? 0,
        () => 0,
      )
    }
    return rows
  })
}

/** A stretch of bytes in a cell, however they are written there. */
interface Stretch {
  bytes: Buffer
  /** The cell's value with other bytes in this place. */
  replace(bytes: Buffer): string
}

const shortestStretch = 8
const writtenBytes = /[\w+/-]{11,}={0,2}/g
const uuid = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i
const unsealed = /^(?:uuid|timestamp|date|time|integer|bigint|smallint|boolean|numeric)/

/** The bytes in a cell: of a bytea all, of a text or JSON each stretch of hexadecimal or base64. */
export function stretchesOf({ type, value }: Cell): Stretch[] {
  if (unsealed.test(type)) return []
  if (type === 'bytea') {
    return [{ bytes: Buffer.from(value.slice(2), 'hex'), replace: (bytes) => `\\x${bytes.toString('hex')}` }]
  }
  return [...value.matchAll(writtenBytes)].flatMap(({ 0: run, index }) => {
    if (uuid.test(run)) return []
    const isHexadecimal = run.length % 2 === 0 && /^[0-9a-f]+$/i.test(run)
    const encoding = isHexadecimal ? 'hex' : /[_-]/.test(run) ? 'base64url' : 'base64'
    const bytes = Buffer.from(run, encoding)
    const write = (other: Buffer): string => {
      const written = other.toString(encoding)
      return run.endsWith('=') || encoding !== 'base64' ? written : written.replace(/=+$/, '')
    }
    if (bytes.length < shortestStretch) return []
    return [{ bytes, replace: (other) => `${value.slice(0, index)}${write(other)}${value.slice(index + run.length)}` }]
  })
}

/** How many bytes a cell holds. */
export const bytesIn = (cell: Cell): number => stretchesOf(cell).reduce((sum, { bytes }) => sum + bytes.length, 0)

/** The longest stretch of a cell's bytes: what is sealed, where a cell holds more. */
export const mainStretch = (cell: Cell): Stretch | undefined =>
  stretchesOf(cell).toSorted((one, other) => other.bytes.length - one.bytes.length)[0]

/** The cell with one byte of a stretch altered, at a place between 0 and 1. */
export function alterByte(cell: Cell, stretch: Stretch, place: number): Cell {
  const bytes = Buffer.from(stretch.bytes)
  const at = Math.round(place * (bytes.length - 1))
  bytes.writeUInt8(bytes.readUInt8(at) ^ 0x01, at)
  return { ...cell, value: stretch.replace(bytes) }
}
