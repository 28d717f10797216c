import { compareMentions, findMentions } from '../../database/mentions.ts'
import { inParallel } from '../../parallel.ts'
import { appointmentStates, isAllowed } from '../../subject/appointment-states.ts'
import type { AppointmentState } from '../../subject/appointment-states.ts'
import { admin } from './stage.ts'
import type { Actor, Stage } from './stage.ts'

const atOnce = 4
const unknownState = 'postponed'
/** Tables that only note what was asked; what they claim is read through the admin API. */
const notes = /audit|log/i
const hour = 3_600_000
const malformed = [400, 404, 409, 422]

const waysTo: Readonly<Record<AppointmentState, readonly AppointmentState[]>> = {
  booked: [],
  confirmed: ['confirmed'],
  rescheduled: ['rescheduled'],
  in_progress: ['in_progress'],
  completed: ['in_progress', 'completed'],
  no_show: ['no_show'],
  cancelled: ['cancelled'],
}

/** Every change there is, asked of the administrator: what is not allowed of one appointment, what is of one each. */
export async function tryEdges(stage: Stage, databaseUrl: string): Promise<{ actors: Actor[]; effects: string[] }> {
  const held = await inParallel(appointmentStates, atOnce, (state) =>
    lead(stage, state, `every change refused to ${state}`),
  )
  await stage.fence()
  const ids = held.flatMap(({ id, booking }) => [id ?? [], booking.appointmentId].flat())
  const before = await findMentions(databaseUrl, ids, { leavingOut: notes })
  await inParallel(held, atOnce, (actor, index) => refuseAll(stage, actor, appointmentStates[index] ?? 'booked'))
  await stage.fence()
  const effects = compareMentions(before, await findMentions(databaseUrl, ids, { leavingOut: notes }))
  const absent = stage.introduce('an appointment that is not there')
  for (const state of [...appointmentStates, unknownState]) {
    await stage.take(absent, [
      admin(() => undefined, state, { refusedWith: state === unknownState ? malformed : [404] }),
    ])
  }
  const allowed = appointmentStates.flatMap((from) =>
    appointmentStates.filter((to) => isAllowed(from, to)).map((to) => [from, to] as const),
  )
  const changed = await inParallel(allowed, atOnce, async ([from, to]) => {
    const actor = await lead(stage, from, `${from} to ${to}`)
    await stage.take(actor, [admin(() => actor.id, to)])
    return actor
  })
  return { actors: [...held, absent, ...changed], effects }
}

/** Brings a new appointment into a state by changes that are allowed. */
export async function lead(stage: Stage, state: AppointmentState, name: string): Promise<Actor> {
  const actor = await stage.book(name)
  for (const next of waysTo[state]) await stage.take(actor, [admin(() => actor.id, next)])
  return actor
}

async function refuseAll(stage: Stage, actor: Actor, from: AppointmentState): Promise<void> {
  const time = new Date(Date.parse(actor.booking.scheduledAt) + hour).toISOString()
  for (const to of [...appointmentStates, unknownState].filter((state) => !isAllowed(from, state))) {
    const refusedWith = to === unknownState ? malformed : [409]
    await stage.take(actor, [admin(() => actor.id, to, { isCompared: true, refusedWith })])
  }
  // with another time beside it: that must not take effect either, whether or not this ARO takes one
  const refused = appointmentStates.find((state) => state !== from && !isAllowed(from, state)) ?? from
  await stage.take(actor, [
    admin(() => actor.id, refused, { isCompared: true, refusedWith: malformed, body: { scheduledAt: time } }),
  ])
}
