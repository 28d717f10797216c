import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { quoteIdentifier, withClient } from './client.ts'
import { listTables } from './tables.ts'

/** What does not age. */
export interface AgeingOptions {
  /** Of which tables the moments are moved, by their names with schema; of all unless stated. */
  isAged?: (table: string) => boolean
  /** Moments, in milliseconds since the epoch, that stay where they are, such as those of appointments. */
  except?: ReadonlySet<number>
}

/**
 * Lets time go by in a database: every moment that its tables hold lies so much further back afterwards. What the subject
 * counts by the database's own clock then has aged, which no clock of the subject could do. Triggers do not fire.
 * @returns how many columns were moved.
 */
export function ageDatabase(url: string, seconds: number, options: AgeingOptions = {}): Promise<number> {
  const { isAged = () => true, except = new Set() } = options
  return withClient(url, async (client) => {
    await client.query('SET session_replication_role = replica')
    const { rows: generated } = await client.query<{ name: string }>(
      `SELECT quote_ident(table_schema) || '.' || quote_ident(table_name) || '.' || column_name AS name
       FROM information_schema.columns WHERE is_generated = 'ALWAYS'`,
    )
    const fixed = new Set(generated.map(({ name }) => name))
    const tables = (await listTables(client)).flatMap(({ qualified, schema, name, columns }) => {
      const moments = columns.filter(
        (column) => column.type.startsWith('timestamp') && !fixed.has(`${schema}.${name}.${column.name}`),
      )
      return moments.length === 0 || !isAged(`${schema}.${name}`) ? [] : [{ qualified, moments }]
    })
    // gives way before the subject's own statements would be ended for a deadlock, which is looked for after 1 s
    await client.query("SET lock_timeout = '300ms'")
    for (let tries = 1; ; tries += 1) {
      try {
        return await moveBack(client, tables, seconds, [...except])
      } catch (error) {
        await client.query('ROLLBACK')
        if (!isLockConflict(error) || tries === mostTries) throw error
        await sleep(50 * tries)
      }
    }
  })
}

const mostTries = 15

/** Two transactions that wait for each other, or a lock that was not to be had in time. */
const isLockConflict = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === '40P01' || error.code === '55P03')

async function moveBack(
  client: pg.Client,
  tables: readonly { qualified: string; moments: readonly { name: string }[] }[],
  seconds: number,
  except: readonly number[],
): Promise<number> {
  await client.query('BEGIN')
  for (const { qualified, moments } of tables) {
    const changes = moments.map((column) => {
      const identifier = quoteIdentifier(column.name)
      const moved = `${identifier} - make_interval(secs => $1)`
      return except.length === 0
        ? `${identifier} = ${moved}`
        : `${identifier} = CASE WHEN extract(epoch FROM ${identifier}) * 1000 = ANY($2::numeric[]) THEN ${identifier} ELSE ${moved} END`
    })
    const values = except.length === 0 ? [seconds] : [seconds, except]
    await client.query(`UPDATE ${qualified} SET ${changes.join(', ')}`, values)
  }
  await client.query('COMMIT')
  return tables.reduce((sum, { moments }) => sum + moments.length, 0)
}
