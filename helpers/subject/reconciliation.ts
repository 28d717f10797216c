import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import type { Journal } from '../providers/journal.ts'
import type { Administrator } from './administrator.ts'
import type { AroClient, AroEvent } from './client.ts'
import { isAbout, isOpen, listDeadLetters } from './dead-letters.ts'
import type { DeadLetter } from './dead-letters.ts'
import type { AskKind, Ledger, LedgerEntry } from './ledger.ts'

const count = z.int().nonnegative()

/** What came of all that was asked: accepted = effected + dead + unaccounted, nothing twice, nothing both. */
export const reconciliationSchema = z.object({
  accepted: count,
  refused: count,
  unanswered: count,
  effected: count,
  /** Accepted, without effect, and among the dead letters. */
  dead: count,
  /** Accepted, without effect, and no dead letter: pending at best, or lost. */
  unaccounted: z.array(z.string()),
  /** With more than one effect, whether accepted or not. */
  repeated: z.array(z.string()),
  /** With an effect, and an open dead letter as well. */
  deadAndEffected: z.array(z.string()),
  /** With more than one open dead letter. */
  deadTwice: z.array(z.string()),
  /** Refused, and yet with an effect. */
  effectedThoughRefused: z.array(z.string()),
  settledAfterMilliseconds: z.number().nonnegative(),
})

/** @see reconciliationSchema */
export type Reconciliation = z.infer<typeof reconciliationSchema>

/** Where the effects of what was asked are looked for. */
export interface Witnesses {
  client: AroClient
  administrator: Administrator
  journal: Journal
}

/** A step that helps waiting work along, such as letting time go by, and how long to look on afterwards. */
export interface Patience {
  withinMilliseconds: number
  help?: () => Promise<unknown>
}

/** Waits until everything accepted has its effect or is dead, helped along where it takes long, and says what came of all. */
export async function reconcile(
  ledger: Ledger,
  witnesses: Witnesses,
  patience: readonly Patience[],
): Promise<Reconciliation> {
  const startedAt = performance.now()
  let effects = await readEffects(ledger, witnesses)
  const isSettled = (): boolean =>
    ledger.of('accepted').every((entry) => effects.of(entry) + effects.letters(entry) > 0)
  for (const { withinMilliseconds, help } of patience) {
    if (isSettled()) break
    await help?.()
    const deadline = performance.now() + withinMilliseconds
    while (!isSettled() && performance.now() < deadline) {
      await sleep(100)
      effects = await readEffects(ledger, witnesses).catch(() => effects)
    }
  }
  const settledAfterMilliseconds = performance.now() - startedAt
  const accepted = ledger.of('accepted')
  const effected = accepted.filter((entry) => effects.of(entry) > 0)
  const without = accepted.filter((entry) => effects.of(entry) === 0)
  const named = (matches: (entry: LedgerEntry) => boolean, among = ledger.entries): string[] =>
    among.filter(matches).map(({ kind, marker }) => `${kind} ${marker}`)
  return {
    accepted: accepted.length,
    refused: ledger.of('refused').length,
    unanswered: ledger.of('unanswered').length,
    effected: effected.length,
    dead: without.filter((entry) => effects.letters(entry) > 0).length,
    unaccounted: named((entry) => effects.letters(entry) === 0, without),
    repeated: named((entry) => effects.of(entry) > 1),
    deadAndEffected: named((entry) => effects.of(entry) > 0 && effects.letters(entry) > 0),
    deadTwice: named((entry) => effects.letters(entry) > 1),
    effectedThoughRefused: named((entry) => effects.of(entry) > 0, ledger.of('refused')),
    settledAfterMilliseconds,
  }
}

interface Effects {
  /** How often something took effect. */
  of(entry: LedgerEntry): number
  /** How many open dead letters are about it. */
  letters(entry: LedgerEntry): number
}

async function readEffects(ledger: Ledger, witnesses: Witnesses): Promise<Effects> {
  const { client, administrator, journal } = witnesses
  const kinds = new Set(ledger.entries.map(({ kind }) => kind))
  const [letters, events, appointments] = await Promise.all([
    listDeadLetters(administrator),
    kinds.has('reply') || kinds.has('command') || kinds.has('booking') ? client.events() : undefined,
    kinds.has('booking') ? countAppointments(administrator, ledger) : undefined,
  ])
  const byCorrelation = Map.groupBy(events?.items ?? [], (event) => event.metadata.correlationId ?? '')
  const eventsOf = (entry: LedgerEntry): AroEvent[] => entry.correlationIds.flatMap((id) => byCorrelation.get(id) ?? [])
  const open = letters.filter(isOpen)
  const counters: Record<AskKind, (entry: LedgerEntry) => number> = {
    booking: (entry) => Math.max(appointments?.get(entry.phone ?? '') ?? 0, mostRepeated(eventsOf(entry), 2)),
    message: (entry) => journal.messages().filter(({ body }) => body.includes(entry.marker)).length,
    reply: (entry) => mostRepeated(eventsOf(entry), 1),
    command: (entry) => mostRepeated(eventsOf(entry), 1),
  }
  return {
    of: (entry) => counters[entry.kind](entry),
    letters: (entry) => open.filter((letter) => isAboutEntry(letter, entry)).length,
  }
}

const isAboutEntry = (letter: DeadLetter, entry: LedgerEntry): boolean =>
  isAbout(letter, [...entry.correlationIds, entry.marker, entry.id ?? ''])

/** How often the most frequent event was told, word for word; less than `least` times counts as never. */
function mostRepeated(events: readonly AroEvent[], least: number): number {
  const same = Map.groupBy(events, ({ eventType, aggregate, payload }) =>
    JSON.stringify([eventType, aggregate.type, aggregate.id, payload]),
  )
  const most = Math.max(0, ...[...same.values()].map(({ length }) => length))
  return most < least ? 0 : most
}

const peopleSchema = z.looseObject({ items: z.array(z.looseObject({ id: z.string(), phone: z.string() })) })
const appointmentsSchema = z.looseObject({ items: z.array(z.looseObject({ id: z.string(), customerId: z.string() })) })

/** Appointments of each number in the ledger. A number that two customers have counts the appointments of both. */
async function countAppointments(administrator: Administrator, ledger: Ledger): Promise<Map<string, number>> {
  const [people, appointments] = await Promise.all([
    readAll(administrator, '/customers', (json) => peopleSchema.parse(json).items),
    readAll(administrator, '/appointments', (json) => appointmentsSchema.parse(json).items),
  ])
  const asked = new Set(ledger.entries.map(({ phone }) => phone))
  const counts = new Map<string, number>()
  const phoneOf = new Map(people.map(({ id, phone }) => [id, phone]))
  for (const { customerId } of appointments) {
    const phone = phoneOf.get(customerId)
    if (phone !== undefined && asked.has(phone)) counts.set(phone, (counts.get(phone) ?? 0) + 1)
  }
  return counts
}

/** All items of a list of the admin API. */
async function readAll<Item extends { id: string }>(
  administrator: Administrator,
  path: string,
  parse: (json: unknown) => Item[],
): Promise<Item[]> {
  const limit = 100
  const items = new Map<string, Item>()
  for (let page = 1; ; page += 1) {
    const answer = await administrator.send('GET', `${path}?page=${page}&limit=${limit}`)
    if (answer.status !== 200) throw new Error(`GET ${path}: expected 200, got ${answer.status}`)
    const known = items.size
    const read = parse(answer.json)
    for (const item of read) items.set(item.id, item)
    if (read.length < limit || items.size === known) return [...items.values()]
  }
}
