import { calendlyMessage } from '../../subject/deliveries.ts'
import type { Answer } from '../../subject/request.ts'
import { sendingPaths } from '../../subject/sending-paths.ts'
import type { SendingPath } from '../../subject/sending-paths.ts'
import type { Records } from './canaries.ts'

type Led = Parameters<SendingPath['lead']>

/** A way to a message, led by a customer whose records may tell of their health. */
export interface PhiPath extends Omit<SendingPath, 'lead'> {
  lead(by: Led[0], person: Led[1], records: Records): Promise<Answer[]>
}

const optional = {
  isPromised: false,
  needsRisk: false,
  comesLater: false,
  mayBeRefused: 'nobody',
} satisfies Partial<SendingPath>
const hour = 3_600_000

const replying =
  (...texts: readonly (string | ((records: Records) => string))[]): PhiPath['lead'] =>
  async ({ client }, { booking: { person } }, records) => {
    const answers: Answer[] = []
    for (const text of texts) {
      const body = typeof text === 'string' ? text : text(records)
      answers.push((await client.reply(person.phone, body)).answer)
    }
    return answers
  }

const calendarSays =
  (event: 'appointment.updated' | 'appointment.cancelled'): PhiPath['lead'] =>
  async ({ client }, { booking }) => {
    const scheduledAt = new Date(Date.now() + 96 * hour).toISOString()
    return [await client.deliver(client.sign(calendlyMessage({ ...booking, scheduledAt }, event)))]
  }

const changing =
  (change: () => Record<string, string>): PhiPath['lead'] =>
  async ({ administrator }, { customer }) => {
    const { id } = await administrator.awaitAppointment(customer.id)
    return [await administrator.send('PUT', `/appointments/${id}`, change())]
  }

/** Every path of the contract, and what an ARO may answer besides. */
export const phiPaths: readonly PhiPath[] = [
  ...sendingPaths([]).filter(({ isSettledBefore }) => isSettledBefore !== true),
  { ...optional, isPromised: true, name: 'confirmation of an opt-out', lead: replying('STOP') },
  { ...optional, name: 'confirmation of an opt-in', lead: replying('STOP', 'START') },
  { ...optional, name: 'answer to an unclear reply', lead: replying(({ question }) => question) },
  {
    ...optional,
    name: 'answer to a reply that gives its reason',
    lead: replying(({ question }) => `Can we reschedule? ${question}`),
  },
  { ...optional, name: 'move by the calendar', lead: calendarSays('appointment.updated') },
  { ...optional, name: 'cancellation by the calendar', lead: calendarSays('appointment.cancelled') },
  {
    ...optional,
    name: 'move by an administrator',
    lead: changing(() => ({ scheduledAt: new Date(Date.now() + 96 * hour).toISOString() })),
  },
  { ...optional, name: 'cancellation by an administrator', lead: changing(() => ({ status: 'cancelled' })) },
]
