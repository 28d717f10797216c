import { z } from 'zod'
import type { JudgedShortfall } from '../../evidence/shortfall.ts'

const count = z.int().nonnegative()
const milliseconds = z.number().nonnegative()

/** What the rest of the service did meanwhile. */
const serviceSchema = z.object({
  readyStatus: z.int(),
  booking: z.object({
    status: z.int(),
    answerMilliseconds: milliseconds,
    visibleAfterMilliseconds: milliseconds.nullable(),
  }),
  /** A plain "YES" by a customer with an appointment. */
  reply: z.object({
    status: z.int(),
    answerMilliseconds: milliseconds,
    appliedAfterMilliseconds: milliseconds.nullable(),
  }),
  adminApi: z.object({ status: z.int(), answerMilliseconds: milliseconds }),
})

/** @see serviceSchema */
export type ServiceSeen = z.infer<typeof serviceSchema>

const roundSchema = z.object({
  faults: z.array(z.object({ provider: z.string(), fault: z.string(), met: count, ended: z.literal(true) })).min(3),
  service: serviceSchema,
  /** Callers who asked for work that needs a provider. */
  callers: z.object({
    asked: z.int().positive(),
    /** Taken in with 2xx, or refused by 503 with the envelope. */
    answered: count,
    slowestAnswerMilliseconds: milliseconds,
    /** Told that it is sent or delivered already. */
    claimedDone: count,
  }),
})

/** @see roundSchema */
export type DegradedRound = z.infer<typeof roundSchema>

/** How the subject lived without its providers. */
export const degradationTrialSchema = z.object({
  /** Before any fault. */
  baseline: z.array(serviceSchema).min(2),
  /** Each provider failing in another way in each round. */
  rounds: z.array(roundSchema).min(6),
  /** All providers away for several minutes of the subject's time. */
  outage: z.object({
    minutes: z.number().positive(),
    startedMeanwhile: z.boolean(),
    waiting: z.int().positive(),
    /** Rows of the fullest-growing table, from one minute to some later, without new work. */
    growth: z.object({ table: z.string(), rows: z.int() }),
  }),
  /** What became of all that was asked for, once the providers were back. */
  outcomes: z
    .array(
      z.object({
        provider: z.string(),
        work: z.string(),
        asked: z.int().positive(),
        done: count,
        doneTwice: count,
        /** Neither done nor tried three times by the time the providers had been back for minutes. */
        givenUpUntried: count,
        /** Not done even when all dead letters had been replayed. */
        lost: count,
        /** Something else was done than what was asked for. */
        wrong: count,
      }),
    )
    .min(3),
  hungCalls: z.object({ made: z.int().positive(), givenUp: count }),
})

/** @see degradationTrialSchema */
export type DegradationTrial = z.infer<typeof degradationTrialSchema>

const targetMilliseconds = 2000
const slowdown = 5

/** Each way in which a provider that is down took more down with it than its own work. */
export function judgeDegradation(trial: DegradationTrial): JudgedShortfall[] {
  const { rounds, outage, outcomes, hungCalls } = trial
  const limits = limitsOf(trial.baseline)
  return [
    ...rounds.flatMap((round) => judgeRound(round, limits)),
    ...expect(outage.startedMeanwhile, {
      what: 'an instance that was started while the providers were down did not become ready',
      expected: 'it starts: what needs a provider waits',
      where: `start-up, ${outage.minutes} minutes without providers`,
      mitigation: 'Do not call providers at start, nor in /ready.',
    }),
    ...expect(outage.growth.rows <= 4 * outage.waiting, {
      what: `the queue grows: ${outage.growth.rows} rows more in ${outage.growth.table} though no work came in`,
      expected: `at most a few rows for each of the ${outage.waiting} pieces of work that wait`,
      where: `database, ${outage.minutes} minutes without providers`,
      mitigation: 'Put a job back in the place of the one that ends, not beside it.',
    }),
    ...outcomes.flatMap(judgeOutcome),
    ...expect(hungCalls.givenUp === hungCalls.made, {
      what: `${hungCalls.made - hungCalls.givenUp} of ${hungCalls.made} calls that got no answer were still open at the end`,
      expected: 'a time-out that also closes the connection',
      where: 'calls to providers that never answer',
      mitigation: 'Hand the time-out’s abort signal to the request, or give the client a time-out of its own.',
    }),
  ]
}

interface Limits {
  answer: number
  processing: number
}

function limitsOf(baseline: readonly ServiceSeen[]): Limits {
  const slowest = (values: (number | null)[]): number => Math.max(...values.map((value) => value ?? 0))
  const answers = baseline.flatMap(({ booking, reply, adminApi }) => [
    booking.answerMilliseconds,
    reply.answerMilliseconds,
    adminApi.answerMilliseconds,
  ])
  const processing = baseline.flatMap(({ booking, reply }) => [
    booking.visibleAfterMilliseconds,
    reply.appliedAfterMilliseconds,
  ])
  return {
    answer: Math.max(targetMilliseconds, slowdown * slowest(answers)),
    processing: Math.max(targetMilliseconds, slowdown * slowest(processing)),
  }
}

