import { z } from 'zod'
import { gatherAtTables, tablesNaming } from '../../database/gathering.ts'
import { changeClaimed, isAllowed, stateTold } from '../../subject/appointment-states.ts'
import type { AuditEntry } from '../../subject/audit-log.ts'
import { calendlyMessage, smsMessage, stripeMessage } from '../../subject/deliveries.ts'
import type { ConsentedCustomer } from '../../subject/consented.ts'
import type { AroEvent } from '../../subject/client.ts'
import { acceptedOf, asking, deedOf, delivering, eventsOf, messagesTo, sendAtOnce } from './ground.ts'
import type { Ground, Send, Volley } from './ground.ts'
import type { ConcurrencyTrial } from './judge.ts'

const copies = 12
const mostMessagesADay = 3
const hour = 3_600_000

type Effect = ConcurrencyTrial['conflicts'][number]['effects'][number]

/** What was sent, to be looked at once everything has settled. */
export type SentConflict = (log: readonly AuditEntry[]) => Promise<ConcurrencyTrial['conflicts'][number]>

/** Different requests about the same people at once. */
export async function sendConflicts(ground: Ground, customers: () => ConsentedCustomer): Promise<SentConflict[]> {
  const beside = await Promise.all([
    sendBeyondLimit(ground, [customers(), customers(), customers()]),
    sendOptOuts(ground, customers()),
    sendConfirmations(ground, customers()),
    changeConsent(ground, customers()),
    bookTwice(ground),
  ])
  // by itself: what the others write would be taken for that of these
  return [...beside, await moveAndConfirm(ground, Array.from({ length: movedCustomers }, customers))]
}

const movedCustomers = 4

/** How many customers {@link sendConflicts} asks for. */
export const customersForConflicts = 6 + movedCustomers

const conflict = (name: string, volleys: readonly Volley[], effects: Effect[]) => ({
  name,
  requests: volleys.reduce((sum, { answers }) => sum + answers.length, 0),
  statuses: addUp(volleys),
  effects,
})

const exactly = (what: string, seen: number, times: number): Effect => ({ what, seen, atLeast: times, atMost: times })

async function sendBeyondLimit(ground: Ground, people: readonly ConsentedCustomer[]): Promise<SentConflict> {
  const volleys = await Promise.all(
    people.map(({ customer }) =>
      sendAtOnce(
        ground,
        Array.from({ length: copies }, (_, index) =>
          asking('POST', '/messages', { customerId: customer.id, body: `We look forward to seeing you (${index}).` }),
        ),
      ),
    ),
  )
  return async () => {
    const delivered = people.map(({ booking }) => messagesTo(ground, booking.person.phone))
    return conflict('messages to one customer', volleys, [
      { what: 'messages that one customer got', seen: Math.max(...delivered), atLeast: 1, atMost: mostMessagesADay },
    ])
  }
}

async function sendOptOuts(ground: Ground, person: ConsentedCustomer): Promise<SentConflict> {
  const { phone } = person.booking.person
  const { tenant } = ground.instances[0].client
  const volley = await sendAtOnce(
    ground,
    Array.from({ length: copies }, () => delivering(smsMessage(tenant, { from: phone, body: 'STOP' }))),
  )
  return async () => {
    const granted = await ground.instances[0].administrator.isConsentGranted(phone)
    return conflict(
      'opt-outs of one customer, each a message of its own',
      [volley],
      [exactly('confirmations', messagesTo(ground, phone), 1), exactly('consents still granted', granted ? 1 : 0, 0)],
    )
  }
}

async function sendConfirmations(ground: Ground, person: ConsentedCustomer): Promise<SentConflict> {
  const { tenant } = ground.instances[0].client
  const { booking, customer } = person
  const [appointment] = await ground.instances[0].administrator.appointments(customer.id)
  const volley = await sendAtOnce(ground, [
    ...Array.from({ length: 6 }, () => delivering(smsMessage(tenant, { from: booking.person.phone, body: 'YES' }))),
    ...Array.from({ length: 4 }, () => asking('PUT', `/appointments/${appointment?.id}`, { status: 'confirmed' })),
  ])
  return async (log) => {
    const told = eventsOf(ground, volley).filter((event) => stateTold(event) === 'confirmed')
    const claims = log.filter(
      (entry) =>
        appointment !== undefined &&
        JSON.stringify(entry).includes(appointment.id) &&
        changeClaimed(entry)?.to === 'confirmed',
    )
    return conflict(
      'confirmations of one appointment by its customer and the administrator',
      [volley],
      [
        exactly('events that it was confirmed', told.length, 1),
        exactly('audit entries that it was confirmed', claims.length, 1),
      ],
    )
  }
}

