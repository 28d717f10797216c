import { randomUUID } from 'node:crypto'
import { findMentions } from '../../database/mentions.ts'
import type { ProviderLab } from '../../providers/lab.ts'
import type { Administrator } from '../../subject/administrator.ts'
import type { AuditEntry } from '../../subject/audit-log.ts'
import type { AroClient, AroEvent } from '../../subject/client.ts'
import { sign } from '../../subject/deliveries.ts'
import type { UnsignedDelivery } from '../../subject/deliveries.ts'
import type { EventFeed } from '../../subject/event-feed.ts'
import type { ConsentedCustomer } from '../../subject/consented.ts'
import type { Answer } from '../../subject/request.ts'

/** One instance with the administrator's session on it. */
export interface Instance {
  client: AroClient
  administrator: Administrator
}

/** Where requests are sent at once, and the witnesses of what they lead to. */
export interface Ground {
  instances: readonly [Instance, ...Instance[]]
  feed: EventFeed
  databaseUrl: string
  providers: ProviderLab
}

/** One request of many; it carries the correlation id by which its effects are found. */
export type Send = (instance: Instance, correlationId: string) => Promise<Pick<Answer, 'status'>>

/** What a person is found by. */
export interface Subjects {
  phone: string
  ids: readonly string[]
}

/** Requests that were sent at once. */
export interface Volley {
  correlationIds: ReadonlySet<string>
  statuses: Record<string, number>
  /** Statuses in the order of the requests; null where there was no answer. */
  answers: (number | null)[]
}

/** Sends all at the same time, each through the next instance. */
export async function sendAtOnce({ instances }: Ground, sends: readonly Send[]): Promise<Volley> {
  const correlationIds = sends.map(() => randomUUID())
  const answers = await Promise.all(
    sends.map(async (send, index) => {
      const instance = instances[index % instances.length] ?? instances[0]
      const answer = await send(instance, correlationIds[index] ?? '').catch(() => null)
      return answer?.status ?? null
    }),
  )
  const statuses: Record<string, number> = {}
  for (const status of answers) statuses[status ?? 'none'] = (statuses[status ?? 'none'] ?? 0) + 1
  return { correlationIds: new Set(correlationIds), statuses, answers }
}

/** How many were answered with 2xx. */
export const acceptedOf = ({ answers }: Volley): number =>
  answers.filter((status) => status !== null && status >= 200 && status < 300).length

const startedAt = Math.floor(Date.now() / 1000)
let signatures = 0

/** Delivers a webhook, signed at another second each time: as a provider that sends the same event again. */
export function delivering(unsigned: UnsignedDelivery): Send {
  return ({ client }, correlationId) => {
    signatures += 1
    const { subject, tenant, url } = client
    const at = Math.max(startedAt, Math.floor(Date.now() / 1000) - 60) - (signatures % 100)
    return client.deliver({ ...sign(unsigned, { subject, tenant, url, at }), correlationId })
  }
}

/** Asks the admin API. */
export const asking =
  (method: string, path: string, body?: unknown): Send =>
  ({ administrator }, correlationId) =>
    administrator.send(method, path, body, { 'X-Correlation-Id': correlationId })

/** What a customer is found by. */
export const subjectsOf = ({ booking, customer }: ConsentedCustomer): Subjects => ({
  phone: booking.person.phone,
  ids: [customer.id, booking.appointmentId],
})

/** Events that requests sent at once led to. */
export const eventsOf = ({ feed }: Ground, { correlationIds }: Volley): AroEvent[] =>
  feed.items.filter(({ metadata }) => correlationIds.has(metadata.correlationId ?? ''))

/** Text messages that reached a number. */
export const messagesTo = ({ providers }: Ground, phone: string): number =>
  providers.journal.messages().filter(({ to }) => to === phone).length

/** What an audit entry says was done, under whichever name the subject has for it. */
export const deedOf = (entry: AuditEntry): string =>
  String(entry['action'] ?? entry['event'] ?? entry['what'] ?? entry['type'])

const reading = /read|list|view|export|log.?in/i
const notes = /audit|log|rate|session/i

/** Everything that a volley did to a person: events by type, audit entries by deed, rows by table, messages. */
export async function effectsOf(
  ground: Ground,
  volley: Volley,
  { phone, ids }: Subjects,
  log: readonly AuditEntry[],
): Promise<Record<string, number>> {
  // what the events are about has an id of its own, which is known only now
  const events = eventsOf(ground, volley)
  const known = [...new Set([...ids, ...events.map(({ aggregate }) => aggregate.id)])]
  const effects: Record<string, number> = { 'messages at the provider': messagesTo(ground, phone) }
  const add = (what: string): void => void (effects[what] = (effects[what] ?? 0) + 1)
  for (const { eventType } of events) add(`events ${eventType}`)
  for (const entry of log) {
    const text = JSON.stringify(entry)
    if (!reading.test(deedOf(entry)) && known.some((id) => text.includes(id))) add(`audit entries ${deedOf(entry)}`)
  }
  for (const { table, rows } of await findMentions(ground.databaseUrl, [phone, ...known], { leavingOut: notes }))
    effects[`rows in ${table}`] = rows
  return effects
}
