import { z } from 'zod'
import type { Administrator } from '../../subject/administrator.ts'
import type { ConsentTrial } from './judge.ts'
import type { Addressee, Stage } from './people.ts'
import { untilTrue } from '../../subject/waiting.ts'

type ConsentRecord = ConsentTrial['records'][number]

const entrySchema = z.record(z.string(), z.unknown())
const exportSchema = z.looseObject({ consents: z.array(entrySchema) })

const isGrant = (value: unknown): boolean | undefined => {
  if (typeof value === 'boolean') return value
  if (typeof value !== 'string') return undefined
  if (/withdraw|revok|denied|opted?.?out|stop|false/i.test(value)) return false
  return /grant|given|opted?.?in|true/i.test(value) ? true : undefined
}

const named = (entry: Record<string, unknown>, name: RegExp, isValue: (value: string) => boolean): string | null => {
  const found = Object.entries(entry).find(
    ([key, value]) =>
      name.test(key) && (typeof value === 'string' || typeof value === 'number') && isValue(String(value)),
  )
  return found === undefined ? null : String(found[1])
}

/** Everything before the trial's hours went by lies further back than this. */
const toleranceMilliseconds = 60_000

interface Change {
  what: string
  isGranted: boolean
  /** When it was changed at the earliest, in milliseconds since the epoch. */
  since: number
}

/** What the export of a customer says of a consent given, or withdrawn, since a moment. */
async function readRecord(
  administrator: Administrator,
  customerId: string,
  { what, isGranted, since }: Change,
): Promise<ConsentRecord> {
  const answer = await administrator.send('GET', `/customers/${customerId}/export`)
  if (answer.status !== 200) throw new Error(`GET /customers/{id}/export: expected 200, got ${answer.status}`)
  const parsed = exportSchema.safeParse(answer.json)
  const entries = (parsed.data?.consents ?? []).filter((one) =>
    Object.entries(one).some(
      ([key, value]) => /grant|consent|status|state|action|type|opt/i.test(key) && isGrant(value) === isGranted,
    ),
  )
  const timeOf = (entry: Record<string, unknown>, isTime: (time: number) => boolean): string | null =>
    named(entry, /at$|when|time|date/i, (value) => isTime(Date.parse(value)))
  const isRecent = (time: number): boolean =>
    time >= since - toleranceMilliseconds && time <= Date.now() + toleranceMilliseconds
  const entry =
    entries.find((one) => timeOf(one, isRecent) !== null) ??
    // one of another time is the record of something else
    entries.find((one) => timeOf(one, (time) => !Number.isNaN(time)) === null)
  if (entry === undefined) return { what, isRight: false, who: null, when: null, how: null }
  return {
    what,
    isRight: true,
    who: named(
      entry,
      /by|who|actor|source|user|recorded/i,
      (value) => value.trim() !== '' && Number.isNaN(Date.parse(value)),
    ),
    when: timeOf(entry, isRecent),
    how: named(entry, /method|how|channel|via|source|medium/i, (value) => value.trim() !== ''),
  }
}

/** The records of consents given before hours went by, and withdrawn after that. */
export function readWithdrawals(
  { administrator }: Stage,
  given: readonly Addressee[],
  leaving: readonly Addressee[],
  { givenAt, withdrawnAt }: { givenAt: number; withdrawnAt: number },
): Promise<ConsentRecord[]> {
  const idOf = (addressees: readonly Addressee[], by: Addressee['withdrawnBy']): string =>
    oneOf(addressees, by).person.customer.id
  const asGiven = { what: 'consent recorded by an administrator', isGranted: true, since: givenAt }
  const byReply = { what: 'consent withdrawn by a reply', isGranted: false, since: withdrawnAt }
  const byHand = { what: 'consent withdrawn by an administrator', isGranted: false, since: withdrawnAt }
  return Promise.all([
    readRecord(administrator, idOf(given, null), asGiven),
    readRecord(administrator, idOf(leaving, 'the customer by reply'), byReply),
    readRecord(administrator, idOf(leaving, 'an administrator'), byHand),
  ])
}

/** The records of consents that are given again: by START, and by an administrator. */
export async function tryReturns(
  { app, administrator }: Stage,
  leaving: readonly Addressee[],
): Promise<ConsentRecord[]> {
  const since = Date.now()
  const byReply = oneOf(leaving, 'the customer by reply').person
  const byHand = oneOf(leaving, 'an administrator').person
  const people = [byReply, byHand]
  await Promise.all([
    app.client.reply(byReply.booking.person.phone, 'START'),
    administrator.recordConsent(byHand.customer.id, true),
  ])
  await untilTrue('consents given again to be shown', async () =>
    (await Promise.all(people.map(({ booking }) => administrator.isConsentGranted(booking.person.phone)))).every(
      Boolean,
    ),
  )
  return Promise.all([
    readRecord(administrator, byReply.customer.id, { what: 'consent given again by START', isGranted: true, since }),
    readRecord(administrator, byHand.customer.id, {
      what: 'consent given again by an administrator',
      isGranted: true,
      since,
    }),
  ])
}

function oneOf(addressees: readonly Addressee[], by: Addressee['withdrawnBy']): Addressee {
  const found = addressees.find(({ withdrawnBy }) => withdrawnBy === by)
  if (found === undefined) throw new Error('Expected a customer whose consent record can be read, there is none.')
  return found
}
