import type { ControlDatabase } from '../../database/control-database.ts'
import type { ConsentedCustomer } from '../../subject/consented.ts'
import { smsMessage } from '../../subject/deliveries.ts'
import type { SentConflict } from './conflicts.ts'
import { acceptedOf, asking, deedOf, delivering, sendAtOnce } from './ground.ts'
import type { Ground, Send } from './ground.ts'

const erasures = 6

/** Erases people many times at once, while others write to them and change what is known of them. */
export async function eraseOften(
  ground: Ground,
  database: ControlDatabase,
  people: readonly ConsentedCustomer[],
): Promise<SentConflict> {
  const [{ client, administrator }] = ground.instances
  const volleys = await Promise.all(
    people.map(async ({ booking, customer }) => {
      const [appointment] = await administrator.appointments(customer.id)
      const saying = (body: string): Send => delivering(smsMessage(client.tenant, { from: booking.person.phone, body }))
      const path = `/customers/${customer.id}`
      const others = [
        asking('POST', '/messages', { customerId: customer.id, body: 'We look forward to seeing you.' }),
        saying('YES'),
        asking('PUT', `${path}/consent`, { granted: false, method: 'written' }),
        asking('PUT', `/appointments/${appointment?.id}`, { status: 'confirmed' }),
        saying('STOP'),
      ]
      const erasing = Array.from({ length: erasures }, () => asking('DELETE', path))
      return sendAtOnce(ground, [...others.slice(0, 2), ...erasing, ...others.slice(2)])
    }),
  )
  return async (log) => {
    const markers = people.flatMap(({ booking: { person } }) => [person.phone, person.email, person.name])
    const traces = await database.traces(markers)
    const entries = log.filter((entry) => /eras|delet|forg[eo]t|remov/i.test(deedOf(entry)))
    const statuses: Record<string, number> = {}
    for (const volley of volleys)
      for (const [status, times] of Object.entries(volley.statuses)) statuses[status] = (statuses[status] ?? 0) + times
    const accepted = volleys.reduce((sum, volley) => sum + acceptedOf(volley), 0)
    const requests = volleys.reduce((sum, { answers }) => sum + answers.length, 0)
    return {
      name: 'erasure of a person beside everything else',
      requests,
      statuses,
      effects: [
        { what: 'requests accepted', seen: accepted, atLeast: people.length, atMost: requests },
        { what: 'traces of erased people', seen: traces.size, atLeast: 0, atMost: 0 },
        { what: 'audit entries of an erasure', seen: entries.length, atLeast: people.length, atMost: people.length },
      ],
    }
  }
}
