import { z } from 'zod'
import type { JudgedShortfall } from '../../evidence/shortfall.ts'

const count = z.int().nonnegative()

/** Those who are erased. */
export const erasedPeople = ['a customer', 'a customer who had opted out'] as const
const who = z.enum(erasedPeople)

const traceSchema = z.object({
  who,
  /** What of the person was found. */
  what: z.string(),
  encoding: z.string(),
  /** Table and column, or the request that showed it. */
  where: z.string(),
})

/** What is left of people who were erased, and what their erasure did to others. */
export const erasureTrialSchema = z.object({
  /** Places in the database in which each person stood before. */
  before: z.array(z.object({ who, places: z.array(z.string()) })).length(erasedPeople.length),
  /** Who may not erase. */
  refusals: z.array(z.object({ by: z.string(), status: z.int(), isStillThere: z.boolean() })).min(2),
  erasures: z.array(z.object({ who, status: z.int() })).length(erasedPeople.length),
  left: z.array(traceSchema),
  searched: z.object({
    tables: z.int().positive(),
    rows: z.int().positive(),
    answers: z.int().positive(),
    logLines: count,
  }),
  /** Requests for what is gone. */
  gone: z.array(z.object({ request: z.string(), status: z.int() })).min(4),
  /** Tables with rows that tie a person's id to an appointment or message of theirs. */
  tied: z.object({ before: z.array(z.string()).min(1), after: z.array(z.string()) }),
  /** About one of them, and still listed. */
  deadLetters: count,
  /** Calls for the person's messages that had been accepted before and waited. */
  waiting: z.object({ before: z.int().positive(), after: count }),
  audit: z.object({
    entries: count,
    /** Of the subject's own verification of its audit log. */
    exitCodes: z.object({ before: z.int().nullable(), after: z.int().nullable() }),
    words: z.string(),
  }),
  /** What the export of somebody else tells, and what it no longer tells. */
  neighbour: z.object({ values: z.int().positive(), missing: z.array(z.string()) }),
  /** The same people, who come again and whose consent is recorded anew. */
  returns: z.array(z.object({ who, consent: z.int(), message: z.int(), delivered: count })).length(erasedPeople.length),
  again: z.object({ status: z.int(), left: z.array(traceSchema) }),
})

/** @see erasureTrialSchema */
export type ErasureTrial = z.infer<typeof erasureTrialSchema>

const isSuccess = (status: number): boolean => status >= 200 && status < 300

/** Each trace of somebody who was erased, and each harm that the erasure did. */
export function judgeErasure(trial: ErasureTrial): JudgedShortfall[] {
  return [
    ...trial.refusals.flatMap(judgeRefusal),
    ...trial.erasures.flatMap(judgeErased),
    ...byPlace(trial.left).map((trace) => judgeTrace(trace, 'after the deletion')),
    ...trial.gone.flatMap(judgeGone),
    ...trial.tied.after.map(judgeTied),
    ...judgeDeadLetters(trial.deadLetters),
    ...judgeWaiting(trial.waiting),
    ...judgeAudit(trial.audit),
    ...judgeNeighbour(trial.neighbour),
    ...trial.returns.flatMap(judgeReturn),
    ...(isSuccess(trial.again.status)
      ? byPlace(trial.again.left).map((trace) => judgeTrace(trace, 'after they had come again and were deleted again'))
      : [
          {
            what: `somebody who had been deleted and came again could not be deleted again: ${trial.again.status}`,
            expected: 'a deletion whenever it is asked for, such as after a backup was restored',
            where: 'DELETE /customers/{id}',
            mitigation: 'Let nothing of the first deletion stand in the way of another.',
          },
        ]),
  ]
}

function judgeRefusal({ by, status, isStillThere }: ErasureTrial['refusals'][number]): JudgedShortfall[] {
  if (status >= 400 && status < 500 && isStillThere) return []
  return [
    {
      what: isStillThere
        ? `a deletion asked for by ${by} was answered with ${status}`
        : `a customer was deleted by ${by} (answered with ${status})`,
      expected: '401, 403 or 404, and the customer is still there',
      where: 'DELETE /customers/{id}',
      mitigation: 'Ask for an administrator of the customer’s tenant before anything is deleted.',
    },
  ]
}

function judgeErased({ who: person, status }: ErasureTrial['erasures'][number]): JudgedShortfall[] {
  if (isSuccess(status)) return []
  return [
    {
      what: `the deletion of ${person} was answered with ${status}`,
      expected: '200, 202 or 204',
      where: 'DELETE /customers/{id}',
      mitigation: 'Delete whatever there is about them in one transaction.',
    },
  ]
}

type Trace = ErasureTrial['left'][number]

