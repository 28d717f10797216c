import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { multiplyPerson, phoneOfCopy } from '../database/multiply.ts'
import type { Copies } from '../database/multiply.ts'
import { answerWithStatus } from '../faults/provider-status.ts'
import type { FacilityMap } from '../facilities.ts'
import type { Administrator } from '../subject/administrator.ts'
import type { AroClient } from '../subject/client.ts'
import { makeConsentedCustomers } from '../subject/consented.ts'
import type { Stock } from './api-routes.ts'
import type { StockNeeds } from './plan.ts'
import type { LoadTrial } from './trial.ts'

type Parts = Pick<FacilityMap, 'app' | 'database' | 'providers'>

/** What was made for a load. */
export interface Prepared {
  stock: Stock
  /** Who may be texted, enough of them that none gets more than two messages. */
  recipients: string[]
  stored: LoadTrial['stored']
  shown: LoadTrial['shown']
}

/** Appointments that are in the database before the load begins. */
const appointments = 10_000
const deadLetterSeconds = 20

/**
 * Fills the subject's database: three people book, agree to be texted, and get their appointments booked, confirmed and
 * cancelled through the API; then what the subject has stored of them is copied.
 */
export async function prepare(
  { app, database, providers }: Parts,
  needs: StockNeeds,
  progress: (message: string) => void,
): Promise<Prepared> {
  const { client } = app
  const administrator = await client.administrator()
  progress(`load: ${appointments} appointments are put into the database`)
  const copies = await populate(client, administrator, database.url)
  const [booked, confirmed, cancelled] = copies
  if (booked === undefined || confirmed === undefined || cancelled === undefined) {
    throw new Error('Expected copies of three people.')
  }
  const count = (route: string): number => Math.max(1, needs.routes.get(route) ?? 0)
  const people = takeFrom([...cancelled.customerIds])
  const recipients = people(Math.ceil(needs.messages / 2) + 1)
  const customersToText = people(Math.ceil(count('POST /messages') / 2))
  const customersToErase = people(count('DELETE /customers/{id}'))
  const deadLetters =
    needs.routes.size === 0
      ? ['none']
      : await makeDeadLetters(administrator, providers, people(count('POST /dead-letters/{id}/replay')))
  const stock: Stock = {
    token: administrator.token,
    customers: confirmed.customerIds.slice(0, 200),
    appointments: confirmed.appointmentIds.slice(0, 200),
    customersToText,
    customersToErase,
    appointmentsToConfirm: booked.appointmentIds.slice(0, count('PUT /appointments/{id}')),
    tokensToEnd: needs.routes.size === 0 ? ['none'] : await logIn(client, count('POST /auth/logout')),
    deadLetters,
    command: await giveCommand(client),
    subscriptionId: await subscribe(client),
  }
  const stored = {
    appointments: copies.reduce((sum, { appointmentIds }) => sum + appointmentIds.length, 0),
    customers: copies.reduce((sum, { customerIds }) => sum + customerIds.length, 0),
  }
  return { stock, recipients, stored, shown: await look(administrator, booked) }
}

async function populate(client: AroClient, administrator: Administrator, url: string): Promise<Copies[]> {
  const people = await makeConsentedCustomers(client, administrator, 3)
  const each = Math.ceil(appointments / people.length)
  const copies: Copies[] = []
  for (const [index, { booking, customer }] of people.entries()) {
    const appointment = await administrator.awaitAppointment(customer.id)
    const status = [undefined, 'confirmed', 'cancelled'][index]
    if (status !== undefined) {
      const answer = await administrator.send('PUT', `/appointments/${appointment.id}`, { status })
      if (answer.status !== 200) {
        throw new Error(`PUT /appointments/{id} to ${status}: expected 200, got ${answer.status}`)
      }
    }
    const { appointmentId: calendarId, scheduledAt, person } = booking
    const ids = { customerId: customer.id, calendarId, appointmentId: appointment.id }
    copies.push(await multiplyPerson(url, { ...person, ...ids, scheduledAt }, { first: index * each, count: each }))
  }
  return copies
}

/** What the subject itself shows of the copies. @throws when it does not show them. */
async function look(administrator: Administrator, copies: Copies): Promise<LoadTrial['shown']> {
  const phone = phoneOfCopy(copies.first)
  const customer = await administrator.customer(phone)
  if (customer === undefined) {
    throw new Error(`GET /customers does not show ${phone}, whose rows were copied from a customer that it does show.`)
  }
  const [found, page] = [await administrator.appointments(customer.id), await administrator.send('GET', '/dashboard')]
  if (page.status !== 200) throw new Error(`GET /dashboard: expected 200, got ${page.status}`)
  return { appointmentsOfCopy: found.length, dashboardBytes: Buffer.byteLength(page.text) }
}

function takeFrom(ids: string[]): (count: number) => string[] {
  return (count) => {
    const taken = ids.splice(0, count)
    if (taken.length < count) throw new Error(`The load needs ${count} more customers than were made.`)
    return taken
  }
}

/** Tokens that the load may log out. */
async function logIn(client: AroClient, count: number): Promise<string[]> {
  const tokens: string[] = []
  while (tokens.length < count) {
    const some = Array.from({ length: Math.min(4, count - tokens.length) }, () => client.administrator())
    tokens.push(...(await Promise.all(some)).map(({ token }) => token))
  }
  return tokens
}

const lettersSchema = z.looseObject({ items: z.array(z.looseObject({ id: z.string().min(1) })) })

/** Messages that the provider has refused for good. @throws when they are not in the dead-letter queue in time. */
async function makeDeadLetters(
  administrator: Administrator,
  providers: FacilityMap['providers'],
  customers: readonly string[],
): Promise<string[]> {
  await using fault = await providers.fault('twilio', answerWithStatus({ status: 400 }))
  for (const id of customers) await administrator.queueMessage(id, 'Your clinic is open tomorrow.')
  const deadline = performance.now() + deadLetterSeconds * 1000
  for (;;) {
    const answer = await administrator.send('GET', `/dead-letters?limit=${Math.min(100, customers.length)}`)
    const letters = lettersSchema.safeParse(answer.json).data?.items ?? []
    if (letters.length >= Math.min(100, customers.length)) {
      await fault.end()
      return letters.map(({ id }) => id)
    }
    if (performance.now() > deadline) {
      throw new Error(
        `${customers.length} messages were refused by the provider for good, but GET /dead-letters shows ${letters.length} within ${deadLetterSeconds} s.`,
      )
    }
    await sleep(50)
  }
}

async function giveCommand(client: AroClient): Promise<Stock['command']> {
  const { headers, body } = client.makeCommand()
  const answer = await client.send({ method: 'POST', path: client.subject.paths.commands, headers, body })
  const accepted = z.looseObject({ workflowId: z.string().min(1) }).safeParse(answer.json).data
  if (accepted === undefined) throw new Error(`A genuine command was answered with ${answer.status}, not accepted.`)
  return { id: body.commandId, workflowId: accepted.workflowId }
}

async function subscribe(client: AroClient): Promise<string> {
  const answer = await client.send({
    method: 'POST',
    path: client.subject.paths.subscriptions,
    headers: { ...client.serviceHeaders(), 'Content-Type': 'application/json' },
    body: client.subject.subscription,
  })
  const made = z.looseObject({ id: z.union([z.string(), z.number()]) }).safeParse(answer.json).data
  if (made === undefined) throw new Error(`A subscription was answered with ${answer.status} and no id.`)
  return String(made.id)
}
