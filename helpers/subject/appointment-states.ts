import { z } from 'zod'
import type { AroEvent } from './client.ts'

/** The states of an appointment, by the contract. */
export const appointmentStates = [
  'booked',
  'confirmed',
  'rescheduled',
  'in_progress',
  'completed',
  'no_show',
  'cancelled',
] as const

/** @see appointmentStates */
export type AppointmentState = (typeof appointmentStates)[number]

const changes: Readonly<Record<AppointmentState, readonly AppointmentState[]>> = {
  booked: ['confirmed', 'rescheduled', 'cancelled', 'no_show', 'in_progress'],
  confirmed: ['rescheduled', 'cancelled', 'in_progress', 'no_show'],
  rescheduled: ['booked'],
  in_progress: ['completed', 'no_show'],
  completed: [],
  no_show: [],
  cancelled: [],
}

/** Whether a text is the name of a state. */
export const isState = (text: string): text is AppointmentState => appointmentStates.some((state) => state === text)

/** Whether the contract lets an appointment go from one state to another; staying is no change. */
export const isAllowed = (from: string, to: string): boolean =>
  isState(from) && changes[from].some((state) => state === to)

const synonyms: Readonly<Record<string, AppointmentState>> = {
  canceled: 'cancelled',
  noshow: 'no_show',
  missed: 'no_show',
  started: 'in_progress',
  created: 'booked',
  moved: 'rescheduled',
}

const stateOf = (value: unknown): AppointmentState | undefined => {
  if (typeof value !== 'string') return undefined
  const plain = value
    .replaceAll(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .replaceAll(/[\s-]+/g, '_')
  return isState(plain) ? plain : synonyms[plain]
}

const record = z.record(z.string(), z.unknown())
const nowKey = /^(?:status|state|to|(?:new|current)_?(?:status|state)|after)$/i

/** The state that a value is in, or says of itself: a text, or an object with a status. */
function stateIn(value: unknown): AppointmentState | undefined {
  const object = record.safeParse(value)
  if (!object.success) return stateOf(value)
  for (const [key, inner] of Object.entries(object.data)) {
    const found = nowKey.test(key) ? stateIn(inner) : undefined
    if (found !== undefined) return found
  }
  return undefined
}

/** The state into which an event says its appointment came; undefined when it tells of something else. */
export function stateTold({ eventType, payload }: AroEvent): string | undefined {
  const nested = record.safeParse(payload).data?.['appointment']
  const inPayload = stateIn(payload) ?? stateIn(nested)
  const lastWord = eventType.split(/[.:/]/).at(-1) ?? ''
  const inType = stateOf(lastWord)
  const isContradiction = inPayload !== undefined && isState(lastWord) && lastWord !== inPayload
  // "rescheduled" is also what is done to an appointment that is booked for another time
  if (isContradiction && lastWord !== 'rescheduled') return `${inPayload}, in an event ${eventType}`
  return inPayload ?? inType
}

/** A change of state that an audit entry claims; undefined when it is about something else. */
export function changeClaimed(entry: Record<string, unknown>): { from: string | null; to: string } | undefined {
  const find = (names: RegExp): unknown => Object.entries(entry).find(([key]) => names.test(key))?.[1]
  const to = stateIn(find(/^(?:after|new(?:_?values?)?)$/i))
  if (to === undefined) return undefined
  const from = stateIn(find(/^(?:before|old(?:_?values?)?|previous)$/i)) ?? null
  return { from, to }
}
