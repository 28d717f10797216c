import type { Administrator, Customer } from './administrator.ts'
import type { AroClient } from './client.ts'
import type { Tenant } from './facilities.ts'
import { makeBooking } from './people.ts'
import type { Booking } from './people.ts'

/** A customer who came by a booking and has agreed to be texted. */
export interface ConsentedCustomer {
  booking: Booking
  customer: Customer
}

/** Brings in `count` customers by genuine bookings and records their consent. @throws when a genuine step is refused. */
export function makeConsentedCustomers(
  client: AroClient,
  administrator: Administrator,
  count: number,
  tenant = client.tenant,
): Promise<ConsentedCustomer[]> {
  return makeCustomers(client, administrator, count, {
    tenant,
    onMade: ({ id }) => administrator.recordConsent(id, true),
  })
}

/** Brings in `count` customers by genuine bookings, who have not been asked for consent. @throws when one is refused. */
export async function makeCustomers(
  client: AroClient,
  administrator: Administrator,
  count: number,
  {
    tenant = client.tenant,
    bookings = Array.from({ length: count }, () => makeBooking()),
    onMade,
  }: { tenant?: Tenant; bookings?: readonly Booking[]; onMade?: (customer: Customer) => Promise<void> } = {},
): Promise<ConsentedCustomer[]> {
  const atOnce = 8
  const customers: ConsentedCustomer[] = []
  for (let start = 0; start < count; start += atOnce) {
    const made = bookings.slice(start, start + atOnce).map(async (booking) => {
      const { answer } = await client.book(booking, tenant)
      if (answer.status !== 200 && answer.status !== 202) {
        throw new Error(`A genuine booking was refused with ${answer.status}: ${answer.text.slice(0, 200)}`)
      }
      const customer = await administrator.awaitCustomer(booking.person.phone)
      await onMade?.(customer)
      return { booking, customer }
    })
    customers.push(...(await Promise.all(made)))
  }
  return customers
}
