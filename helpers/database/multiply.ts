import type pg from 'pg'
import { quoteIdentifier, withClient } from './client.ts'
import { listTables } from './tables.ts'
import type { Table } from './tables.ts'

/** A person whom the subject itself has stored, with one appointment, and how its API names them. */
export interface StoredPerson {
  name: string
  phone: string
  email: string
  customerId: string
  /** The calendar's id of the appointment, and the subject's own. */
  calendarId: string
  appointmentId: string
  /** ISO 8601. */
  scheduledAt: string
}

/** The copies that were made of one person. */
export interface Copies {
  /** Rows added, by table. */
  rows: Record<string, number>
  customerIds: string[]
  appointmentIds: string[]
  /** Number of the first copy, by {@link phoneOfCopy}. */
  first: number
}

const areaCodes = [201, 202, 205, 206, 212, 213, 214, 301, 303, 305, 312, 404, 408, 415, 503, 512, 602, 617, 702, 718]

/** How the copies spread: most people have a few appointments, one has very many. */
const usualOfOne = 4
const mostOfOne = 500

/** The phone number of a copy; nobody else in a run has one of these. */
export const phoneOfCopy = (number: number): string =>
  `+1${areaCodes[Math.floor(number / 10_000) % areaCodes.length] ?? 415}554${String(number % 10_000).padStart(4, '0')}`

/**
 * Copies a person with consent and appointments as the subject has stored them, to `count` appointments in all: every row about them in the tables of
 * customers, appointments and what refers to those. Ids, numbers and addresses become new ones, and appointments spread over
 * two months; everything else stays as the subject wrote it. Triggers do not fire.
 * @throws when no table holds the person's phone number and id as they are.
 */
export function multiplyPerson(
  url: string,
  person: StoredPerson,
  { first, count }: { first: number; count: number },
): Promise<Copies> {
  return withClient(url, async (client) => {
    const found = await findRows(client, person)
    const people = found.filter(({ row }) => holds(row, person.phone) && holds(row, person.customerId))
    if (people.length === 0) {
      throw new Error(
        'Nobody’s phone number and id, as the admin API shows them, stand together in a row of the database, so that the rows that the load needs cannot be made by copying.',
      )
    }
    const customers = new Set(people.map(({ table }) => table.qualified))
    const referring = await tablesReferringTo(client, customers)
    const isAbout = ({ row, table }: FoundRow): boolean =>
      customers.has(table.qualified) ||
      (holds(row, person.customerId) &&
        (referring.has(table.qualified) || holds(row, person.calendarId) || holds(row, person.appointmentId)))
    const copies: Copies = { rows: {}, customerIds: [], appointmentIds: [], first }
    await client.query('BEGIN')
    await client.query('SET LOCAL session_replication_role = replica')
    for (const one of found.filter(isAbout)) {
      const isAppointment = holds(one.row, person.appointmentId)
      await copyRow(client, { ...one, isAppointment }, person, { first, count }, copies)
    }
    await client.query('COMMIT')
    for (const name of Object.keys(copies.rows)) await client.query(`ANALYZE ${name}`)
    if (copies.appointmentIds.length !== count) {
      throw new Error(
        `Expected ${count} copies of an appointment that was booked through the API, there are ${copies.appointmentIds.length}: its row is not linked to its customer’s.`,
      )
    }
    return copies
  })
}

interface FoundRow {
  table: Table
  row: Record<string, unknown>
}

const holds = (row: Record<string, unknown>, value: string): boolean =>
  Object.values(row).some((held) => String(held) === value)

async function findRows(client: pg.Client, person: StoredPerson): Promise<FoundRow[]> {
  const found: FoundRow[] = []
  const markers = [person.phone, person.customerId]
  for (const table of await listTables(client)) {
    const { rows } = await client.query<{ row: Record<string, unknown> }>(
      `SELECT to_jsonb(t) AS row FROM ${table.qualified} t
       WHERE EXISTS (SELECT FROM jsonb_each_text(to_jsonb(t)) AS field WHERE field.value = ANY($1))`,
      [markers],
    )
    found.push(...rows.map(({ row }) => ({ table, row })))
  }
  return found
}

async function tablesReferringTo(client: pg.Client, tables: ReadonlySet<string>): Promise<Set<string>> {
  const { rows } = await client.query<{ child: string; parent: string }>(
    `SELECT format('"%s"."%s"', cn.nspname, c.relname) AS child, format('"%s"."%s"', pn.nspname, p.relname) AS parent
     FROM pg_constraint k
     JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace cn ON cn.oid = c.relnamespace
     JOIN pg_class p ON p.oid = k.confrelid JOIN pg_namespace pn ON pn.oid = p.relnamespace
     WHERE k.contype = 'f'`,
  )
  return new Set(rows.filter(({ parent }) => tables.has(parent)).map(({ child }) => child))
}

