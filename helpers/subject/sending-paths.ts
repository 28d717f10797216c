import { randomUUID } from 'node:crypto'
import type { Administrator } from './administrator.ts'
import type { AroClient } from './client.ts'
import type { ConsentedCustomer } from './consented.ts'
import { makeBooking } from './people.ts'
import type { Answer } from './request.ts'
import type { MessageTemplate } from './message-templates.ts'

/** A way in which a message to a customer comes about. */
export interface SendingPath {
  name: string
  /** Whether the contract promises the message; one that it does not may be missing. */
  isPromised: boolean
  /** Whether only customers who have missed appointments are written to. */
  needsRisk: boolean
  /** Whether the message comes hours after what leads to it. */
  comesLater: boolean
  /** To whom the subject may say at once that the message is not sent. */
  mayBeRefused: 'nobody' | 'who has not consented' | 'everybody'
  /** Whether those are left out who withdraw while it waits: what it sends is what a withdrawal is answered with, too. */
  isSettledBefore?: boolean
  /** Does what leads to the message. */
  lead(by: { client: AroClient; administrator: Administrator }, person: ConsentedCustomer): Promise<Answer[]>
}

type Lead = SendingPath['lead']

const hour = 3_600_000
/** How long after a booking its reminder is due. */
const soon = 1500
const promised = {
  isPromised: true,
  needsRisk: false,
  comesLater: false,
  mayBeRefused: 'nobody',
} satisfies Partial<SendingPath>

const booking =
  (hoursAhead: number): Lead =>
  async ({ client }, { booking: { person, serviceType, extras = {} } }) => {
    const scheduledAt = new Date(Date.now() + hoursAhead * hour + soon).toISOString()
    return [(await client.book(makeBooking({ person, serviceType, extras, scheduledAt }))).answer]
  }

const reply =
  (text: string): Lead =>
  async ({ client }, { booking: { person } }) => [(await client.reply(person.phone, text)).answer]

const changing =
  (...statuses: readonly string[]): Lead =>
  async ({ administrator }, { customer }) => {
    const { id } = await administrator.awaitAppointment(customer.id)
    const answers: Answer[] = []
    for (const status of statuses) answers.push(await administrator.send('PUT', `/appointments/${id}`, { status }))
    return answers
  }

/** Every path of the contract, and those that an ARO usually has beside them, such as each of its templates by hand. */
export const sendingPaths = (templates: readonly MessageTemplate[]): SendingPath[] => [
  { ...promised, name: 'reminder 48 h before', lead: booking(48) },
  { ...promised, name: 'reminder 24 h before', lead: booking(24) },
  {
    ...promised,
    name: 'reminder of a booking by command',
    async lead({ client }, { booking: { person, serviceType } }) {
      const { headers, body } = client.makeCommand()
      const scheduledAt = new Date(Date.now() + 24 * hour + soon).toISOString()
      const service = Object.keys(body.payload).find((name) => /service/i.test(name))
      const payload = {
        ...body.payload,
        customer: { ...person },
        scheduledAt,
        ...(service === undefined ? {} : { [service]: serviceType }),
      }
      const aggregate = { ...body.aggregate, id: randomUUID() }
      const { paths } = client.subject
      const command = { ...body, aggregate, payload }
      return [await client.send({ method: 'POST', path: paths.commands, headers, body: command })]
    },
  },
  {
    ...promised,
    name: 'message of an administrator',
    mayBeRefused: 'who has not consented',
    lead: async ({ administrator }, { customer }) => [
      await administrator.sendMessage(customer.id, 'Our door is at the side today. Reply STOP to unsubscribe'),
    ],
  },
  { ...promised, isPromised: false, name: 'answer to a reply that confirms', lead: reply('YES') },
  { ...promised, isPromised: false, name: 'answer to a reply that asks for another time', lead: reply('R') },
  { ...promised, isPromised: false, name: 'answer to a reply that cancels', lead: reply('I cannot make it') },
  { ...promised, name: 'recovery of a missed appointment', comesLater: true, lead: changing('no_show') },
  {
    ...promised,
    isPromised: false,
    name: 'request for a review',
    comesLater: true,
    lead: changing('in_progress', 'completed'),
  },
  { ...promised, name: 'request for a deposit', needsRisk: true, lead: booking(72) },
  {
    ...promised,
    isPromised: false,
    name: 'template of an administrator',
    mayBeRefused: 'everybody',
    isSettledBefore: true,
    lead: ({ administrator }, { customer }) =>
      Promise.all(
        templates.map(({ name: template, variables }) =>
          administrator.send('POST', '/messages', { customerId: customer.id, template, variables }),
        ),
      ),
  },
]
