import { randomInt, randomUUID } from 'node:crypto'

/** A made-up person whose every field is unique, so that it can be found again wherever it went. */
export interface Person {
  name: string
  phone: string
  email: string
}

// counted on from a random start, so that no two people of a run share a number
let nextNumber = randomInt(200_000)

const areaCodes = [201, 202, 205, 206, 212, 213, 214, 301, 303, 305, 312, 404, 408, 415, 503, 512, 602, 617, 702, 718]

/** Makes a person nobody else in this run has been. */
export function makePerson(): Person {
  const mark = randomUUID().slice(0, 8)
  nextNumber = (nextNumber + 1) % (areaCodes.length * 10_000)
  const area = areaCodes[Math.floor(nextNumber / 10_000)] ?? 415
  return {
    name: `Alex ${capitalise(letters(mark))}`,
    phone: `+1${area}555${(nextNumber % 10_000).toString().padStart(4, '0')}`,
    email: `alex.${mark}@example.org`,
  }
}

/** A booking as the calendar provider describes it. */
export interface Booking {
  appointmentId: string
  person: Person
  /** ISO 8601. */
  scheduledAt: string
  durationMinutes: number
  serviceType: string
  /** What the calendar provider says beyond that, such as notes. */
  extras?: Readonly<Record<string, unknown>>
}

/** Makes a booking for a new person, 72 hours ahead, unless told otherwise. */
export function makeBooking(overrides: Partial<Booking> = {}): Booking {
  return {
    appointmentId: `appointment-${randomUUID()}`,
    person: makePerson(),
    scheduledAt: new Date(Date.now() + 72 * 3_600_000).toISOString(),
    durationMinutes: 30,
    serviceType: 'consultation',
    ...overrides,
  }
}

const letters = (hexadecimal: string): string =>
  [...hexadecimal].map((digit) => String.fromCharCode(97 + Number.parseInt(digit, 16))).join('')

const capitalise = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)
