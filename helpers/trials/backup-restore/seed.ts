import { setTimeout as sleep } from 'node:timers/promises'
import { multiplyPerson } from '../../database/multiply.ts'
import { answerWithStatus } from '../../faults/provider-status.ts'
import type { Administrator } from '../../subject/administrator.ts'
import type { AroEvent, CommandBody } from '../../subject/client.ts'
import { makeConsentedCustomers } from '../../subject/consented.ts'
import type { ConsentedCustomer } from '../../subject/consented.ts'
import { isAbout, isOpen, listDeadLetters } from '../../subject/dead-letters.ts'
import { makeMarker } from '../../subject/ledger.ts'
import type { Answer } from '../../subject/request.ts'
import { Canaries, makeApiKey, plantEnvironment } from '../secrets-encryption/canaries.ts'
import { writeKey } from '../secrets-encryption/measure.ts'
import { keyOf } from '../secrets-encryption/use.ts'
import type { Needs } from './tools.ts'

/** What was brought into the source, and how its API shows it. */
export interface Seeded {
  secrets: Canaries
  /** Personal data by label. */
  personal: Record<string, string>
  bookings: number
  rowsMadeByCopying: number
  administrator: Administrator
  /** Whom a message may be sent to, and who has opted out. */
  kept: ConsentedCustomer
  leaver: ConsentedCustomer
  /** The API key with which messages leave. */
  smsKey: string
  letterId: string
  command: { headers: Record<string, string>; body: CommandBody; answer: Answer }
  views: { path: string; text: string }[]
  events: AroEvent[]
}

const withinMilliseconds = 15_000
const copiesInAll = 4000

/** Brings data in through every way there is. @throws when a genuine request is refused. */
export async function seed(needs: Needs): Promise<Seeded> {
  const { app, providers, run, database } = needs
  const { client } = app
  const secrets = new Canaries()
  plantEnvironment(secrets, run, run.tenants, database.proxy.url)
  const personal: Record<string, string> = {}
  const [administrator, other] = await Promise.all([client.administrator(), client.administrator(client.otherTenant)])
  const plant = (label: string, provider: 'twilio' | 'stripe' | 'llm'): string =>
    secrets.plant('integrations API', label, makeApiKey[provider](), [provider])
  const smsKey = plant('stored Twilio key', 'twilio')
  await writeKey(administrator, 'twilio', smsKey)
  await writeKey(administrator, 'stripe', plant('stored Stripe key', 'stripe'))
  await writeKey(other, 'llm', plant('stored LLM key of another tenant', 'llm'))
  const [kept, leaver, failing, talker] = await makeConsentedCustomers(client, administrator, 4)
  const [stranger] = await makeConsentedCustomers(client, other, 1, client.otherTenant)
  if (!kept || !leaver || !failing || !talker || !stranger) throw new Error('Expected five customers, there are fewer.')
  const people = { kept, leaver, failing, talker, stranger }
  for (const [who, { booking }] of Object.entries(people)) {
    for (const [what, text] of Object.entries(booking.person))
      personal[`the ${what} of a customer (${who})`] = String(text)
  }
  const body = (label: string): string => (personal[label] = `see you soon, ${makeMarker()} ${makeMarker()}`)

  const mark = providers.journal.mark()
  await administrator.queueMessage(kept.customer.id, `We ${body('the body of a message')}. Reply STOP to unsubscribe`)
  await client.reply(talker.booking.person.phone, `Hm, that thing, ${body('the body of a reply')}`)
  await client.reply(leaver.booking.person.phone, 'STOP')
  await until(
    'consent withdrawn by STOP',
    async () => !(await administrator.isConsentGranted(leaver.booking.person.phone)),
  )
  await until('a message to leave with the stored key', () =>
    Promise.resolve(
      providers.journal.since(mark).some((entry) => entry.provider === 'twilio' && keyOf(entry) === smsKey),
    ),
  )
  const letterId = await makeDeadLetter(needs, administrator, failing, body('the body of a message that failed'))
  const made = client.makeCommand()
  const answer = await client.send({ method: 'POST', path: client.subject.paths.commands, ...made })
  if (answer.status >= 300)
    throw new Error(`A genuine command was refused with ${answer.status}: ${answer.text.slice(0, 200)}`)
  const appointment = await administrator.awaitAppointment(kept.customer.id)
  await administrator.send('PUT', `/appointments/${appointment.id}`, { status: 'confirmed' })
  const { person, appointmentId: calendarId, scheduledAt } = kept.booking
  const rowsMadeByCopying = await multiplyPerson(
    database.url,
    { ...person, customerId: kept.customer.id, calendarId, appointmentId: appointment.id, scheduledAt },
    { first: 1, count: copiesInAll },
  ).then(
    ({ rows }) => Object.values(rows).reduce((sum, count) => sum + count, 0),
    // a subject that seals what it holds on people has rows that cannot be copied
    () => 0,
  )
  return {
    secrets,
    personal,
    rowsMadeByCopying,
    administrator,
    kept,
    leaver,
    smsKey,
    letterId,
    bookings: Object.keys(people).length,
    command: { ...made, answer },
    views: await readViews(administrator, viewsOf(kept, leaver)),
    events: (await client.events()).items,
  }
}

const viewsOf = (...customers: ConsentedCustomer[]): string[] =>
  customers.flatMap(({ customer: { id } }) => [`/customers/${id}`, `/appointments?customer_id=${id}`])

/** What the admin API shows. */
export function readViews(administrator: Administrator, paths: readonly string[]): Promise<Seeded['views']> {
  return Promise.all(
    paths.map(async (path) => {
      const { status, text } = await administrator.send('GET', path)
      return { path, text: `${status} ${text}` }
    }),
  )
}

/** A message that the provider refuses for good, and the id of its letter. */
async function makeDeadLetter(
  { providers }: Needs,
  administrator: Administrator,
  { customer }: ConsentedCustomer,
  text: string,
): Promise<string> {
  await using fault = await providers.fault('twilio', {
    ...answerWithStatus({ status: 400 }),
    matches: ({ form }) => form?.Body?.includes(text) === true,
  })
  const messageId = await administrator.queueMessage(customer.id, `We ${text}. Reply STOP to unsubscribe`)
  let letterId = ''
  await until('a dead letter for a message that the provider refused with 400', async () => {
    const letters = await listDeadLetters(administrator)
    letterId = letters.find((letter) => isOpen(letter) && isAbout(letter, [messageId, customer.id]))?.id ?? ''
    return letterId !== ''
  })
  await fault.end()
  return letterId
}

/** Waits for something, asking less and less often, since requests of an administrator are counted. @throws when it does not come. */
export async function until(what: string, condition: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + withinMilliseconds
  for (let pause = 25; !(await condition()); pause = Math.min(400, pause * 1.4)) {
    if (performance.now() > deadline) throw new Error(`Expected ${what} within ${withinMilliseconds} ms, saw none.`)
    await sleep(pause)
  }
}
