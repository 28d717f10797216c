import { answerWithStatus } from '../../faults/provider-status.ts'
import type { ProviderLab } from '../../providers/lab.ts'
import { z } from 'zod'
import { Administrator } from '../../subject/administrator.ts'
import type { AroClient } from '../../subject/client.ts'
import { makeBooking } from '../../subject/people.ts'
import type { Booking } from '../../subject/people.ts'

/** A customer with an appointment, as a genuine booking brings them in. */
export interface Entity {
  booking: Booking
  customerId: string
  appointmentId: string
}

/** What requests can be about. */
export interface World {
  client: AroClient
  administrator: Administrator
  /** Somebody who is there all the time. */
  existing: Entity
  /** Names by which the admin API shows an appointment's time; undefined where it shows none. */
  timeField: string | undefined
  commandId: string
  workflowId: string
  subscriptionId: string
  /** Somebody whom no request has been about yet, with consent. */
  fresh(): Promise<Entity>
  /** Who logs in once more. */
  login(): Promise<Administrator>
  /** A dead letter that was not replayed yet. @throws when none has come within 30 s of a provider's failure. */
  deadLetterId(): Promise<string>
}

const acceptedSchema = z.looseObject({ workflowId: z.string().min(1) })
const createdSchema = z.looseObject({ id: z.string().min(1) })
const lettersSchema = z.looseObject({ items: z.array(createdSchema) })

/** Brings about one of everything that a request can name. @throws when a genuine step is refused. */
export async function makeWorld(client: AroClient, providers: ProviderLab): Promise<World> {
  const administrator = await client.administrator()
  const bring = async (): Promise<Entity> => {
    const booking = makeBooking()
    const { answer } = await client.book(booking)
    expectStatus('A genuine booking', answer, [200, 202])
    const customer = await administrator.awaitCustomer(booking.person.phone)
    const appointment = await administrator.awaitAppointment(customer.id)
    return { booking, customerId: customer.id, appointmentId: appointment.id }
  }
  const fresh = async (): Promise<Entity> => {
    const entity = await bring()
    await administrator.recordConsent(entity.customerId, true)
    return entity
  }
  const [existing, unlucky] = await Promise.all([bring(), fresh()])
  await failMessage(administrator, providers, unlucky)
  const command = client.makeCommand()
  const accepted = await client.send({
    method: 'POST',
    path: client.subject.paths.commands,
    headers: command.headers,
    body: command.body,
  })
  expectStatus('A genuine command', accepted, [202])
  const subscribed = await client.send({
    method: 'POST',
    path: client.subject.paths.subscriptions,
    headers: { ...client.serviceHeaders(), 'Content-Type': 'application/json' },
    body: client.subject.subscription,
  })
  expectStatus('A genuine subscription', subscribed, [200, 201, 202])
  const shown = await administrator.send('GET', `/appointments/${existing.appointmentId}`)
  return {
    client,
    administrator,
    existing,
    timeField: fieldWith(shown.json, new Date(existing.booking.scheduledAt).getTime()),
    commandId: command.body.commandId,
    workflowId: acceptedSchema.parse(accepted.json).workflowId,
    subscriptionId: createdSchema.parse(subscribed.json).id,
    fresh,
    login: () => Administrator.login(client, client.tenant),
    deadLetterId: () => awaitDeadLetter(administrator),
  }
}

/** Lets one message fail for good, so that there is something to replay. */
async function failMessage(administrator: Administrator, providers: ProviderLab, to: Entity): Promise<void> {
  const fault = await providers.fault('twilio', answerWithStatus({ status: 400, times: 3 }))
  await administrator.queueMessage(to.customerId, 'Your clinic is open tomorrow. Reply STOP to unsubscribe')
  const deadline = performance.now() + 10_000
  while (!fault.proof().tookHold && performance.now() < deadline)
    await new Promise((resolve) => setTimeout(resolve, 20))
  await awaitDeadLetter(administrator)
  await fault.end()
}

async function awaitDeadLetter(administrator: Administrator): Promise<string> {
  const deadline = performance.now() + 30_000
  while (performance.now() < deadline) {
    const answer = await administrator.send('GET', '/dead-letters')
    expectStatus('GET /dead-letters', answer, [200])
    const [letter] = lettersSchema.parse(answer.json).items
    if (letter !== undefined) return letter.id
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error('No dead letter within 30 s of a message that the provider refused: its replay cannot be tried.')
}

function expectStatus(what: string, answer: { status: number; text: string }, expected: readonly number[]): void {
  if (!expected.includes(answer.status))
    throw new Error(
      `${what} was answered ${answer.status}, expected ${expected.join(' or ')}: ${answer.text.slice(0, 200)}`,
    )
}

function fieldWith(json: unknown, time: number): string | undefined {
  if (typeof json !== 'object' || json === null) return undefined
  return Object.entries(json).find(([, value]) => typeof value === 'string' && Date.parse(value) === time)?.[0]
}
