import { z } from 'zod'
import type { JudgedShortfall } from '../../evidence/shortfall.ts'
import { reconciliationSchema } from '../../subject/reconciliation.ts'
import type { Reconciliation } from '../../subject/reconciliation.ts'

const count = z.int().nonnegative()

/** One job that could not succeed, and the dead letter that it became. */
const exhaustedSchema = z.object({
  job: z.string(),
  /** Requests that reached the provider for it, before any replay. */
  attemptsSeen: count,
  /** Null when there was none in time. */
  letter: z
    .object({
      attempts: z.int().nullable(),
      error: z.string(),
      /** Whether its payload says what the job was about. */
      isPayloadThere: z.boolean(),
      isCorrelationIdRight: z.boolean(),
      /** Whether another instance shows it too. */
      isSeenByOther: z.boolean(),
    })
    .nullable(),
})

const replaySchema = z.object({
  job: z.string(),
  how: z.string(),
  /** Times that the replay was asked for. */
  asked: z.int().positive(),
  /** How often each status came; `none` where there was no answer. */
  statuses: z.record(z.string(), z.int().positive()),
  /** Requests that reached the provider for the job after the replay. */
  callsAfter: count,
  /** Open dead letters about the job once that had settled. */
  openLettersAfter: count,
  /** Whether the provider would take the job at this time. */
  canSucceed: z.boolean(),
})

/** What became of jobs that used up their attempts, of their replays, and of the work under way when the app was killed. */
export const deadLetterTrialSchema = z.object({
  exhausted: z.array(exhaustedSchema).min(3),
  /** Work for others, asked for while the first of the exhausted was tried. */
  others: z.object({
    asked: z.int().positive(),
    /** Done before the exhausted job's last attempt. */
    doneMeanwhile: count,
    doneAtLast: count,
  }),
  replays: z.array(replaySchema),
  /** Messages asked for while the provider failed for all, once it was well again. */
  outage: reconciliationSchema.extend({ failures: z.int().positive() }).nullable(),
  /** Null, as the outage, where work of others was blocked to the end: nothing more can be tried then. */
  storm: z
    .object({
      seed: count,
      /** Processes that ran, and were ended by SIGKILL. */
      kills: z.int().positive(),
      /** Kills while something accepted had neither been delivered nor had become a dead letter. */
      killsWithWorkUnderWay: count,
      /** Messages that the provider refuses for good, as far as they were accepted. */
      hopeless: z.int().positive(),
      beforeReplay: reconciliationSchema,
      /** Dead letters replayed, with a kill in the middle. */
      replayed: z.int().positive(),
      afterReplay: reconciliationSchema,
    })
    .nullable(),
})

/** @see deadLetterTrialSchema */
export type DeadLetterTrial = z.infer<typeof deadLetterTrialSchema>

/** Each way in which a job was lost, stuck, told wrongly, or done twice. */
export function judgeDeadLetters(trial: DeadLetterTrial): JudgedShortfall[] {
  const { others, outage, storm } = trial
  return [
    ...trial.exhausted.flatMap(judgeExhausted),
    ...expect(others.doneMeanwhile === others.asked, {
      what: `${others.asked - others.doneMeanwhile} of ${others.asked} jobs of others were blocked by a poison message, ${others.asked - others.doneAtLast} of them to the end`,
      expected: 'what cannot succeed blocks nothing else: the others are done while it is still being tried',
      where: 'messages and a booking of other customers, beside one that the provider answers late and with 503',
      mitigation: 'Let each job wait for itself: no queue in order over a tenant, a provider or all.',
    }),
    ...trial.replays.flatMap(judgeReplay),
    ...expect(trial.replays.length >= 3 || trial.exhausted.some(({ letter }) => letter === null), {
      what: `${trial.replays.length} dead letters were replayed`,
      expected: 'each kind of job that was exhausted is replayed',
      where: 'replays',
      mitigation: 'See that a dead letter stays open until its replay.',
    }),
    ...(outage === null
      ? []
      : judgeAccount(outage, `an outage of the provider (${outage.failures} calls answered 503), and after it`)),
    ...(storm === null
      ? []
      : [
          ...judgeAccount(storm.beforeReplay, `${storm.kills} kills at random moments (seed ${storm.seed})`),
          ...judgeAccount(
            storm.afterReplay,
            `${storm.replayed} replays with a kill in the middle (seed ${storm.seed})`,
          ),
        ]),
  ]
}

