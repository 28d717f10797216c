import type { App } from '../../subject/app.ts'
import type { Administrator } from '../../subject/administrator.ts'
import { makeCustomers } from '../../subject/consented.ts'
import type { ConsentedCustomer } from '../../subject/consented.ts'
import { makeRiskyCustomers } from '../../subject/provider-work.ts'
import { bookingOf, recordsOf } from './canaries.ts'
import type { Records } from './canaries.ts'
import { phiPaths } from './paths.ts'
import type { PhiPath } from './paths.ts'

/** A customer who is to be texted on one path. */
export interface Addressee {
  path: PhiPath
  records: Records
  person: ConsentedCustomer
}

/** Whether a booking may say more than the contract names, such as notes. */
export async function takesExtras({ client }: App): Promise<boolean> {
  const [, records] = recordsOf(0)
  if (records === undefined) throw new Error('Expected records with health information, there are none.')
  const { answer } = await client.book(bookingOf(records, true))
  return answer.status < 300
}

/** Brings in three customers with consent for each path, by bookings that say what their records say. */
export async function makeAddressees(
  { client }: App,
  administrator: Administrator,
  withExtras: boolean,
): Promise<Addressee[]> {
  const planned = phiPaths.flatMap((path, row) =>
    recordsOf(row).map((records) => ({ path, records, booking: bookingOf(records, withExtras) })),
  )
  const usual = planned.filter(({ path }) => !path.needsRisk)
  const risky = planned.filter(({ path }) => path.needsRisk)
  const bookingsOf = (of: typeof planned) => of.map(({ booking }) => booking)
  const door = { client, administrator, now: Date.now }
  const [people, riskyPeople] = await Promise.all([
    makeCustomers(client, administrator, usual.length, {
      bookings: bookingsOf(usual),
      onMade: ({ id }) => administrator.recordConsent(id, true),
    }),
    makeRiskyCustomers(door, risky.length, bookingsOf(risky)),
  ])
  const join = (of: typeof planned, customers: readonly ConsentedCustomer[]): Addressee[] =>
    of.flatMap(({ path, records }, index): Addressee[] => {
      const person = customers[index]
      return person === undefined ? [] : [{ path, records, person }]
    })
  return [...join(usual, people), ...join(risky, riskyPeople)]
}
