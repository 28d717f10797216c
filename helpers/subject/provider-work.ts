import { randomInt } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Administrator } from './administrator.ts'
import type { AroClient } from './client.ts'
import type { ConsentedCustomer } from './consented.ts'
import { makeCustomers } from './consented.ts'
import { calendlyMessage, smsMessage } from './deliveries.ts'
import type { ProviderName } from './facilities.ts'
import { makeBooking } from './people.ts'
import type { Booking } from './people.ts'
import type { Answer } from './request.ts'

/** The providers that the contract has the subject call. */
export type CalledProvider = Extract<ProviderName, 'twilio' | 'stripe' | 'llm'>

/** Where work is asked for: an instance, its administrator, and what time it is there. */
export interface Door {
  client: AroClient
  administrator: Administrator
  /** Milliseconds since the epoch, by the subject's clock. */
  now(): number
}

/** One piece of work that makes the subject call a provider. */
export interface AskedWork {
  /** Unique text by which the work is found again. */
  marker: string
  /** Who is texted in the end. */
  phone: string
  answer: Answer
}

/** Makes work for one provider, another piece each time. */
export interface ProviderWork {
  provider: CalledProvider
  /** What is asked for, in a few words. */
  what: string
  ask(door: Door): Promise<AskedWork>
}

/** Text messages that the administrator has sent; a customer gets no more than three. */
export function messageWork(customers: readonly ConsentedCustomer[]): ProviderWork {
  const next = inTurn(customers, 3, 'customers to text')
  return {
    provider: 'twilio',
    what: 'a message to a customer',
    async ask({ administrator }) {
      const { customer, booking } = next()
      const marker = makeMarker()
      const answer = await administrator.sendMessage(customer.id, `See you soon, ${marker}. Reply STOP to unsubscribe`)
      return { marker, phone: booking.person.phone, answer }
    },
  }
}

/** Replies by SMS that no simple rule can read; `wording` gets the marker. */
export function replyWork(customers: readonly ConsentedCustomer[], wording: (marker: string) => string): ProviderWork {
  const next = inTurn(customers, Number.POSITIVE_INFINITY, 'customers who reply')
  return {
    provider: 'llm',
    what: 'a reply that has to be understood',
    async ask({ client, now }) {
      const { phone } = next().booking.person
      const marker = makeMarker()
      const sms = smsMessage(client.tenant, { from: phone, body: wording(marker) })
      return { marker, phone, answer: await client.deliver(client.sign(sms, { at: secondsOf(now) })) }
    },
  }
}

/** Bookings by customers who have missed appointments, and are therefore asked for a deposit; each leads to a text message too. */
export function depositWork(risky: readonly ConsentedCustomer[]): ProviderWork {
  const next = inTurn(risky, Number.POSITIVE_INFINITY, 'customers who are asked for a deposit')
  return {
    provider: 'stripe',
    what: 'a booking that needs a deposit',
    async ask(door) {
      const { person } = next().booking
      const booking = makeBooking({ person })
      return { marker: booking.appointmentId, phone: person.phone, answer: await deliverBooking(door, booking) }
    },
  }
}

/** Books at the subject's time. */
export function deliverBooking({ client, now }: Door, booking: Booking): Promise<Answer> {
  return client.deliver(client.sign(calendlyMessage(booking), { at: secondsOf(now) }))
}

const missed = 2

/** Brings in customers with consent who have missed two appointments of late, the first of which may be given. */
export async function makeRiskyCustomers(
  door: Door,
  count: number,
  bookings?: readonly Booking[],
): Promise<ConsentedCustomer[]> {
  const customers = await makeCustomers(door.client, door.administrator, count, {
    ...(bookings === undefined ? {} : { bookings }),
    onMade: ({ id }) => door.administrator.recordConsent(id, true),
  })
  await Promise.all(
    customers.map(async ({ booking: { person }, customer }) => {
      for (let number = 1; number < missed; number += 1) await deliverBooking(door, makeBooking({ person }))
      const deadline = performance.now() + 8000
      for (;;) {
        const appointments = await door.administrator.appointments(customer.id)
        if (appointments.length >= missed) {
          await Promise.all(
            appointments.map(async ({ id }) => {
              const { status } = await door.administrator.send('PUT', `/appointments/${id}`, { status: 'no_show' })
              if (status !== 200) throw new Error(`PUT /appointments/{id} to no_show: expected 200, got ${status}`)
            }),
          )
          return
        }
        if (performance.now() > deadline) {
          throw new Error(`${missed} genuine bookings were made, but ${appointments.length} appointments are listed.`)
        }
        await sleep(50)
      }
    }),
  )
  return customers
}

function inTurn<Item>(items: readonly Item[], times: number, what: string): () => Item {
  let taken = 0
  return () => {
    const item = items[taken % items.length]
    taken += 1
    if (item === undefined || taken > items.length * times) throw new Error(`The trial has run out of ${what}.`)
    return item
  }
}

/** Letters only, so that no filter takes it for a number of somebody. */
const makeMarker = (): string =>
  `ref${Array.from({ length: 10 }, () => String.fromCharCode(97 + randomInt(26))).join('')}`

const secondsOf = (now: () => number): number => Math.floor(now() / 1000)