async function changeConsent(ground: Ground, { customer }: ConsentedCustomer): Promise<SentConflict> {
  const volley = await sendAtOnce(
    ground,
    Array.from({ length: copies }, (_, index) =>
      asking('PUT', `/customers/${customer.id}/consent`, { granted: index % 2 === 0, method: 'written' }),
    ),
  )
  return async (log) => {
    const events = eventsOf(ground, volley)
    const changes = log.filter(
      (entry) => JSON.stringify(entry).includes(customer.id) && /consent|opt/i.test(deedOf(entry)),
    )
    // the consent that was recorded before has an entry of its own
    const entries = changes.slice(0, Math.max(0, changes.length - 1)).toReversed()
    const breaks = entries.filter((entry, index) => {
      const before = flagIn(entry['before'])
      const earlier = flagIn((entries[index - 1] ?? changes.at(-1))?.['after'])
      return before !== undefined && earlier !== undefined && before !== earlier
    })
    const last = flagIn(events.at(-1)?.payload)
    const granted = await ground.instances[0].administrator.isConsentGranted(customer.phone)
    return conflict(
      'consent given and withdrawn',
      [volley],
      [
        { what: 'consent events', seen: events.length, atLeast: 1, atMost: acceptedOf(volley) },
        exactly('consent entries in the audit log', entries.length, events.length),
        exactly('audit entries whose before is not the after of the one before', breaks.length, 0),
        exactly('consents other than the last event says', last !== undefined && last !== granted ? 1 : 0, 0),
      ],
    )
  }
}

/** The calendar and the administrator move an appointment while others confirm it: an accepted time stays. */
async function moveAndConfirm(ground: Ground, people: readonly ConsentedCustomer[]): Promise<SentConflict> {
  const [{ administrator }] = ground.instances
  const plans = await Promise.all(
    people.map(async ({ booking, customer }, index) => {
      const [appointment] = await administrator.appointments(customer.id)
      const path = `/appointments/${appointment?.id}`
      const time = new Date(Date.parse(booking.scheduledAt) + (index + 5) * hour).toISOString()
      const message = calendlyMessage({ ...booking, scheduledAt: time }, 'appointment.updated')
      // not every ARO lets the administrator move an appointment: then the calendar does
      const moves = index % 2 === 0 ? delivering(message) : asking('PUT', path, { scheduledAt: time })
      const confirms = asking('PUT', path, { status: 'confirmed' })
      return { id: appointment?.id, path, time, sends: [confirms, moves, confirms] }
    }),
  )
  const first = plans.find(({ id }) => id !== undefined)?.id
  const moved = await gatherAtTables(
    ground.databaseUrl,
    first === undefined ? [] : await tablesNaming(ground.databaseUrl, first),
    plans.reduce((sum, { sends }) => sum + sends.length, 0),
    () =>
      Promise.all(
        plans.map(async ({ path, time, sends }) => {
          const volley = await sendAtOnce(ground, sends)
          return { path, time, volley, isAccepted: (volley.answers[1] ?? 500) < 300 }
        }),
      ),
  )
  return async () => {
    const lost = await Promise.all(
      moved.map(async ({ path, time, isAccepted }) => {
        if (!isAccepted) return false
        const { text } = await administrator.send('GET', path)
        return !(text.match(/\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)/g) ?? []).some(
          (found) => Date.parse(found) === Date.parse(time),
        )
      }),
    )
    return conflict(
      'an appointment moved and confirmed',
      moved.map(({ volley }) => volley),
      [
        exactly('accepted times that were lost', lost.filter(Boolean).length, 0),
        {
          what: 'times accepted',
          seen: moved.filter(({ isAccepted }) => isAccepted).length,
          atLeast: 1,
          atMost: people.length,
        },
      ],
    )
  }
}

