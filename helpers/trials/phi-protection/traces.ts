import { z } from 'zod'
import { withClient } from '../../database/client.ts'
import { listTables } from '../../database/tables.ts'
import type { AuditEntry } from '../../subject/audit-log.ts'
import type { AroEvent } from '../../subject/client.ts'
import type { OutputLine } from '../../subject/output.ts'
import { formOf, searchable } from './search.ts'

/** What the subject wrote while it was asked to send texts. */
export interface Traces {
  lines: readonly OutputLine[]
  entries: readonly AuditEntry[]
  events: readonly AroEvent[]
  /** Rows of the tables beneath audit log and events. */
  rows: readonly { table: string; text: string }[]
}

/** Reads the tables that are called after logs, audits or events: what the API does not show of a record is recorded all the same. */
export function readRecordTables(url: string): Promise<Traces['rows']> {
  return withClient(url, async (client) => {
    const rows: { table: string; text: string }[] = []
    for (const { schema, name, qualified } of await listTables(client)) {
      if (!/audit|event|outbox|(?:^|_)logs?(?:_|$)/i.test(name)) continue
      const found = await client.query<{ text: string }>(`SELECT t::text AS text FROM ${qualified} t`)
      rows.push(...found.rows.map(({ text }) => ({ table: `${schema}.${name}`, text })))
    }
    return rows
  })
}

const passing = /^(?:[\d.:+TZ-]+|[\da-f]{16,}|[\da-f]{8}-[\da-f-]{27}|\+\d+|)$/i

/** What a record says, without what differs each time: numbers, times, ids. */
export function shapeOf(record: string): string {
  const texts = stringsOf(parse(record)).filter((text) => !passing.test(text))
  return texts
    .map((text) => text.replaceAll(/[\da-f]{8}-[\da-f-]{27}|\d+/gi, '#'))
    .toSorted()
    .join(' | ')
}

function parse(record: string): unknown {
  try {
    return JSON.parse(record)
  } catch {
    return record
  }
}

function stringsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(stringsOf) : []
}

/**
 * Finds whether the log or the audit log has a record of its own for a refused request: one that no other request leaves, refused
 * for its form or accepted.
 */
export function noteFinder(
  traces: Traces,
  usual: ReadonlySet<string>,
  refused: readonly { person: { customer: { id: string } } }[],
): (ids: { request: string; customer: string }) => boolean {
  const isOwn = (record: string): boolean => !usual.has(shapeOf(record))
  const own = recordsOf(traces).filter(isOwn)
  const entries = traces.entries.map((entry) => JSON.stringify(entry)).filter(isOwn)
  const customers = refused.map(({ person }) => person.customer.id)
  const ofNobody = entries.filter((entry) => !customers.some((id) => entry.includes(id)))
  return ({ request, customer }) =>
    own.some((record) => record.includes(request)) ||
    // an audit log that shows no correlation ids tells of the customer, or of nobody, once for each refusal
    entries.filter((entry) => entry.includes(customer)).length >= customers.filter((id) => id === customer).length ||
    ofNobody.length >= customers.length
}

const recordsOf = ({ lines, entries }: Traces): string[] => [
  ...lines.map(({ text }) => text),
  ...entries.map((entry) => JSON.stringify(entry)),
]

/** The records of these requests, by their shape. */
export function shapesOf(traces: Traces, requests: readonly string[]): Set<string> {
  const records = recordsOf(traces).filter((record) => requests.some((id) => record.includes(id)))
  return new Set(records.map(shapeOf))
}

const namedSchema = z.looseObject({ action: z.string().optional(), eventType: z.string().optional() })

/** Finds in which records refused words stand; reads them once. */
export function quoteFinder({ lines, entries, events, rows }: Traces): (word: string) => string[] {
  const nameOf = (record: unknown): string => {
    const { action, eventType } = namedSchema.safeParse(record).data ?? {}
    return action ?? eventType ?? 'without a name'
  }
  const kinds = [
    lines.map(({ stream, text }) => ({ place: `a log line (${stream})`, text })),
    entries.map((entry) => ({ place: `the audit entry ${nameOf(entry)}`, text: JSON.stringify(entry) })),
    rows.map(({ table, text }) => ({ place: `a row of ${table}`, text })),
    events.map((event) => ({ place: `the event ${nameOf(event)}`, text: JSON.stringify(event) })),
  ].map((records) => ({ records, all: searchable(records.map(({ text }) => text).join('\n')) }))
  return (word) =>
    kinds.flatMap(({ records, all }) => {
      if (formOf(word, all) === undefined) return []
      const holders = records.filter(({ text }) => formOf(word, searchable(text)) !== undefined)
      return [...new Set(holders.map(({ place }) => place))]
    })
}