interface ColumnFacts {
  name: string
  type: string
  hasDefault: boolean
  isGenerated: boolean
  /** Whether no two rows may have the same value in it. */
  isUnique: boolean
}

async function columnsOf(client: pg.Client, table: Table): Promise<ColumnFacts[]> {
  const { rows } = await client.query<ColumnFacts>(
    `SELECT a.attname AS name, format_type(a.atttypid, NULL) AS type, a.attgenerated <> '' AS "isGenerated",
            a.atthasdef OR a.attidentity <> '' AS "hasDefault",
            EXISTS (SELECT FROM pg_index i
                    WHERE i.indrelid = a.attrelid AND i.indisunique AND i.indnkeyatts = 1 AND i.indkey[0] = a.attnum) AS "isUnique"
     FROM pg_attribute a WHERE a.attrelid = $1::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`,
    [table.qualified],
  )
  return rows
}

async function copyRow(
  client: pg.Client,
  { table, row, isAppointment }: FoundRow & { isAppointment: boolean },
  person: StoredPerson,
  { first, count }: { first: number; count: number },
  copies: Copies,
): Promise<void> {
  const columns = (await columnsOf(client, table)).flatMap((column) => {
    if (column.isGenerated) return []
    const expression = expressionFor(column, row[column.name], person)
    return expression === undefined ? [] : [{ ...column, expression, value: String(row[column.name]) }]
  })
  const idColumn = (id: string): string | undefined => columns.find(({ value }) => value === id)?.name
  const [customerColumn, appointmentColumn] = [idColumn(person.customerId), idColumn(person.appointmentId)]
  const returned = (column: string | undefined): string =>
    column === undefined ? 'NULL' : `${quoteIdentifier(column)}::text`
  const { rows } = await client.query<{ customer: string | null; appointment: string | null }>(
    `INSERT INTO ${table.qualified} (${columns.map(({ name }) => quoteIdentifier(name)).join(', ')})
     OVERRIDING SYSTEM VALUE
     SELECT ${columns.map(({ expression }) => expression).join(', ')}
     FROM jsonb_populate_record(NULL::${table.qualified}, $1::jsonb) r,
          (SELECT number, $4::int[] AS areas,
                  CASE WHEN number < $2::int + $5::int THEN $2::int
                       ELSE greatest($2::int + $5::int, number - number % $6::int) END AS person
           FROM generate_series($2::int, $3::int) number) n
     WHERE $7::boolean OR n.number = n.person
     RETURNING ${returned(customerColumn)} AS customer, ${returned(appointmentColumn)} AS appointment`,
    [JSON.stringify(row), first, first + count - 1, areaCodes, mostOfOne, usualOfOne, isAppointment],
  )
  copies.rows[table.qualified] = (copies.rows[table.qualified] ?? 0) + rows.length
  if (Object.values(row).some((value) => value === person.phone)) {
    copies.customerIds.push(...rows.flatMap(({ customer }) => customer ?? []))
  }
  if (columns.some(({ isUnique, value }) => isUnique && value === person.appointmentId))
    copies.appointmentIds.push(...rows.flatMap(({ appointment }) => appointment ?? []))
}

/** What a column of a copy holds; undefined where its default is to make the value. */
function expressionFor(column: ColumnFacts, value: unknown, person: StoredPerson): string | undefined {
  const held = `r.${quoteIdentifier(column.name)}`
  const text = String(value)
  if (value === null) return held
  if ([person.appointmentId, person.calendarId].includes(text)) return newId(column, held, 'n.number')
  if (text === person.customerId) return newId(column, held, 'n.person')
  if (text === person.phone) {
    return `'+1' || n.areas[1 + (n.person / 10000) % 20] || '554' || lpad((n.person % 10000)::text, 4, '0')`
  }
  if (text === person.email) return `'n' || n.person || '.' || ${held}`
  if (text === person.name) return `${held} || ' ' || n.person`
  if (column.type.startsWith('timestamp') && Date.parse(text) === Date.parse(person.scheduledAt)) {
    return `${held} + make_interval(hours => n.number % 1440)`
  }
  if (!column.isUnique) return held
  return column.hasDefault ? undefined : newId(column, held, 'n.number')
}

function newId({ type, name }: ColumnFacts, held: string, number: 'n.number' | 'n.person'): string {
  if (type === 'uuid') return newUuid(`${held}::text`, number)
  if (type === 'bigint' || type === 'integer') return `${held} + ${number} * 100`
  if (type === 'text' || type.startsWith('character')) {
    return `CASE WHEN ${held} ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN ${newUuid(held, number)}::text ELSE ${held} || '-' || ${number} END`
  }
  throw new Error(
    `The rows that the load needs cannot be made by copying: ids of type ${type} (${name}) are not known.`,
  )
}

/** A UUID of version 4 made from an old id and the copy's number, the same wherever the old id stands. */
const newUuid = (text: string, number: string): string =>
  `overlay(overlay(md5(${text} || ':' || ${number}) placing '4' from 13) placing 'a' from 17)::uuid`
