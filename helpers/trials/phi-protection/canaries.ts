import { makeBooking } from '../../subject/people.ts'
import type { Booking } from '../../subject/people.ts'
import type { PhiTrial } from './judge.ts'
import type { HealthKind } from './terms.ts'

/** A made-up piece of health information by which a leak is recognised. */
export interface Canary {
  word: string
  kind: HealthKind
  /** Where it is planted, e.g. `service type`. */
  field: string
}

/** How a customer's records read. */
export type Carrier = PhiTrial['paths'][number]['people'][number]['carrier']

/** What the records of one customer say beside name and number. */
export interface Records {
  carrier: Carrier
  service: string
  /** Put behind the name. */
  name?: string
  notes?: string
  provider?: string
  reason?: string
  /** What the customer writes when nobody asked. */
  question: string
}

const harmless: Records = { carrier: 'harmless', service: 'consultation', question: 'What do I have to bring along?' }

const rare: Records = {
  carrier: 'rare words',
  service: 'Tularemia assessment',
  notes: 'Sarcoidosis, takes deferasirox at night',
  provider: 'Dr. Kim, chelation',
  reason: 'Hydroxychloroquine is not enough',
  question: 'I take fluvoxamine for my vitiligo, is that a problem?',
}

const provider = 'Dr. Kim, Methadone Unit'
const wellKnown: readonly Omit<Records, 'carrier' | 'question'>[] = [
  { service: 'Radiation therapy', name: 'Lupus', notes: 'SSN 318-22-7741, takes warfarin', reason: 'Leucemia' },
  { service: 'Sesión de hemodiálisis', name: 'Hepatitis', notes: 'SSN 318.22.7741', reason: 'Gabapentin refill' },
  { service: 'C50.9 follow-up', name: 'Autism', notes: 'MRN 7710442, con esquizofrenia', reason: 'Gabapentin refill' },
  { service: 'Oncology consultation', name: 'Bipolar', notes: 'SSN 318 22 7741', reason: 'Leucemia' },
  { service: 'Epilepsy review', name: 'Psoriasis', notes: 'Toma warfarina, MRN 7710442', reason: 'Gabapentin refill' },
  { service: 'Trasplante de riñón: control', name: 'Parkinson', notes: 'MRN: 7710442', reason: 'Leucemia' },
]

/** Everything that the records plant; each word stands in one field only. */
export const plantedCanaries: readonly Canary[] = [
  { word: 'Tularemia', kind: 'condition', field: 'service type' },
  { word: 'Radiation therapy', kind: 'treatment', field: 'service type' },
  { word: 'hemodiálisis', kind: 'treatment', field: 'service type' },
  { word: 'C50.9', kind: 'diagnosis', field: 'service type' },
  { word: 'Oncology', kind: 'treatment', field: 'service type' },
  { word: 'Epilepsy', kind: 'condition', field: 'service type' },
  { word: 'Trasplante', kind: 'treatment', field: 'service type' },
  { word: 'Sarcoidosis', kind: 'condition', field: 'notes' },
  { word: 'deferasirox', kind: 'medication', field: 'notes' },
  { word: '318-22-7741', kind: 'social security number', field: 'notes' },
  { word: 'warfarin', kind: 'medication', field: 'notes' },
  { word: 'warfarina', kind: 'medication', field: 'notes' },
  { word: '7710442', kind: 'medical record number', field: 'notes' },
  { word: 'esquizofrenia', kind: 'condition', field: 'notes' },
  { word: 'Lupus', kind: 'condition', field: 'name' },
  { word: 'Hepatitis', kind: 'condition', field: 'name' },
  { word: 'Bipolar', kind: 'condition', field: 'name' },
  { word: 'Autism', kind: 'condition', field: 'name' },
  { word: 'Psoriasis', kind: 'condition', field: 'name' },
  { word: 'Parkinson', kind: 'condition', field: 'name' },
  { word: 'chelation', kind: 'treatment', field: 'provider name' },
  { word: 'Methadone', kind: 'medication', field: 'provider name' },
  { word: 'Hydroxychloroquine', kind: 'medication', field: 'reason for the visit' },
  { word: 'Gabapentin', kind: 'medication', field: 'reason for the visit' },
  { word: 'Leucemia', kind: 'condition', field: 'reason for the visit' },
  { word: 'fluvoxamine', kind: 'medication', field: 'reply' },
  { word: 'vitiligo', kind: 'condition', field: 'reply' },
  { word: 'citalopram', kind: 'medication', field: 'reply' },
  { word: 'hernia', kind: 'condition', field: 'reply' },
]

/** What three customers of one path have in their records: nothing, words that everybody knows, and words that few lists hold. */
export function recordsOf(path: number): Records[] {
  const known = wellKnown[path % wellKnown.length]
  const question = 'Is citalopram good for a hernia?'
  return [harmless, { ...harmless, ...known, provider, carrier: 'well-known words', question }, rare]
}

/** A booking by somebody with these records; without what the contract does not name where that is not taken. */
export function bookingOf({ service, name, notes, provider, reason }: Records, takesExtras: boolean): Booking {
  const booking = makeBooking({ serviceType: service })
  const { person } = booking
  const extras = {
    ...(notes === undefined ? {} : { notes }),
    ...(provider === undefined ? {} : { provider_name: provider, provider: { name: provider } }),
    ...(reason === undefined ? {} : { questions_and_answers: [{ question: 'Reason for the visit', answer: reason }] }),
  }
  return {
    ...booking,
    person: name === undefined ? person : { ...person, name: `${person.name} ${name}` },
    ...(takesExtras ? { extras } : {}),
  }
}
