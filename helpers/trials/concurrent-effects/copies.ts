import { calendlyMessage, sign, smsMessage, stripeMessage } from '../../subject/deliveries.ts'
import type { ConsentedCustomer } from '../../subject/consented.ts'
import { makeBooking } from '../../subject/people.ts'
import type { AuditEntry } from '../../subject/audit-log.ts'
import type { ConcurrencyTrial } from './judge.ts'
import { delivering, effectsOf, sendAtOnce, subjectsOf } from './ground.ts'
import type { Ground, Send, Subjects, Volley } from './ground.ts'

const copies = 12

/** One thing to send once, and another of its kind to send many times. */
interface Sample {
  sends: Send[]
  subjects: Subjects
}

/** A kind of request that takes effect once however often it comes. */
interface Kind {
  name: string
  answers: number[]
  make(next: () => ConsentedCustomer, count: number): Sample
}

/** What was sent, to be looked at once everything has settled. */
export type SentCopies = (log: readonly AuditEntry[]) => Promise<ConcurrencyTrial['copies'][number]>

const acknowledged = [200, 202]
const many = (count: number, send: Send): Send[] => Array.from({ length: count }, () => send)

/** The kinds; those that are about a customer take the next one. */
function kindsOf({ instances: [{ client }] }: Ground): Kind[] {
  const { tenant } = client
  return [
    {
      name: 'a booking, signed anew each time',
      answers: acknowledged,
      make: (_next, count) => {
        const booking = makeBooking()
        const subjects = { phone: booking.person.phone, ids: [booking.appointmentId] }
        return { sends: many(count, delivering(calendlyMessage(booking))), subjects }
      },
    },
    {
      name: 'a booking, the very same delivery',
      answers: [...acknowledged, 401],
      make: (_next, count) => {
        const booking = makeBooking()
        const delivery = client.sign(calendlyMessage(booking))
        const subjects = { phone: booking.person.phone, ids: [booking.appointmentId] }
        return {
          sends: many(count, (to, correlationId) => to.client.deliver({ ...delivery, correlationId })),
          subjects,
        }
      },
    },
    {
      name: 'a cancellation',
      answers: acknowledged,
      make: (next, count) => {
        const customer = next()
        return {
          sends: many(count, delivering(calendlyMessage(customer.booking, 'appointment.cancelled'))),
          subjects: subjectsOf(customer),
        }
      },
    },
    {
      name: 'a payment',
      answers: acknowledged,
      make: (next, count) => {
        const customer = next()
        return {
          sends: many(count, delivering(stripeMessage({ appointmentId: customer.booking.appointmentId }))),
          subjects: subjectsOf(customer),
        }
      },
    },
    ...(['YES', 'STOP', 'Can we reschedule to another day?'] as const).map((body): Kind => ({
      name: `a reply "${body}"`,
      answers: [...acknowledged, 401],
      make: (next, count) => {
        const customer = next()
        const message = smsMessage(tenant, { from: customer.booking.person.phone, body })
        const send: Send = (to, correlationId) => {
          const { subject, url } = to.client
          return to.client.deliver({ ...sign(message, { subject, tenant, url }), correlationId })
        }
        return { sends: many(count, send), subjects: subjectsOf(customer) }
      },
    })),
    {
      name: 'a command',
      answers: [202],
      make: (_next, count) => {
        const command = client.makeCommand()
        const path = client.subject.paths.commands
        const { headers, body } = command
        const send: Send = (to, correlationId) =>
          to.client.send({ method: 'POST', path, headers: { ...headers, 'X-Correlation-Id': correlationId }, body })
        return { sends: many(count, send), subjects: { phone: body.commandId, ids: [body.aggregate.id] } }
      },
    },
  ]
}

/** Sends one of each kind once, and another many times at once on all instances. */
export async function sendCopies(ground: Ground, next: () => ConsentedCustomer): Promise<SentCopies[]> {
  return Promise.all(
    kindsOf(ground).map(async ({ name, answers, make }): Promise<SentCopies> => {
      const [single, repeated] = [make(next, 1), make(next, copies)]
      const [first, volley]: Volley[] = await Promise.all([
        sendAtOnce(ground, single.sends),
        sendAtOnce(ground, repeated.sends),
      ])
      if (first === undefined || volley === undefined) throw new Error('Expected two volleys.')
      const [status] = first.answers
      if (status === undefined || status === null || status >= 300)
        throw new Error(`${name}, genuine, sent once: expected 2xx, got ${status}`)
      return async (log) => ({
        name,
        copies,
        answers,
        statuses: volley.statuses,
        once: await effectsOf(ground, first, single.subjects, log),
        seen: await effectsOf(ground, volley, repeated.subjects, log),
      })
    }),
  )
}

/** How many customers {@link sendCopies} asks for. */
export const customersForCopies = 10
