import { setTimeout as sleep } from 'node:timers/promises'
import { quoteIdentifier, withClient } from './client.ts'
import { searchDatabase } from './search.ts'

const patience = { pollMilliseconds: 25, unchangedMilliseconds: 500, mostMilliseconds: 2000 }

/**
 * Has requests meet at a table before any of them writes to it: the tables are held meanwhile so that who only reads goes
 * on, and who writes or locks a row waits. Who decided by what it had read, without a lock, then decides as all others did,
 * which by chance alone happens on some days only. They are let go as soon as all `writers` wait, or no further one comes.
 * @returns what the requests answered. @throws when the tables are not to be had within a second.
 */
export function gatherAtTables<Answer>(
  url: string,
  tables: readonly { qualified: string }[],
  writers: number,
  request: () => Promise<Answer>,
): Promise<Answer> {
  const names = tables.map(({ qualified }) => qualified)
  if (names.length === 0) return request()
  return withClient(url, async (client) => {
    await client.query("BEGIN; SET LOCAL lock_timeout = '1s'")
    await client.query(`LOCK TABLE ${names.join(', ')} IN EXCLUSIVE MODE`)
    const answer = request()
    // it is awaited below; a failure before that is no unhandled one
    answer.catch(() => undefined)
    const begun = performance.now()
    let waiting = 0
    let since = begun
    while (waiting < writers && performance.now() - begun < patience.mostMilliseconds) {
      await sleep(patience.pollMilliseconds)
      const { rows } = await client.query<{ waiting: number }>(
        `SELECT count(DISTINCT pid)::int AS waiting FROM pg_locks
         WHERE NOT granted AND relation = ANY($1::regclass[]::oid[])`,
        [names],
      )
      const now = rows[0]?.waiting ?? 0
      if (now > waiting) since = performance.now()
      waiting = now
      if (waiting > 0 && performance.now() - since > patience.unchangedMilliseconds) break
    }
    await client.query('ROLLBACK')
    return answer
  })
}

/** The tables that hold a text, such as the id of what requests are about. */
export async function tablesNaming(url: string, wanted: string): Promise<{ qualified: string }[]> {
  const { findings } = await searchDatabase(url, [wanted], (text) =>
    String(text).includes(wanted) ? [{ label: wanted, encoding: 'raw' }] : [],
  )
  const names = findings.map(({ schema, table }) => `${quoteIdentifier(schema)}.${quoteIdentifier(table)}`)
  return [...new Set(names)].toSorted().map((qualified) => ({ qualified }))
}
