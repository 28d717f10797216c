import { randomBytes, randomUUID } from 'node:crypto'
import pg from 'pg'
import { quoteIdentifier, withClient } from '../../database/client.ts'
import type { AuditTrial } from './judge.ts'
import { insertRows, isNumeric, readRows, withoutGuards } from './table.ts'
import type { AuditTable, Row } from './table.ts'
import { newWords } from '../../subject/audit-verification.ts'
import type { Verification } from '../../subject/audit-verification.ts'

/** One way to make an audit log say something else than what happened. */
interface Tampering {
  name: string
  /** As anybody would write it; gives how many rows it touched. */
  attempt(client: pg.Client): Promise<number>
  /** The rows that are there afterwards instead of these. */
  removed: readonly Row[]
  added: readonly Record<string, unknown>[]
}

interface Needs {
  url: string
  table: AuditTable
  /** In whose log it is done, and on entries about whom. */
  tenantId: string
  customerId: string
  /** Who did it, as the log has it. */
  who: string
  isWhole: Verification
  isOfAuditLog: boolean
  ask(): Promise<Verification>
}

/** Tries each as the subject's own role, then does it past every guard and asks the subject whether it notices. */
export async function tamper(needs: Needs): Promise<AuditTrial['tamperings']> {
  const { url, table, ask } = needs
  const outcomes: AuditTrial['tamperings'] = []
  for (let index = 0; ; index += 1) {
    // anew each time: what was undone lies in another place
    const rows = await withClient(url, (client) => readRows(client, table))
    const tampering = tamperings(needs, rows)[index]
    if (tampering === undefined) return outcomes
    const refusal = await attemptAsSubject(url, table, tampering)
    const after = await whileTampered(needs, tampering, rows.length, ask)
    const words = newWords(needs.isWhole, after).slice(0, 300)
    const isNamed = needs.isOfAuditLog || /audit|chain|tamper|integrity|append.?only/i.test(words)
    outcomes.push({
      name: tampering.name,
      role: table.roles.join(', '),
      refusal,
      verification: {
        exitCode: after.exitCode,
        isNamed,
        words,
      },
    })
  }
}

/** Why the database refuses it, or null when it lets it happen; nothing stays. */
async function attemptAsSubject(url: string, { roles }: AuditTable, { attempt }: Tampering): Promise<string | null> {
  let refusal = 'no connection of the subject'
  for (const role of roles) {
    const outcome = await withClient(url, async (client) => {
      await client.query(`SET SESSION AUTHORIZATION ${quoteIdentifier(role)}`)
      await client.query('BEGIN')
      try {
        const touched = await attempt(client)
        // a guard may also wait for the end of the transaction
        await client.query('SET CONSTRAINTS ALL IMMEDIATE')
        return touched === 0 ? 'no row was touched' : null
      } catch (error) {
        if (!(error instanceof pg.DatabaseError)) throw error
        return `${error.code}: ${error.message}`.slice(0, 200)
      } finally {
        await client.query('ROLLBACK')
      }
    })
    if (outcome === null) return null
    refusal = outcome
  }
  return refusal
}

/** @throws when the log has not the rows that it had: then what is seen afterwards proves nothing. */
async function whileTampered(
  { url, table }: Needs,
  { name, removed, added }: Tampering,
  count: number,
  ask: () => Promise<Verification>,
): Promise<Verification> {
  return withClient(url, async (client) => {
    const before = await readRows(client, table)
    if (before.length !== count) {
      throw new Error(
        `Expected the ${count} audit entries that were there, found ${before.length} before "${name}": something is noted although nobody does anything.`,
      )
    }
    const replace = async (one: readonly Row[], other: readonly Record<string, unknown>[]): Promise<void> => {
      await withoutGuards(client, table, async () => {
        await client.query(`DELETE FROM ${table.qualified} WHERE ctid = ANY($1::tid[])`, [
          one.map(({ place }) => place),
        ])
        await insertRows(client, table, other)
      })
    }
    const same = (cells: Row['cells']): string => JSON.stringify(cells)
    const gone = new Set(removed.map(({ cells }) => same(cells)))
    await replace(
      before.filter(({ cells }) => gone.has(same(cells))),
      added,
    )
    try {
      return await ask()
    } finally {
      const now = await readRows(client, table)
      const known = new Set(before.map(({ cells }) => same(cells)))
      const left = new Set(now.map(({ cells }) => same(cells)))
      await replace(
        now.filter(({ cells }) => !known.has(same(cells))),
        before.map(({ cells }) => cells).filter((cells) => !left.has(same(cells))),
      )
    }
  })
}

