import { randomUUID } from 'node:crypto'
import { answerWithStatus } from '../faults/provider-status.ts'
import type { Fault } from '../faults/fault.ts'
import type { ProviderLab } from '../providers/lab.ts'
import type { Administrator } from './administrator.ts'
import type { AroClient } from './client.ts'
import { isAbout, listDeadLetters } from './dead-letters.ts'
import type { Tenant } from './facilities.ts'
import { makeMarker } from './ledger.ts'
import { makeBooking } from './people.ts'
import type { Booking, Person } from './people.ts'
import { untilTrue } from './waiting.ts'

/** What people are made known with. */
export interface KnownPersonStage {
  client: AroClient
  /** Of the tenant to whom they become known. */
  administrator: Administrator
  providers: ProviderLab
  /** The first unless it is another. */
  tenant?: Tenant
}

/** Somebody on whom the subject holds all that it can. */
export interface KnownPerson {
  person: Person
  customerId: string
  appointmentId: string
  commandId: string
  messageIds: string[]
  /** Texts that only this person has, by what they are. */
  canaries: Record<string, string>
}

/** How long the provider asks to wait: longer than anybody waits with the job in hand. */
export const waitsSeconds = 600

/**
 * Makes a person known through every way in: booking with notes, command, reply, message, dead letter, and what an administrator
 * changes. @throws when a genuine step is refused.
 */
export async function makeKnown(stage: KnownPersonStage, given: Partial<Person> = {}): Promise<KnownPerson> {
  const { client, administrator, providers, tenant = client.tenant } = stage
  const serviceType = `visit ${makeMarker()}`
  const [notes, said, sent, failed] = [makeMarker(), makeMarker(), makeMarker(), makeMarker()]
  const booking = makeBooking({ serviceType })
  const person = { ...booking.person, ...given }
  const takesNotes = await bookWithNotes(client, { ...booking, person }, { notes, tenant })
  const { id: customerId } = await administrator.awaitCustomer(person.phone)
  const { id: appointmentId } = await administrator.awaitAppointment(customerId)
  await administrator.recordConsent(customerId, true)
  const commandId = await bookByCommand(client, person, tenant)
  const { answer } = await client.reply(person.phone, `Is there a car park, ${said}?`, tenant)
  expectAccepted('a reply', answer)
  const sentId = await administrator.queueMessage(customerId, textWith(sent))
  await using refusal = await providers.fault('twilio', {
    ...answerWithStatus({ status: 400 }),
    matches: ({ form }) => form?.Body?.includes(failed) === true,
  })
  const failedId = await administrator.queueMessage(customerId, textWith(failed))
  await untilTrue('a message to reach its addressee, and a refused one to become a dead letter', async () => {
    if (!providers.journal.messages().some(({ body }) => body.includes(sent))) return false
    return (await listDeadLetters(administrator)).some((letter) => isAbout(letter, [failedId, customerId]))
  })
  await refusal.end()
  const changed = await administrator.send('PUT', `/appointments/${appointmentId}`, { status: 'confirmed' })
  if (changed.status !== 200) throw new Error(`PUT /appointments/{id}: expected 200, got ${changed.status}`)
  return {
    person,
    customerId,
    appointmentId,
    commandId,
    messageIds: [sentId, failedId],
    canaries: {
      'the name': person.name,
      'the phone number': person.phone.slice(1),
      'the e-mail address': person.email,
      'the service type': serviceType,
      ...(takesNotes ? { 'the notes': notes } : {}),
      'a reply': said,
      'a message': sent,
      'a message that failed': failed,
    },
  }
}

/** A message that the provider has asked to send later, and the fault that goes on asking. */
export async function queueWaiting(
  { administrator, providers }: KnownPersonStage,
  known: KnownPerson,
): Promise<{ marker: string; fault: Fault }> {
  const marker = makeMarker()
  const fault = await providers.fault('twilio', {
    ...answerWithStatus({ status: 429, headers: { 'Retry-After': String(waitsSeconds) } }),
    matches: ({ form }) => form?.Body?.includes(marker) === true,
  })
  known.messageIds.push(await administrator.queueMessage(known.customerId, textWith(marker)))
  known.canaries['a message that waits'] = marker
  await untilTrue('a message to wait for the provider', () =>
    providers.journal.calls('twilio').some(({ form }) => form?.Body?.includes(marker) === true),
  )
  return { marker, fault }
}

/** Books with notes where the subject takes any, which the contract speaks of, and without where it does not. */
async function bookWithNotes(
  client: AroClient,
  booking: Booking,
  { notes, tenant }: { notes: string; tenant: Tenant },
): Promise<boolean> {
  const { answer } = await client.book({ ...booking, extras: { notes } }, tenant)
  if (answer.status < 300) return true
  expectAccepted('a booking', (await client.book(booking, tenant)).answer)
  return false
}

async function bookByCommand(client: AroClient, person: Person, tenant: Tenant): Promise<string> {
  const { headers, body } = client.makeCommand(tenant)
  const scheduledAt = new Date(Date.now() + 96 * 3_600_000).toISOString()
  const payload = { ...body.payload, customer: { ...person }, scheduledAt }
  const command = { ...body, aggregate: { ...body.aggregate, id: randomUUID() }, payload }
  const { paths } = client.subject
  expectAccepted('a command', await client.send({ method: 'POST', path: paths.commands, headers, body: command }))
  return body.commandId
}

const textWith = (marker: string): string => `We look forward to seeing you, ${marker}. Reply STOP to unsubscribe`

function expectAccepted(what: string, { status, text }: { status: number; text: string }): void {
  if (status !== 200 && status !== 202)
    throw new Error(`${what}: expected 200 or 202, got ${status}: ${text.slice(0, 200)}`)
}
