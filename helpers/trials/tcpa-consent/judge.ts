import { z } from 'zod'
import type { JudgedShortfall } from '../../evidence/shortfall.ts'

const count = z.int().nonnegative()

/** How a customer stands to being texted when a message to them comes about. */
export const consents = ['given', 'never given', 'withdrawn before', 'withdrawn while queued'] as const

const personSchema = z.object({
  consent: z.enum(consents),
  /** Who withdrew it; null where nobody did. */
  withdrawnBy: z.enum(['the customer by reply', 'an administrator']).nullable(),
  /** Calls to the SMS provider for this customer while it turned all away. */
  turnedAway: count,
  /** Messages that the provider took, without the confirmation of an opt-out. */
  delivered: count,
  /** Of these, such as had been turned away before consent was withdrawn. */
  deliveredFromQueue: count,
  /** Messages of another kind after the withdrawal, of which a confirmation may be one. */
  confirmations: count,
})

const pathSchema = z.object({ path: z.string(), people: z.array(personSchema).min(1) })

/** What became of messages on every path that sends one, for customers with and without consent. */
export const consentTrialSchema = z.object({
  paths: z.array(pathSchema).min(5),
  replay: z.array(z.object({ consent: z.enum(consents), letters: z.int().positive(), delivered: count })).length(2),
  /** A consent withdrawn between the first and the second attempt at a message, and one that stays. */
  betweenAttempts: z
    .array(z.object({ consent: z.enum(consents), attempts: z.int().positive(), delivered: count }))
    .length(2),
  templates: z.object({
    /** Message templates of the profile packs. */
    known: z.int().positive(),
    seen: z.array(z.string()),
    /** Those that nothing in the source sends by itself. */
    neverSent: z.array(z.string()),
  }),
  records: z
    .array(
      z.object({
        what: z.string(),
        /** Whether the record says so. */
        isRight: z.boolean(),
        who: z.string().nullable(),
        when: z.string().nullable(),
        how: z.string().nullable(),
      }),
    )
    .min(3),
})

/** @see consentTrialSchema */
export type ConsentTrial = z.infer<typeof consentTrialSchema>

const mitigation = 'Look at the consent in the transaction that hands the message to the provider, on every path.'

/** Each path on which somebody is texted who has not agreed to it, and each record that does not tell who, when and how. */
export function judgeConsent({ paths, replay, betweenAttempts, records }: ConsentTrial): JudgedShortfall[] {
  return [
    ...paths.flatMap(({ path, people }) => people.flatMap((person) => judgePerson(path, person))),
    ...replay.flatMap(judgeReplay),
    ...betweenAttempts.flatMap(judgeBetweenAttempts),
    ...records.flatMap(judgeRecord),
  ]
}

function judgePerson(path: string, person: z.infer<typeof personSchema>): JudgedShortfall[] {
  const { consent, withdrawnBy, turnedAway, delivered, deliveredFromQueue, confirmations } = person
  const where = `${path}, consent ${consent}${withdrawnBy === null ? '' : ` by ${withdrawnBy.replace(/ by.*/, '')}`}`
  if (consent === 'given') return []
  const shortfalls: JudgedShortfall[] = []
  const sent = consent === 'withdrawn while queued' ? deliveredFromQueue : delivered + turnedAway
  if (sent > 0) {
    shortfalls.push({
      what:
        consent === 'withdrawn while queued'
          ? `${sent} queued messages were sent although consent had been withdrawn meanwhile`
          : `${sent} messages were sent to a customer without consent`,
      expected: 'no message without consent at the moment of sending',
      where,
      mitigation,
    })
  }
  const allowed = consent === 'withdrawn while queued' ? 1 : 0
  if (confirmations > allowed) {
    shortfalls.push({
      what: `${confirmations} further messages were sent after consent had been withdrawn`,
      expected: 'one confirmation of an opt-out and nothing else',
      where,
      mitigation,
    })
  }
  return shortfalls
}

function judgeReplay({ consent, delivered }: ConsentTrial['replay'][number]): JudgedShortfall[] {
  if (consent === 'given' || delivered === 0) return []
  return [
    {
      what: `the replay of a dead letter sent ${delivered} messages to a customer whose consent was withdrawn meanwhile`,
      expected: 'no message without consent at the moment of sending',
      where: 'POST /dead-letters/{id}/replay',
      mitigation,
    },
  ]
}

function judgeBetweenAttempts({ consent, delivered }: ConsentTrial['betweenAttempts'][number]): JudgedShortfall[] {
  if (consent === 'given' || delivered === 0) return []
  return [
    {
      what: `the next attempt at a message went out ${delivered} times although consent had been withdrawn since the first`,
      expected: 'no message without consent at the moment of sending, which each attempt is',
      where: 'an SMS that the provider asks to send again 2 s later',
      mitigation,
    },
  ]
}

function judgeRecord({ what, isRight, who, when, how }: ConsentTrial['records'][number]): JudgedShortfall[] {
  const missing = Object.entries({ who, when, how }).flatMap(([name, value]) => (value === null ? [name] : []))
  if (isRight && missing.length === 0) return []
  return [
    {
      what: isRight
        ? `the consent record does not tell ${missing.join(', ')}`
        : 'the consent record does not tell of it',
      expected: 'who, when and how, for each consent given or withdrawn',
      where: `export of a customer: ${what}`,
      mitigation: 'Keep a row for every change of consent, with the actor, the time and the way in which it came.',
    },
  ]
}