function tamperings({ table, tenantId, customerId, who }: Needs, all: readonly Row[]): Tampering[] {
  const own = all.filter(({ cells }) => Object.values(cells).includes(tenantId))
  const rows = own.length > 0 ? own : all
  const about = rows.filter(({ cells }) => JSON.stringify(cells).includes(customerId))
  const byWho = about.filter(({ cells }) => columnOf(cells, who) !== undefined)
  const changed = byWho.find(({ cells }) => valuesColumn(table, cells) !== undefined)
  const [first, second] = byWho
  const last = rows.at(-1)
  const middle = rows[Math.floor(rows.length / 2)]
  if (first === undefined || second === undefined || last === undefined || middle === undefined) {
    throw new Error(
      `Expected entries by ${who} about a customer in ${table.qualified}, found ${byWho.length} of ${rows.length}. Is this the audit log? The subject file may name its table as auditLog.table.`,
    )
  }
  const whoColumn = columnOf(first.cells, who) ?? ''
  const alter = (name: string, row: Row, column: string, value: unknown): Tampering => ({
    name,
    removed: [row],
    added: [{ ...row.cells, [column]: value }],
    attempt: (client) =>
      touched(
        client,
        `UPDATE ${table.qualified} SET ${quoteIdentifier(column)} = (jsonb_populate_record(NULL::${table.qualified}, $2::jsonb)).${quoteIdentifier(column)} WHERE ctid = $1::tid`,
        [row.place, JSON.stringify({ [column]: value })],
      ),
  })
  const remove = (name: string, row: Row): Tampering => ({
    name,
    removed: [row],
    added: [],
    attempt: (client) => touched(client, `DELETE FROM ${table.qualified} WHERE ctid = $1::tid`, [row.place]),
  })
  const values = changed === undefined ? undefined : valuesColumn(table, changed.cells)
  const swapped = swap(table, first, second)
  const forged = forge(table, rows)
  return [
    alter(
      'an entry is said to be somebody else’s',
      first,
      whoColumn,
      `${who.slice(0, -1)}${who.endsWith('0') ? '1' : '0'}`,
    ),
    ...(changed === undefined || values === undefined
      ? []
      : [alter('the values of an entry are altered', changed, values.name, values.altered)]),
    remove('an entry in the middle is deleted', middle),
    remove('the last entry is deleted, the end of the chain', last),
    {
      name: 'two entries are swapped',
      removed: [first, second],
      added: swapped,
      attempt: (client) => updateTo(client, table, [first, second], swapped),
    },
    {
      name: 'the table is emptied',
      removed: all,
      added: [],
      attempt: async (client) => {
        await client.query(`TRUNCATE ${table.qualified}`)
        return all.length
      },
    },
    {
      name: 'a forged entry is added',
      removed: [],
      added: [forged],
      attempt: async (client) => {
        await insertRows(client, table, [forged])
        return 1
      },
    },
  ]
}

async function touched(client: pg.Client, text: string, values: readonly unknown[]): Promise<number> {
  const { rowCount } = await client.query(text, [...values])
  return rowCount ?? 0
}

const columnOf = (cells: Row['cells'], value: string): string | undefined =>
  Object.entries(cells).find(([, cell]) => cell === value)?.[0] ??
  Object.entries(cells).find(([, cell]) => typeof cell === 'string' && value !== '' && cell.includes(value))?.[0]

