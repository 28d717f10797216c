import { inParallel } from '../../parallel.ts'
import { calendlyMessage } from '../../subject/deliveries.ts'
import type { AppointmentState } from '../../subject/appointment-states.ts'
import type { Booking } from '../../subject/people.ts'
import { lead } from './edges.ts'
import { admin, calendar, reply } from './stage.ts'
import type { Actor, Ask, Stage } from './stage.ts'

const atOnce = 4
const hour = 3_600_000

interface Case {
  name: string
  /** State to begin in; none when the calendar's first message is part of the case. */
  from?: AppointmentState
  asks(booking: Booking, id: () => string | undefined): Ask[][]
}

const later = (booking: Booking): Booking => ({
  ...booking,
  scheduledAt: new Date(Date.parse(booking.scheduledAt) + 24 * hour).toISOString(),
})
const moving = (booking: Booking, more: Partial<Ask> = {}): Ask =>
  calendar(later(booking), 'updated', { time: later(booking).scheduledAt, ...more })
const gone = ['cancelled', 'absent']

const cases: readonly Case[] = [
  {
    name: 'created, told five times at once',
    asks(booking) {
      const message = calendlyMessage(booking)
      return [Array.from({ length: 5 }, () => calendar(booking, 'created', { message }))]
    },
  },
  {
    name: 'created, told again once confirmed',
    asks(booking, id) {
      const message = calendlyMessage(booking)
      return [
        [calendar(booking, 'created', { message, mustEndIn: ['booked'] })],
        [admin(id, 'confirmed')],
        [calendar(booking, 'created', { message, mustEndIn: ['confirmed'] })],
        [calendar(booking, 'created', { mustEndIn: ['confirmed'] })],
      ]
    },
  },
  {
    name: 'cancelled before it was created',
    asks: (booking) => [
      [calendar(booking, 'cancelled', { mustEndIn: gone })],
      [calendar(booking, 'created', { mustEndIn: gone })],
      [calendar(later(booking), 'updated', { mustEndIn: gone })],
    ],
  },
  {
    name: 'updated before it was created',
    asks: (booking) => [
      [moving(booking, { mustEndIn: ['booked', 'rescheduled'] })],
      [calendar(booking, 'created', { mustEndIn: ['booked', 'rescheduled'], time: later(booking).scheduledAt })],
    ],
  },
  {
    name: 'cancelled by the calendar five times at once, then again',
    from: 'booked',
    asks(booking) {
      const message = calendlyMessage(booking, 'appointment.cancelled')
      const cancelling = (more: Partial<Ask> = {}): Ask => calendar(booking, 'cancelled', { message, ...more })
      return [Array.from({ length: 5 }, () => cancelling()), [cancelling({ mustEndIn: ['cancelled'] })]]
    },
  },
  {
    name: 'cancelled by the calendar once confirmed',
    from: 'confirmed',
    asks: (booking) => [[calendar(booking, 'cancelled', { mustEndIn: ['cancelled'] })]],
  },
  { name: 'moved by the calendar once booked', from: 'booked', asks: (booking) => [[moving(booking)]] },
  { name: 'moved by the calendar once confirmed', from: 'confirmed', asks: (booking) => [[moving(booking)]] },
  { name: 'moved by the calendar once rescheduled', from: 'rescheduled', asks: (booking) => [[moving(booking)]] },
  {
    name: 'cancelled by the calendar once rescheduled',
    from: 'rescheduled',
    asks: (booking) => [[calendar(booking, 'cancelled')]],
  },
  {
    name: 'the calendar speaks of what is under way',
    from: 'in_progress',
    asks: (booking) => [
      [calendar(booking, 'created', { mustEndIn: ['in_progress'] })],
      [calendar(booking, 'cancelled', { mustEndIn: ['in_progress'] })],
      [calendar(later(booking), 'updated', { mustEndIn: ['in_progress'] })],
    ],
  },
  ...(['completed', 'no_show', 'cancelled'] as const).map((from): Case => ({
    name: `the calendar and the customer speak of what is ${from}`,
    from,
    asks: (booking) => [
      [calendar(booking, 'created', { mustEndIn: [from] })],
      [calendar(later(booking), 'updated', { mustEndIn: [from], isCompared: true })],
      [calendar(booking, 'cancelled', { mustEndIn: [from] })],
      [reply(booking.person.phone, 'YES', { mustEndIn: [from], isCompared: true })],
    ],
  })),
  {
    name: 'confirmed by the customer, twice',
    from: 'booked',
    asks: ({ person }) => [
      [reply(person.phone, 'YES', { mustEndIn: ['confirmed'] })],
      [reply(person.phone, 'YES', { mustEndIn: ['confirmed'] })],
    ],
  },
  {
    name: 'called off by the customer, who then confirms',
    from: 'confirmed',
    asks: ({ person }) => [
      [reply(person.phone, 'Please cancel my appointment, I cannot come', { mustEndIn: ['cancelled'] })],
      [reply(person.phone, 'YES', { mustEndIn: ['cancelled'] })],
    ],
  },
  {
    name: 'another time wanted by the customer, who then confirms',
    from: 'booked',
    asks: ({ person }) => [[reply(person.phone, 'Can we reschedule to another day?')], [reply(person.phone, 'YES')]],
  },
  {
    name: 'called off by the customer while under way',
    from: 'in_progress',
    asks: ({ person }) => [
      [reply(person.phone, 'Please cancel my appointment, I cannot come', { mustEndIn: ['in_progress'] })],
    ],
  },
]

/** The calendar's messages late, again, and in another order, and customers' replies in every state. */
export function tryMessages(stage: Stage): Promise<Actor[]> {
  return inParallel(cases, atOnce, async ({ name, from, asks }) => {
    const actor = from === undefined ? stage.introduce(name) : await lead(stage, from, name)
    for (const group of asks(actor.booking, () => actor.id)) await stage.take(actor, group)
    return actor
  })
}