function judgeExhausted({ job, attemptsSeen, letter }: DeadLetterTrial['exhausted'][number]): JudgedShortfall[] {
  const mitigation = 'Write the dead letter with payload, error, attempts and correlation id when a job is given up.'
  if (attemptsSeen === 0) {
    return [
      {
        what: 'a job that was accepted was not tried at all, blocked by others that could not succeed',
        expected: 'each job is tried, whatever becomes of others',
        where: job,
        mitigation: 'Let each job wait for itself: no queue in order over a tenant, a provider or all.',
      },
    ]
  }
  if (letter === null) {
    return [
      {
        what: `a job that was given up after ${attemptsSeen} attempts is not among the dead letters`,
        expected: 'every job that uses up its attempts is there',
        where: job,
        mitigation,
      },
    ]
  }
  return [
    ...expect(letter.attempts === attemptsSeen, {
      what: `its dead letter says ${letter.attempts ?? 'nothing of its'} attempts, the provider saw ${attemptsSeen}`,
      expected: 'the attempts that were made',
      where: job,
      mitigation,
    }),
    ...expect(letter.error.trim() !== '', {
      what: 'its dead letter has no error',
      expected: 'what the last attempt failed with',
      where: job,
      mitigation,
    }),
    ...expect(letter.isPayloadThere, {
      what: 'its dead letter has no payload that says what the job was about',
      expected: 'the payload as it was queued',
      where: job,
      mitigation,
    }),
    ...expect(letter.isCorrelationIdRight, {
      what: 'its dead letter has another correlation id than the request that led to it',
      expected: 'the correlation id of the request',
      where: job,
      mitigation,
    }),
    ...expect(letter.isSeenByOther, {
      what: 'its dead letter is not shown by another instance on the same database',
      expected: 'dead letters are kept in the database',
      where: job,
      mitigation,
    }),
  ]
}

function judgeReplay(replay: DeadLetterTrial['replays'][number]): JudgedShortfall[] {
  const { job, how, statuses, callsAfter, openLettersAfter, canSucceed } = replay
  const where = `${job}, replayed ${how}`
  const told = Object.entries(statuses)
    .map(([status, times]) => `${status} (${times})`)
    .join(', ')
  const isTaken = Object.keys(statuses).some((status) => status.startsWith('2'))
  const isFaulty = Object.keys(statuses).some((status) => !/^(?:2|4)/.test(status))
  return [
    ...expect(isTaken && !isFaulty, {
      what: `a replay was answered ${told}`,
      expected: 'the first is accepted with a 2xx, another is accepted without effect or refused with a 4xx',
      where,
      mitigation: 'Mark the letter and queue its job in one transaction that locks the letter.',
    }),
    ...expect(callsAfter === 1, {
      what: `the provider was called ${callsAfter} times after a replay`,
      expected: 'a replayed job runs once, however often and however closely the replay is asked for',
      where,
      mitigation: 'Mark the letter and queue its job in one transaction that locks the letter.',
    }),
    ...expect(openLettersAfter === (canSucceed ? 0 : 1), {
      what: canSucceed
        ? `a job that its replay delivered is still dead: ${openLettersAfter} open letters`
        : `a job whose replay failed has ${openLettersAfter} open dead letters`,
      expected: canSucceed ? 'nothing is both delivered and dead' : 'it is a dead letter again, once',
      where,
      mitigation: 'Close the letter when its job is queued; a job that fails again becomes a letter like any other.',
    }),
  ]
}

function judgeAccount(result: Reconciliation, where: string): JudgedShortfall[] {
  const { accepted, effected, dead, unaccounted, repeated, deadAndEffected, deadTwice } = result
  const list = (names: readonly string[]): string => names.slice(0, 3).join(', ')
  return [
    ...expect(unaccounted.length === 0, {
      what: `${unaccounted.length} of ${accepted} accepted jobs are lost: ${list(unaccounted)}`,
      expected: `accepted = delivered + pending + dead; here ${accepted} against ${effected} + 0 + ${dead}`,
      where,
      mitigation: 'Take a job out of the queue only in the transaction that notes how it ended.',
    }),
    ...expect(repeated.length === 0, {
      what: `${repeated.length} messages reached the customer twice: ${list(repeated)}`,
      expected: 'each once, also when the process ends between the provider’s answer and the note of it',
      where,
      mitigation: 'Send under a key that is stored before and stays the same, and look at what was sent before.',
    }),
    ...expect(deadAndEffected.length === 0, {
      what: `${deadAndEffected.length} jobs are both delivered and dead: ${list(deadAndEffected)}`,
      expected: 'one or the other',
      where,
      mitigation:
        'Make a job a dead letter only when it is given up, in the transaction that takes it out of the queue.',
    }),
    ...expect(deadTwice.length === 0, {
      what: `${deadTwice.length} jobs are dead more than once: ${list(deadTwice)}`,
      expected: 'one dead letter a job',
      where,
      mitigation: 'Take the job out of the queue in the transaction that makes it a dead letter.',
    }),
  ]
}

const expect = (isMet: boolean, shortfall: JudgedShortfall): JudgedShortfall[] => (isMet ? [] : [shortfall])