function judgeRound({ faults, service, callers }: DegradedRound, limits: Limits): JudgedShortfall[] {
  const where = `while ${faults.map(({ provider, fault }) => `${provider} ${fault}`).join(', ')}`
  const { readyStatus, booking, reply, adminApi } = service
  const answers = (name: string, { status, answerMilliseconds }: { status: number; answerMilliseconds: number }) =>
    expect(status < 300 && answerMilliseconds <= limits.answer, {
      what: `${name} answered ${status} after ${Math.round(answerMilliseconds)} ms`,
      expected: `2xx within ${Math.round(limits.answer)} ms, as with the providers up`,
      where,
      mitigation: 'Queue what needs a provider; do not call it while a request waits.',
    })
  const processed = (what: string, after: number | null) =>
    expect(after !== null && after <= limits.processing, {
      what: `${what} ${after === null ? 'not in time' : `after ${Math.round(after)} ms`}`,
      expected: `within ${Math.round(limits.processing)} ms: work that needs no failing provider goes on`,
      where,
      mitigation:
        'Keep work that waits for one provider from holding up the rest: time-outs, breakers, and workers enough.',
    })
  return [
    ...faults
      .filter(({ met }) => met === 0)
      .flatMap(({ provider }) =>
        expect(false, {
          what: `work for ${provider} was held up: no call left for it, nor for a minute of its breaker after`,
          expected: 'a provider that is ill holds up its own work only, for no longer than its time-outs',
          where,
          mitigation: 'Keep work that waits for one provider from holding up the rest: time-outs, and workers enough.',
        }),
      ),
    ...expect(readyStatus === 200, {
      what: `/ready answered ${readyStatus}`,
      expected: '200: an instance that takes bookings is ready',
      where,
      mitigation: 'Leave providers out of /ready; show their state in metrics.',
    }),
    ...answers('a booking', booking),
    ...answers('a reply', reply),
    ...answers('the admin API', adminApi),
    ...processed('a booking became an appointment', booking.visibleAfterMilliseconds),
    ...processed('a plain YES was applied', reply.appliedAfterMilliseconds),
    ...expect(callers.answered === callers.asked && callers.slowestAnswerMilliseconds <= limits.answer, {
      what: `${callers.asked - callers.answered} of ${callers.asked} callers whose work needs a provider got an error; the slowest answer took ${Math.round(callers.slowestAnswerMilliseconds)} ms`,
      expected: `taken in, or refused by 503 with the envelope, within ${Math.round(limits.answer)} ms`,
      where,
      mitigation: 'Take the work in and queue it.',
    }),
    ...expect(callers.claimedDone === 0, {
      what: `${callers.claimedDone} callers were told that their message is sent although it is not`,
      expected: 'an honest answer: accepted or queued',
      where,
      mitigation: 'Say that a message is sent only when the provider has said so.',
    }),
  ]
}

function judgeOutcome({ provider, work, ...outcome }: DegradationTrial['outcomes'][number]): JudgedShortfall[] {
  const where = `${provider}: ${work}, after recovery`
  return [
    ...expect(outcome.lost === 0, {
      what: `${outcome.lost} of ${outcome.asked} pieces of work were lost`,
      expected: 'each is done once the provider is back, or can be replayed from the dead letters',
      where,
      mitigation: 'End a job only when the provider’s answer was read and is what it promises; else keep it.',
    }),
    ...expect(outcome.givenUpUntried === 0, {
      what: `${outcome.givenUpUntried} of ${outcome.asked} pieces of work were given up though they had only been waiting`,
      expected: 'queued, and flushed once the provider is back',
      where,
      mitigation: 'Waiting for a breaker is no attempt: put the job back for as long as the provider is away.',
    }),
    ...expect(outcome.doneTwice === 0, {
      what: `${outcome.doneTwice} of ${outcome.asked} pieces of work were done twice`,
      expected: 'each once',
      where,
      mitigation: 'Send the same idempotency key again with each attempt and each replay.',
    }),
    ...expect(outcome.wrong === 0, {
      what: `${outcome.wrong} of ${outcome.asked} pieces of work had another effect than was asked for: guessed`,
      expected: 'no effect, until it is known what is meant',
      where,
      mitigation: 'What cannot be read without the model is unclear, and for a person to look at.',
    }),
  ]
}

const expect = (isMet: boolean, shortfall: JudgedShortfall): JudgedShortfall[] => (isMet ? [] : [shortfall])
