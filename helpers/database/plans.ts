import type pg from 'pg'
import { z } from 'zod'
import { withClient } from './client.ts'
import type { Statement } from './tap.ts'

/** What a statement reads of one large table, as PostgreSQL carried it out with every index at its disposal. */
export interface TableReading {
  table: string
  node: string
  /** Rows that were looked at, and those of them that were of use. */
  examinedRows: number
  keptRows: number
  isWholeTable: boolean
  /** Whether only the first of what it gives are wanted. */
  isLimited: boolean
}

/** Statements that were carried out again, and the tables that were large by then with their rows. */
export interface Plans {
  largeTables: ReadonlyMap<string, number>
  plans: StatementPlan[]
}

/** A statement with what it reads of large tables; null where PostgreSQL would not carry it out again. */
export interface StatementPlan {
  text: string
  readings: TableReading[] | null
}

interface PlanNode {
  'Node Type': string
  'Relation Name'?: string | undefined
  'Actual Rows'?: number | undefined
  'Actual Loops'?: number | undefined
  'Rows Removed by Filter'?: number | undefined
  Plans?: PlanNode[] | undefined
}

const nodeSchema: z.ZodType<PlanNode> = z.lazy(() =>
  z.looseObject({
    'Node Type': z.string(),
    'Relation Name': z.string().optional(),
    'Actual Rows': z.number().optional(),
    'Actual Loops': z.number().optional(),
    'Rows Removed by Filter': z.number().optional(),
    Plans: z.array(nodeSchema).optional(),
  }),
)
const explainedSchema = z.tuple([z.object({ 'QUERY PLAN': z.tuple([z.looseObject({ Plan: nodeSchema })]) })])

const plannable = /^\s*(?:select|with|insert|update|delete|merge)\b/i

/**
 * Has PostgreSQL carry out statements again, with the values they had, in a transaction that is rolled back, and tells what
 * each reads of tables with at least `largeRows` rows. A table is read row by row only where no index serves.
 */
export function planStatements(
  url: string,
  statements: readonly Statement[],
  { largeRows }: { largeRows: number },
): Promise<Plans> {
  return withClient(url, async (client) => {
    const large = await countLargeTables(client, largeRows)
    const plans: StatementPlan[] = []
    for (const statement of statements.filter(({ text }) => plannable.test(text)))
      plans.push({ text: statement.text, readings: await readingsOf(client, statement, large) })
    return { largeTables: large, plans }
  })
}

async function countLargeTables(client: pg.Client, largeRows: number): Promise<ReadonlyMap<string, number>> {
  const { rows } = await client.query<{ name: string; rows: number }>(
    `SELECT c.relname AS name, c.reltuples::int AS rows FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p', 'm') AND c.reltuples >= $1 AND n.nspname NOT IN ('pg_catalog', 'information_schema')`,
    [largeRows],
  )
  return new Map(rows.map((row) => [row.name, row.rows]))
}

async function readingsOf(
  client: pg.Client,
  { text, parameters, binaryParameters }: Statement,
  large: Plans['largeTables'],
): Promise<TableReading[] | null> {
  if (binaryParameters.length > 0) return null
  await client.query('BEGIN')
  try {
    await client.query(
      `SET LOCAL enable_seqscan = off; SET LOCAL lock_timeout = '1s'; SET LOCAL statement_timeout = '5s'`,
    )
    const { rows } = await client.query(`EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) ${text}`, parameters)
    const [
      {
        'QUERY PLAN': [{ Plan: plan }],
      },
    ] = explainedSchema.parse(rows)
    return readTables(plan, large, false)
  } catch {
    // such as a row that was there once only, or a lock that is held
    return null
  } finally {
    await client.query('ROLLBACK')
  }
}

function readTables(node: PlanNode, large: Plans['largeTables'], isLimited: boolean): TableReading[] {
  const { Plans: parts = [], 'Relation Name': table, 'Node Type': kind } = node
  const inner = parts.flatMap((part) => readTables(part, large, isLimited || kind === 'Limit'))
  if (table === undefined || !large.has(table) || kind === 'ModifyTable') return inner
  const loops = node['Actual Loops'] ?? 1
  const keptRows = Math.round((node['Actual Rows'] ?? 0) * loops)
  const examinedRows = keptRows + Math.round((node['Rows Removed by Filter'] ?? 0) * loops)
  const isWholeTable = kind === 'Seq Scan' || kind === 'Parallel Seq Scan'
  return [...inner, { table, node: kind, examinedRows, keptRows, isWholeTable, isLimited }]
}