/** One for each place, whatever was found there. */
function byPlace(traces: readonly Trace[]): Trace[] {
  const places = Map.groupBy(traces, (trace) => `${trace.who}\n${trace.where}`)
  return [...places.values()].flatMap(([first, ...others]) =>
    first === undefined
      ? []
      : [{ ...first, what: [...new Set([first, ...others].map(({ what }) => what))].join(', ') }],
  )
}

function judgeTrace({ who: person, what, encoding, where }: Trace, when: string): JudgedShortfall {
  const isDigest = /digest/.test(encoding)
  return {
    what: `${what} of ${person} ${isDigest ? `can be guessed from an unkeyed hash (${encoding}) that is` : `is (${encoding})`} still there ${when}`,
    expected: 'nothing of a deleted person anywhere; of a number that had opted out a keyed HMAC in a suppression list',
    where,
    mitigation: isDigest
      ? 'Keep an HMAC under a secret key: all numbers there are can be hashed in minutes.'
      : 'Delete or empty it in the transaction of the deletion: every table, event payload, command, queued job, dead letter and message.',
  }
}

function judgeGone({ request, status }: ErasureTrial['gone'][number]): JudgedShortfall[] {
  if (status === 404 || status === 410) return []
  return [
    {
      what: `${request} was answered with ${status} after the deletion`,
      expected: '404',
      where: request,
      mitigation: 'Have nothing left that could be shown, and say so.',
    },
  ]
}

function judgeTied(table: string): JudgedShortfall {
  return {
    what: `rows about appointments or messages of a deleted customer, such as queued work, are still there under their id: ${table}`,
    expected: 'gone from every table and queue',
    where: `table ${table}`,
    mitigation: 'Delete the queue’s jobs and all else that refers to the customer in the transaction of the deletion.',
  }
}

function judgeDeadLetters(letters: number): JudgedShortfall[] {
  if (letters === 0) return []
  return [
    {
      what: `${letters} dead letters about a deleted customer are still listed after the deletion`,
      expected: 'no dead letter about them, open or replayed',
      where: 'GET /dead-letters',
      mitigation: 'Delete their dead letters in the transaction of the deletion.',
    },
  ]
}

function judgeWaiting({ after }: ErasureTrial['waiting']): JudgedShortfall[] {
  if (after === 0) return []
  return [
    {
      what: `${after} messages that waited in the queue were sent to a customer after their deletion`,
      expected: 'pending messages of a deleted person are not sent',
      where: 'queued messages',
      mitigation: 'Delete queued work of the person, and look whether they are still there at the moment of sending.',
    },
  ]
}

function judgeAudit({ entries, exitCodes, words }: ErasureTrial['audit']): JudgedShortfall[] {
  const shortfalls: JudgedShortfall[] = []
  if (entries < erasedPeople.length) {
    shortfalls.push({
      what: `${erasedPeople.length} deletions left ${entries} entries in the audit log`,
      expected: 'an anonymous audit entry for each deletion: who deleted, and when',
      where: 'GET /audit-logs',
      mitigation: 'Write the entry in the transaction of the deletion, without anything of the person.',
    })
  }
  if (exitCodes.before === 0 && exitCodes.after !== 0) {
    shortfalls.push({
      what: `the audit log no longer verifies after a deletion: ${words || `exit code ${exitCodes.after}`}`,
      expected: 'an unbroken chain: the entries held nothing of the person, so none had to be changed',
      where: 'the subject’s verification of its audit log',
      mitigation: 'Keep personal data out of audit entries; name people by ids.',
    })
  }
  return shortfalls
}

function judgeNeighbour({ values, missing }: ErasureTrial['neighbour']): JudgedShortfall[] {
  if (missing.length === 0) return []
  return [
    {
      what: `${missing.length} of ${values} values of somebody else were gone or changed after the deletion: ${missing.slice(0, 3).join(', ')}`,
      expected: 'others are untouched',
      where: 'export of another customer',
      mitigation: 'Delete by the customer’s id and tenant only.',
    },
  ]
}

function judgeReturn({ who: person, message, delivered }: ErasureTrial['returns'][number]): JudgedShortfall[] {
  const hadOptedOut = person === 'a customer who had opted out'
  if (hadOptedOut === (delivered === 0)) return []
  return [
    hadOptedOut
      ? {
          what: `a number that had opted out before its deletion was texted when it was imported again (${delivered} messages): its suppression is forgotten`,
          expected: 'a keyed HMAC of the number in a suppression list, which a later import does not lift',
          where: 'booking, recorded consent and message after a deletion',
          mitigation: 'On deletion keep an HMAC of numbers that had opted out, and look there before each message.',
        }
      : {
          what: `somebody who had never opted out is not texted when they come again after their deletion (the message was answered with ${message}): they are under suppression`,
          expected: 'suppression of those numbers only that had opted out',
          where: 'booking, recorded consent and message after a deletion',
          mitigation: 'Put a number on the suppression list only where consent had been withdrawn.',
        },
  ]
}