/** A column that holds how something was before or after, and what it may hold instead. */
function valuesColumn(table: AuditTable, cells: Row['cells']): { name: string; altered: unknown } | undefined {
  for (const { name, type } of table.columns) {
    const text = JSON.stringify(cells[name] ?? null)
    if (!type.startsWith('json') && !/after|new|chang|detail|values/i.test(name)) continue
    if (!/\b(?:true|false)\b/.test(text)) continue
    const altered: unknown = JSON.parse(
      text.replaceAll(/\b(?:true|false)\b/g, (word) => (word === 'true' ? 'false' : 'true')),
    )
    return { name, altered }
  }
  return undefined
}

const orderColumns = ({ columns }: AuditTable): string[] =>
  columns
    .filter((column) => !column.isGenerated && (isNumeric(column) || column.type.startsWith('timestamp')))
    .map(({ name }) => name)

/** Each of two entries in the other's place: what they are ordered by is exchanged. */
function swap(table: AuditTable, one: Row, other: Row): Record<string, unknown>[] {
  const order = orderColumns(table)
  const placed = (row: Row, place: Row): Record<string, unknown> => ({
    ...row.cells,
    ...Object.fromEntries(order.map((name) => [name, place.cells[name]])),
  })
  return [placed(one, other), placed(other, one)]
}

/** As one writes it who has the database and no program: one place aside first, so that no two are in one place. */
async function updateTo(
  client: pg.Client,
  table: AuditTable,
  rows: readonly Row[],
  cells: readonly Record<string, unknown>[],
): Promise<number> {
  const order = orderColumns(table)
  const keyed = new Set(table.columns.filter(({ isKey }) => isKey).map(({ name }) => name))
  const aside = Object.fromEntries(order.map((name) => [name, keyed.has(name) ? -1 : cells[0]?.[name]]))
  const steps: [Row | undefined, Record<string, unknown> | undefined][] = [
    [rows[0], aside],
    [rows[1], cells[1]],
  ]
  let count = 0
  for (const [row, target] of steps) {
    const settings = order.map(
      (name) =>
        `${quoteIdentifier(name)} = (jsonb_populate_record(NULL::${table.qualified}, $2::jsonb)).${quoteIdentifier(name)}`,
    )
    count += await touched(client, `UPDATE ${table.qualified} SET ${settings.join(', ')} WHERE ctid = $1::tid`, [
      row?.place,
      JSON.stringify(target),
    ])
  }
  return count
}

const isDigest = (value: unknown): value is string => typeof value === 'string' && /^(?:\\x)?[\w+/=-]{32,}$/.test(value)

/** The last entry once more as the next one: counted on, linked to the last, with a digest as long as theirs. */
function forge(table: AuditTable, rows: readonly Row[]): Record<string, unknown> {
  const [earlier, last] = rows.slice(-2).map(({ cells }) => cells)
  if (earlier === undefined || last === undefined) throw new Error('Expected two audit entries, there are fewer.')
  const forged: Record<string, unknown> = { ...last }
  for (const column of table.columns) {
    const { name, type, isKey } = column
    const value = last[name]
    if (type === 'uuid' && value !== earlier[name]) forged[name] = randomUUID()
    else if (isNumeric(column) && (isKey || Number(value) > Number(earlier[name]))) forged[name] = Number(value) + 1
    else if (type.startsWith('timestamp')) forged[name] = new Date().toISOString()
    else if (isDigest(value) && value !== earlier[name]) forged[name] = successor(last, earlier, value)
  }
  return forged
}

/** What linked the last entry to the one before links the next to the last; its own digest is made up. */
function successor(last: Row['cells'], earlier: Row['cells'], value: string): string {
  const isLink = Object.values(earlier).includes(value)
  const digest = Object.values(last).find(
    (cell) =>
      isDigest(cell) && cell !== value && cell.length === value.length && !Object.values(earlier).includes(cell),
  )
  if (isLink && isDigest(digest)) return digest
  const start = value.startsWith('\\x') ? '\\x' : ''
  return start + randomBytes(value.length).toString('hex').slice(start.length, value.length)
}
