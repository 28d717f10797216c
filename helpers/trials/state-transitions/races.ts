import type { ControlDatabase } from '../../database/control-database.ts'
import { inParallel } from '../../parallel.ts'
import { appointmentStates } from '../../subject/appointment-states.ts'
import type { AppointmentState } from '../../subject/appointment-states.ts'
import { lead } from './edges.ts'
import { admin, calendar, reply } from './stage.ts'
import type { Actor, Ask, Stage } from './stage.ts'

/** Each statement takes as long as in a busy database, so that requests sent at once overlap. */
const statementMilliseconds = 8
const atOnce = 4

interface Race {
  from: AppointmentState
  states: readonly AppointmentState[]
  /** Whether the calendar cancels and the customer confirms at the same time. */
  isMixed?: boolean
}

const races: readonly Race[] = [
  { from: 'booked', states: ['confirmed', 'confirmed', 'confirmed', 'confirmed'] },
  { from: 'booked', states: ['confirmed', 'cancelled'] },
  { from: 'booked', states: ['cancelled', 'no_show', 'in_progress'] },
  { from: 'in_progress', states: ['completed', 'no_show', 'completed', 'no_show'] },
  { from: 'confirmed', states: ['rescheduled', 'cancelled', 'in_progress'] },
  { from: 'rescheduled', states: ['booked', 'booked', 'booked'] },
  { from: 'booked', states: ['confirmed', 'no_show'], isMixed: true },
  { from: 'confirmed', states: ['in_progress'], isMixed: true },
]

/** Sends several changes of one appointment at once through all instances. */
export async function tryRaces(
  stage: Stage,
  database: ControlDatabase,
  { random, drawn }: { random: () => number; drawn: number },
): Promise<{ actors: Actor[]; requests: number }> {
  const pick = (): AppointmentState => appointmentStates[Math.floor(random() * appointmentStates.length)] ?? 'booked'
  const starts = ['booked', 'confirmed', 'in_progress'] as const
  const all: Race[] = [
    ...races,
    ...Array.from({ length: drawn }, (_, index) => ({
      from: starts[index % starts.length] ?? 'booked',
      states: Array.from({ length: 5 }, pick),
    })),
  ]
  const ready = await inParallel(all, atOnce, async (race) => ({
    race,
    actor: await lead(stage, race.from, `${race.from}, then ${race.states.join(' and ')}`),
  }))
  const delay = database.proxy.impose({ delayMilliseconds: statementMilliseconds })
  try {
    await inParallel(ready, atOnce, ({ race, actor }) => stage.take(actor, asksOf(race, actor)))
  } finally {
    delay.lift()
  }
  return {
    actors: ready.map(({ actor }) => actor),
    requests: ready.reduce((sum, { race, actor }) => sum + asksOf(race, actor).length, 0),
  }
}

const asksOf = ({ states, isMixed }: Race, actor: Actor): Ask[] => [
  ...states.map((state) => admin(() => actor.id, state)),
  ...(isMixed === true
    ? [
        calendar(actor.booking, 'cancelled'),
        reply(actor.booking.person.phone, 'YES'),
        calendar(actor.booking, 'created'),
      ]
    : []),
]
