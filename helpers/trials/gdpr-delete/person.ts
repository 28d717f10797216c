import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { answerWithStatus } from '../../faults/provider-status.ts'
import type { Fault } from '../../faults/fault.ts'
import type { ProviderLab } from '../../providers/lab.ts'
import type { Administrator } from '../../subject/administrator.ts'
import type { AroClient } from '../../subject/client.ts'
import { isAbout, listDeadLetters } from '../../subject/dead-letters.ts'
import { makeMarker } from '../../subject/ledger.ts'
import { makeBooking } from '../../subject/people.ts'
import type { Person } from '../../subject/people.ts'
import type { ErasureTrial } from './judge.ts'

/** What people are made known with. */
export interface Stage {
  client: AroClient
  administrator: Administrator
  providers: ProviderLab
}

/** Somebody on whom the subject holds all that it can. */
export interface KnownPerson {
  who: ErasureTrial['erasures'][number]['who'] | 'a neighbour'
  person: Person
  customerId: string
  appointmentId: string
  commandId: string
  messageIds: string[]
  /** Texts that only this person has, by what they are. */
  canaries: Record<string, string>
}

const withinMilliseconds = 10_000
/** How long the provider asks to wait: longer than anybody waits with the job in hand. */
export const waitsSeconds = 600

/** Makes a person known through every way in: booking, command, reply, message, dead letter, and what an administrator changes. */
export async function makeKnown(stage: Stage, who: KnownPerson['who']): Promise<KnownPerson> {
  const { client, administrator, providers } = stage
  const serviceType = `visit ${makeMarker()}`
  const booking = makeBooking({ serviceType })
  const { person } = booking
  const said = makeMarker()
  const [sent, failed] = [makeMarker(), makeMarker()]
  await expectAccepted(
    'a booking',
    client.book(booking).then(({ answer }) => answer),
  )
  const { id: customerId } = await administrator.awaitCustomer(person.phone)
  const { id: appointmentId } = await administrator.awaitAppointment(customerId)
  await administrator.recordConsent(customerId, true)
  const commandId = await bookByCommand(client, person)
  await expectAccepted(
    'a reply',
    client.reply(person.phone, `Is there a car park, ${said}?`).then(({ answer }) => answer),
  )
  const sentId = await administrator.queueMessage(customerId, textWith(sent))
  await using refusal = await providers.fault('twilio', {
    ...answerWithStatus({ status: 400 }),
    matches: ({ form }) => form?.Body?.includes(failed) === true,
  })
  const failedId = await administrator.queueMessage(customerId, textWith(failed))
  await until('a message to reach its addressee, and a refused one to become a dead letter', async () => {
    if (!providers.journal.messages().some(({ body }) => body.includes(sent))) return false
    return (await listDeadLetters(administrator)).some((letter) => isAbout(letter, [failedId, customerId]))
  })
  await refusal.end()
  const changed = await administrator.send('PUT', `/appointments/${appointmentId}`, { status: 'confirmed' })
  if (changed.status !== 200) throw new Error(`PUT /appointments/{id}: expected 200, got ${changed.status}`)
  if (who === 'a customer who had opted out') {
    await client.reply(person.phone, 'STOP')
    await until('consent to be withdrawn by STOP', async () => !(await administrator.isConsentGranted(person.phone)))
  }
  return {
    who,
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
      'a reply': said,
      'a message': sent,
      'a message that failed': failed,
    },
  }
}

/** A message that the provider has asked to send later, and the fault that goes on asking. */
export async function queueWaiting(
  { administrator, providers }: Stage,
  known: KnownPerson,
): Promise<{ marker: string; fault: Fault }> {
  const marker = makeMarker()
  const fault = await providers.fault('twilio', {
    ...answerWithStatus({ status: 429, headers: { 'Retry-After': String(waitsSeconds) } }),
    matches: ({ form }) => form?.Body?.includes(marker) === true,
  })
  known.messageIds.push(await administrator.queueMessage(known.customerId, textWith(marker)))
  known.canaries['a message that waits'] = marker
  await until('a message to wait for the provider', async () =>
    providers.journal.calls('twilio').some(({ form }) => form?.Body?.includes(marker) === true),
  )
  return { marker, fault }
}

async function bookByCommand(client: AroClient, person: Person): Promise<string> {
  const { headers, body } = client.makeCommand()
  const scheduledAt = new Date(Date.now() + 96 * 3_600_000).toISOString()
  const payload = { ...body.payload, customer: { ...person }, scheduledAt }
  const command = { ...body, aggregate: { ...body.aggregate, id: randomUUID() }, payload }
  await expectAccepted(
    'a command',
    client.send({ method: 'POST', path: client.subject.paths.commands, headers, body: command }),
  )
  return body.commandId
}

const textWith = (marker: string): string => `We look forward to seeing you, ${marker}. Reply STOP to unsubscribe`

async function expectAccepted(what: string, asking: Promise<{ status: number; text: string }>): Promise<void> {
  const { status, text } = await asking
  if (status !== 200 && status !== 202)
    throw new Error(`${what}: expected 200 or 202, got ${status}: ${text.slice(0, 200)}`)
}

/** @throws at the deadline, naming what was awaited. */
export async function until(what: string, condition: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + withinMilliseconds
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`Waited ${withinMilliseconds / 1000} s in vain for ${what}.`)
    await sleep(50)
  }
}
