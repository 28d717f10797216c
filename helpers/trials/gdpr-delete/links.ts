import type pg from 'pg'
import { withClient } from '../../database/client.ts'
import { listTables } from '../../database/tables.ts'

/** Ids under which the subject speaks of a person, and of what it holds on them. */
export interface PersonIds {
  customerId: string
  /** Of their appointments and messages. */
  held: readonly string[]
}

/**
 * Tables with rows that tie a person to what was held on them: a customer's id together with that of an appointment or message
 * of theirs, as queued work has them. Tables of which one of the `records` is a row, by its id, are left out: events, commands and audit
 * entries stay as records of what happened, and are looked at for what they say of the person.
 */
export function findLinks(
  url: string,
  people: readonly PersonIds[],
  { records, isAuditLog }: { records: readonly string[]; isAuditLog: (table: string) => boolean },
): Promise<string[]> {
  return withClient(url, async (client) => {
    const found: string[] = []
    for (const { schema, name, qualified } of await listTables(client)) {
      if (isAuditLog(name)) continue
      const isTied = await someRow(client, qualified, people)
      if (isTied && !(await holdsAny(client, qualified, records))) found.push(`${schema}.${name}`)
    }
    return found
  })
}

async function someRow(client: pg.Client, table: string, people: readonly PersonIds[]): Promise<boolean> {
  for (const { customerId, held } of people) {
    const { rowCount } = await client.query(
      `SELECT FROM ${table} AS whole WHERE strpos(whole::text, $1) > 0 AND EXISTS (SELECT FROM unnest($2::text[]) AS wanted(text) WHERE strpos(whole::text, wanted.text) > 0) LIMIT 1`,
      [customerId, held],
    )
    if ((rowCount ?? 0) > 0) return true
  }
  return false
}

/** Whether one of the ids is the value of a column: a table that only refers to a record has it within some payload. */
async function holdsAny(client: pg.Client, table: string, ids: readonly string[]): Promise<boolean> {
  const { rowCount } = await client.query(
    `SELECT FROM ${table} AS whole
     WHERE EXISTS (SELECT FROM jsonb_each_text(to_jsonb(whole)) AS field WHERE field.value = ANY($1)) LIMIT 1`,
    [ids],
  )
  return (rowCount ?? 0) > 0
}
