import { z } from 'zod'
import type { JudgedShortfall } from '../../evidence/shortfall.ts'

const count = z.int().nonnegative()

/** What one request asked of the database, beside what the subject asks by itself all the time. */
const costSchema = z.object({
  status: z.int(),
  statements: count,
  /** Rows that the database gave. */
  rows: count,
  /** The statement that was sent most often, and how often. */
  mostFrequent: z.object({ text: z.string(), times: count }),
})

/** Requests to a subject with few rows and with many. */
export const queryTrialSchema = z.object({
  appointments: z.object({ few: z.int().positive(), many: z.int().min(1000) }),
  requests: z
    .array(
      z.object({
        name: z.string(),
        /** Most rows that one answer shows; null for what is no list. */
        pageRows: count.nullable(),
        /** The dearest of several requests with few rows, and the cheapest with many. */
        few: costSchema,
        many: costSchema,
      }),
    )
    .min(12),
  /** Rows of tables that are large by now. */
  largeTables: z.record(z.string(), z.int().min(1000)),
  plans: z.object({
    explained: z.int().positive(),
    /** Statements that could not be carried out again. */
    unexplained: count,
    readings: z.array(
      z.object({
        text: z.string(),
        table: z.string(),
        node: z.string(),
        examinedRows: count,
        keptRows: count,
        isWholeTable: z.boolean(),
        isLimited: z.boolean(),
      }),
    ),
  }),
})

/** @see queryTrialSchema */
export type QueryTrial = z.infer<typeof queryTrialSchema>

/** What a second look, a retry of a lost lock or a cache that has run out may add. */
const allowedMore = 3
/** What a page shows of one thing may come from a few rows. */
const rowsForOne = 5
/** A scan that throws away so many rows for each that it keeps looks for few. */
const wasteful = 10
const shownCharacters = 160

/** Each request whose statements grow with the rows, each that reads a table to show a page, each table without its index. */
export function judgeQueries({ appointments, requests, plans, largeTables }: QueryTrial): JudgedShortfall[] {
  return [
    ...requests.flatMap((request) => [
      ...judgeGrowth(request, appointments),
      ...judgePage(request),
      ...judgeSingle(request, appointments),
    ]),
    ...plans.readings.flatMap((reading) => judgeReading(reading, largeTables[reading.table] ?? 0)),
  ]
}

type Request = QueryTrial['requests'][number]

function judgeGrowth({ name, few, many }: Request, appointments: QueryTrial['appointments']): JudgedShortfall[] {
  if (many.statements <= few.statements + allowedMore) return []
  const { text, times } = many.mostFrequent
  return [
    {
      what: `${name} takes ${few.statements} queries with ${appointments.few} appointments and ${many.statements} with ${appointments.many}, ${times} times ${quote(text)}`,
      expected: 'the same number of queries however many rows there are',
      where: name,
      mitigation: 'Fetch what belongs to all rows of a page with one query: a join, or a list of ids.',
    },
  ]
}

function judgePage({ name, pageRows, many }: Request): JudgedShortfall[] {
  if (pageRows === null || many.rows <= pageRows * rowsForOne) return []
  return [
    {
      what: `${name} has the database give ${many.rows} rows to show at most ${pageRows} of them`,
      expected: 'no more rows than the page shows',
      where: name,
      mitigation: 'Filter, sort and cut the page in the query, with LIMIT.',
    },
  ]
}

/** Shows everything that there is on somebody. */
const showsAll = new Set(['GET /customers/{id}/export'])

/** Somebody's own appointments, of which there are very many, may be read; not everybody's. */
function judgeSingle({ name, pageRows, many }: Request, appointments: QueryTrial['appointments']): JudgedShortfall[] {
  if (pageRows !== null || showsAll.has(name) || many.rows < appointments.many / 2) return []
  return [
    {
      what: `${name} has the database give ${many.rows} rows, of ${appointments.many} appointments, to be gone through in memory`,
      expected: 'the rows that it is about, found, counted and summed up by the database',
      where: name,
      mitigation: 'Filter, count and sum up in the query.',
    },
  ]
}

function judgeReading(reading: QueryTrial['plans']['readings'][number], tableRows: number): JudgedShortfall[] {
  const { text, table, node, examinedRows, keptRows, isWholeTable, isLimited } = reading
  // where the first of many are wanted, walking along an index may be the better choice although another index serves as well
  const isSearch = !isLimited && examinedRows >= tableRows / 2 && keptRows * wasteful <= examinedRows
  if (!isSearch && !(isWholeTable && isLimited)) return []
  return [
    {
      what: `${examinedRows} of the ${tableRows} rows of ${table} are read (${node}) to find ${keptRows}: no index serves ${quote(text)}`,
      expected: 'no sequential scan of a large table on a hot path',
      where: `table ${table}`,
      mitigation: `Add an index on the columns of ${table} that this query filters or sorts by.`,
    },
  ]
}

function quote(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim()
  return JSON.stringify(line.length > shownCharacters ? `${line.slice(0, shownCharacters)}…` : line)
}
