import { z } from 'zod'
import type { JudgedShortfall } from '../../evidence/shortfall.ts'

const count = z.int().nonnegative()
const counts = z.record(z.string(), count)

/** The same thing sent many times at once, beside one of its kind that was sent once. */
const copiesSchema = z.object({
  name: z.string(),
  copies: z.int().min(5),
  /** How often each status came; `none` when there was no answer. */
  statuses: counts,
  /** Statuses with which a copy may be answered. */
  answers: z.array(z.int()).min(1),
  /** Events, audit entries, rows and messages of the one that was sent once. */
  once: counts,
  seen: counts,
})

/** Different requests at once, and what came of them all. */
const conflictSchema = z.object({
  name: z.string(),
  requests: z.int().min(2),
  statuses: counts,
  effects: z.array(z.object({ what: z.string(), seen: count, atLeast: count, atMost: count })).min(1),
})

/** What many requests at once, on several instances, led to. */
export const concurrencyTrialSchema = z.object({
  instances: z.int().min(2),
  delayMilliseconds: z.int().positive(),
  copies: z.array(copiesSchema).min(6),
  conflicts: z.array(conflictSchema).min(6),
  /** Deliveries cut off at one statement after another, and delivered again. */
  interrupted: z.object({
    cuts: z.int().min(3),
    lost: count,
    twice: count,
  }),
  /** Deadlocks that PostgreSQL had to end. */
  deadlocks: count,
  /** Jobs that were given up while no provider failed. */
  deadLetters: count,
})

/** @see concurrencyTrialSchema */
export type ConcurrencyTrial = z.infer<typeof concurrencyTrialSchema>

const mitigations = {
  once: 'Note the key in the transaction of the effect, under a unique constraint, and let those that find it do nothing.',
  conflict:
    'Lock the row that the decision is about before it is read, in one order everywhere, and count what is under way too.',
  failure: 'Let requests that collide wait for each other in one order, or try again those that lost.',
}

/** Each effect that came twice, was lost, or was told of wrongly, and each request that failed for company. */
export function judgeConcurrency(trial: ConcurrencyTrial): JudgedShortfall[] {
  const where = `${trial.instances} instances on one database`
  return [
    ...trial.copies.flatMap((copies) => judgeCopies(copies, where)),
    ...trial.conflicts.flatMap((conflict) => judgeConflict(conflict, where)),
    ...judgeInterrupted(trial.interrupted),
    ...(trial.deadlocks > 0
      ? [
          {
            what: `the database had to end ${trial.deadlocks} deadlocks`,
            expected: 'no deadlock',
            where,
            mitigation: 'Lock rows in one order everywhere, e.g. the customer before their appointments and messages.',
          },
        ]
      : []),
    ...(trial.deadLetters > 0
      ? [
          {
            what: `${trial.deadLetters} jobs were given up though no provider failed`,
            expected: 'all accepted work done',
            where,
            mitigation: mitigations.failure,
          },
        ]
      : []),
  ]
}

function judgeCopies(
  { name, copies, statuses, answers, once, seen }: ConcurrencyTrial['copies'][number],
  where: string,
): JudgedShortfall[] {
  const shortfalls: JudgedShortfall[] = []
  const others = Object.entries(statuses).filter(([status]) => !answers.includes(Number(status)))
  if (others.length > 0) {
    shortfalls.push({
      what: `${name}: of ${copies} copies at once ${others.map(([status, times]) => `${times} got ${status}`).join(', ')}`,
      expected: `an answer with ${answers.join(' or ')}`,
      where,
      mitigation: mitigations.failure,
    })
  }
  const differences = [...new Set([...Object.keys(once), ...Object.keys(seen)])]
    .filter((what) => (once[what] ?? 0) !== (seen[what] ?? 0))
    .map((what) => `${what}: ${seen[what] ?? 0} instead of ${once[what] ?? 0}`)
  if (differences.length > 0) {
    shortfalls.push({
      what: `${name}: ${copies} copies at once did not take effect once: ${differences.join(', ')}`,
      expected: 'the effects of a single one',
      where,
      mitigation: mitigations.once,
    })
  }
  return shortfalls
}

function judgeConflict(
  { name, requests, statuses, effects }: ConcurrencyTrial['conflicts'][number],
  where: string,
): JudgedShortfall[] {
  const shortfalls: JudgedShortfall[] = []
  const failed = Object.entries(statuses).filter(([status]) => !(Number(status) < 500))
  if (failed.length > 0) {
    shortfalls.push({
      what: `${name}: of ${requests} requests at once ${failed.map(([status, times]) => `${times} got ${status}`).join(', ')}`,
      expected: 'each done or refused, none failed',
      where,
      mitigation: mitigations.failure,
    })
  }
  for (const { what, seen, atLeast, atMost } of effects) {
    if (seen >= atLeast && seen <= atMost) continue
    shortfalls.push({
      what: `${name}: ${seen} ${what} came of ${requests} requests at once`,
      expected: atLeast === atMost ? `${atMost} ${what}` : `${atLeast} to ${atMost} ${what}`,
      where,
      mitigation: mitigations.conflict,
    })
  }
  return shortfalls
}

function judgeInterrupted({ cuts, lost, twice }: ConcurrencyTrial['interrupted']): JudgedShortfall[] {
  const where = 'a booking whose database connection was cut at one statement after another'
  return (
    [
      [lost, 'had no effect, though delivered again until acknowledged'],
      [twice, 'took effect twice'],
    ] as const
  ).flatMap(([times, what]) =>
    times === 0
      ? []
      : [
          {
            what: `${times} of ${cuts} interrupted deliveries ${what}`,
            expected: 'once',
            where,
            mitigation: mitigations.once,
          },
        ],
  )
}