/** Commands with keys of their own that want the same aggregate. */
async function bookTwice(ground: Ground): Promise<SentConflict> {
  const [{ client }] = ground.instances
  const first = client.makeCommand()
  const sends = Array.from({ length: 8 }, (): Send => {
    const { headers, body } = client.makeCommand()
    const same = { ...body, commandId: first.body.commandId, aggregate: first.body.aggregate }
    return (to, correlationId) =>
      to.client.send({
        method: 'POST',
        path: client.subject.paths.commands,
        headers: { ...headers, 'X-Correlation-Id': correlationId },
        body: same,
      })
  })
  const volley = await sendAtOnce(ground, sends)
  return async () => {
    const booked = eventsOf(ground, volley).filter((event) => stateTold(event) === 'booked')
    return conflict(
      'commands of one id, each with a key of its own',
      [volley],
      [
        { what: 'commands accepted', seen: acceptedOf(volley), atLeast: 1, atMost: volley.answers.length },
        { what: 'bookings of one aggregate', seen: booked.length, atLeast: 0, atMost: 1 },
      ],
    )
  }
}

/** Everything about the same few people at once, until nothing more comes. */
export async function storm(ground: Ground, people: readonly ConsentedCustomer[]): Promise<SentConflict> {
  const [{ administrator, client }] = ground.instances
  const { tenant } = client
  const appointments = await Promise.all(people.map(({ customer }) => administrator.appointments(customer.id)))
  const sends = people.flatMap(({ booking, customer }, index): Send[] => {
    const { phone } = booking.person
    const path = `/appointments/${appointments[index]?.[0]?.id}`
    const saying = (body: string): Send => delivering(smsMessage(tenant, { from: phone, body }))
    const time = new Date(Date.parse(booking.scheduledAt) + 9 * hour).toISOString()
    return [
      saying('YES'),
      asking('PUT', path, { status: 'confirmed' }),
      asking('POST', '/messages', { customerId: customer.id, body: 'We look forward to seeing you.' }),
      saying('STOP'),
      delivering(calendlyMessage({ ...booking, scheduledAt: time }, 'appointment.updated')),
      asking('PUT', path, { status: 'rescheduled' }),
      asking('POST', '/messages', { customerId: customer.id, body: 'Please come ten minutes early.' }),
      saying('START'),
      asking('PUT', `/customers/${customer.id}/consent`, { granted: true, method: 'verbal' }),
      saying('Can we reschedule to another day?'),
      delivering(stripeMessage({ appointmentId: booking.appointmentId })),
      asking('PUT', path, { status: 'booked' }),
      saying('YES'),
      delivering(calendlyMessage(booking, 'appointment.cancelled')),
    ]
  })
  const volley = await sendAtOnce(ground, sends)
  return async () => {
    const ids = appointments.map((found) => found[0]?.id)
    const paths = people.map(({ booking }, index) => statesTold(ground.feed.items, [ids[index], booking.appointmentId]))
    const delivered = people.map(({ booking }) => messagesTo(ground, booking.person.phone))
    return conflict(
      'everything about the same customers',
      [volley],
      [
        exactly(
          'unlawful changes of state by events',
          paths.reduce((sum, path) => sum + unlawful(path), 0),
          0,
        ),
        // three, and the confirmations that an opt-out must have
        {
          what: 'messages that one customer got',
          seen: Math.max(...delivered),
          atLeast: 0,
          atMost: mostMessagesADay + 1,
        },
      ],
    )
  }
}

const statesTold = (events: readonly AroEvent[], ids: readonly (string | undefined)[]): string[] =>
  events.filter(({ aggregate }) => ids.includes(aggregate.id)).flatMap((event) => stateTold(event) ?? [])

const unlawful = (path: readonly string[]): number =>
  path.filter((state, index) => {
    const before = path[index - 1]
    return before !== undefined && before !== state && !isAllowed(before, state)
  }).length

const record = z.record(z.string(), z.unknown())

/** The first truth value in it: consent is granted or not, whatever the field is called. */
function flagIn(value: unknown): boolean | undefined {
  if (typeof value === 'boolean') return value
  for (const inner of Object.values(record.safeParse(value).data ?? {})) {
    const found = flagIn(inner)
    if (found !== undefined) return found
  }
  return undefined
}

function addUp(volleys: readonly Volley[]): Record<string, number> {
  const sum: Record<string, number> = {}
  for (const { statuses } of volleys)
    for (const [status, times] of Object.entries(statuses)) sum[status] = (sum[status] ?? 0) + times
  return sum
}
