import { z } from 'zod'
import type { JudgedShortfall } from '../../evidence/shortfall.ts'

const milliseconds = z.number().nonnegative()
const count = z.int().nonnegative()

/** What became of one message while the provider failed in one way. */
const messageSchema = z.object({
  attempts: count,
  /** Messages that the provider took effect on. */
  delivered: count,
  /** Idempotency keys seen on its attempts, without repetition; an attempt without one counts as an empty text. */
  idempotencyKeys: z.array(z.string()),
})

/** How the subject's calls to its SMS provider went while that failed. */
export const retryTrialSchema = z.object({
  /** Messages whose first two attempts failed, one after the other, so that no breaker opens. */
  backoff: z
    .array(
      messageSchema.extend({
        failures: z.string(),
        firstGapMilliseconds: milliseconds,
        secondGapMilliseconds: milliseconds,
      }),
    )
    .min(5),
  exhausted: messageSchema.extend({
    /** The dead letter, or null when there is none. */
    deadLetter: z
      .object({
        attempts: z.int().nullable(),
        hasPayload: z.boolean(),
        hasError: z.boolean(),
        /** Whether it names the correlation id of the request that asked for the message. */
        hasCorrelationId: z.boolean(),
      })
      .nullable(),
    /** Time without a further attempt after the last one. */
    quietMilliseconds: milliseconds,
  }),
  refusals: z.array(messageSchema.extend({ status: z.int() })).min(3),
  rateLimited: messageSchema.extend({ retryAfterMilliseconds: milliseconds, gapMilliseconds: milliseconds.nullable() }),
  hang: messageSchema.extend({ gapMilliseconds: milliseconds.nullable() }),
  lostAnswers: z.array(messageSchema.extend({ how: z.string() })).min(1),
  reset: messageSchema,
})

/** @see retryTrialSchema */
export type RetryTrial = z.infer<typeof retryTrialSchema>

type Message = z.infer<typeof messageSchema>

/** Gaps of a doubling backoff differ by a factor of 2; full jitter on both leaves at least this in the median. */
const leastGrowth = 1.4
/** Spread of the gaps relative to the median of their kind, quartile to quartile; a fixed delay measures 0.02 to 0.03 here. */
const leastSpread = 0.05
const hangLimitMilliseconds = 35_000

/** Each way in which attempts, delays or effects are not what the contract says. */
export function judgeRetries(trial: RetryTrial): JudgedShortfall[] {
  const lastHang = trial.hang.gapMilliseconds
  const { rateLimited, exhausted } = trial
  return [
    ...trial.backoff.flatMap((message) =>
      expectAttempts(message, 3, 1, `first two attempts failed (${message.failures})`),
    ),
    ...judgeBackoff(trial.backoff),
    ...expectAttempts(exhausted, 3, 0, 'every attempt failed (503)'),
    ...expect(exhausted.deadLetter !== null, {
      what: 'a message that used up its attempts is not among the dead letters',
      expected: 'a dead letter with its payload, error and attempts',
      where: 'every attempt failed (503)',
      mitigation: 'Move the job to the dead letters in the transaction that ends it.',
    }),
    ...judgeDeadLetter(exhausted.deadLetter),
    ...trial.refusals.flatMap((message) =>
      expectAttempts(message, 1, 0, `answered ${message.status}, which another attempt cannot mend`),
    ),
    ...expectAttempts(rateLimited, 2, 1, 'answered 429 with Retry-After once'),
    ...expect(
      rateLimited.gapMilliseconds !== null && rateLimited.gapMilliseconds >= rateLimited.retryAfterMilliseconds * 0.97,
      {
        what: `retried ${describe(rateLimited.gapMilliseconds)} after a 429, against its Retry-After`,
        expected: `not before the ${rateLimited.retryAfterMilliseconds} ms of Retry-After are over`,
        where: 'answered 429 with Retry-After once',
        mitigation: 'Read Retry-After (seconds or a date) and wait at least so long.',
      },
    ),
    ...expectAttempts(trial.hang, 2, 1, 'first attempt never answered (hang)'),
    ...expect(lastHang !== null && lastHang <= hangLimitMilliseconds, {
      what: `an unanswered call timed out ${lastHang === null ? 'never' : `after ${describe(lastHang)}`}`,
      expected: `a time-out, and the next attempt within ${hangLimitMilliseconds / 1000} s`,
      where: 'first attempt never answered (hang)',
      mitigation: 'Give every outgoing call a time-out that covers connecting, waiting and reading.',
    }),
    ...trial.lostAnswers.flatMap((message) => expectAttempts(message, null, 1, message.how)),
    ...expectAttempts(trial.reset, 2, 1, 'connection reset once'),
    ...judgeKeys(trial),
  ]
}

function judgeDeadLetter(letter: RetryTrial['exhausted']['deadLetter']): JudgedShortfall[] {
  if (letter === null) return []
  const missing = [
    ...(letter.attempts === 3 ? [] : [`its attempts (says ${letter.attempts ?? 'nothing'}, 3 were made)`]),
    ...(letter.hasPayload ? [] : ['its payload']),
    ...(letter.hasError ? [] : ['its error']),
    ...(letter.hasCorrelationId ? [] : ['the correlation id of the request that asked for it']),
  ]
  return expect(missing.length === 0, {
    what: `the dead letter lacks ${missing.join(', ')}`,
    expected: 'payload, error, attempts and correlation id',
    where: 'GET /dead-letters after every attempt failed',
    mitigation: 'Store the job’s payload, last error, number of attempts and correlation id with the dead letter.',
  })
}

function judgeBackoff(runs: RetryTrial['backoff']): JudgedShortfall[] {
  const first = runs.map((run) => run.firstGapMilliseconds)
  const second = runs.map((run) => run.secondGapMilliseconds)
  const growth = quantile(second, 0.5) / Math.max(1, quantile(first, 0.5))
  // both delays of every message: few delays alone may lie close together by chance
  const relative = [first, second].flatMap((gaps) => gaps.map((gap) => gap / Math.max(1, quantile(gaps, 0.5))))
  const spread = quantile(relative, 0.75) - quantile(relative, 0.25)
  const where = `gaps between attempts of ${runs.length} messages`
  return [
    ...expect(growth >= leastGrowth, {
      what: `the second delay is ${growth.toFixed(2)} times the first (medians): no exponential backoff`,
      expected: `exponential growth: at least ${leastGrowth} times`,
      where,
      mitigation: 'Double the delay after each failed attempt.',
    }),
    ...expect(spread >= leastSpread, {
      what: `delays hardly differ from message to message: the middle half of them spreads by ${(spread * 100).toFixed(1)} % (no jitter)`,
      expected: `jitter: at least ${leastSpread * 100} % of the median`,
      where,
      mitigation: 'Add random jitter to each delay, so that clients do not return in step.',
    }),
  ]
}

function judgeKeys(trial: RetryTrial): JudgedShortfall[] {
  const retried = [...trial.backoff, trial.rateLimited, trial.hang, trial.reset, ...trial.lostAnswers]
  const bad = retried.filter(
    ({ attempts, idempotencyKeys }) => attempts > 1 && (idempotencyKeys.length !== 1 || idempotencyKeys[0] === ''),
  )
  const keys = retried.map((message) => message.idempotencyKeys[0]).filter((key) => key !== undefined && key !== '')
  const mitigation = 'Derive the idempotency key from the message’s id, and send it with every attempt.'
  return [
    ...expect(bad.length === 0, {
      what: `${bad.length} of ${retried.length} retried messages did not carry one idempotency key on all attempts`,
      expected: 'the same idempotency key on each attempt of a message',
      where: 'header Idempotency-Key of provider calls',
      mitigation,
    }),
    ...expect(new Set(keys).size === keys.length, {
      what: 'two messages carried the same idempotency key',
      expected: 'a key of its own for each message',
      where: 'header Idempotency-Key of provider calls',
      mitigation,
    }),
  ]
}

function expectAttempts(
  message: Message,
  attempts: number | null,
  delivered: number,
  where: string,
): JudgedShortfall[] {
  return [
    ...expect(attempts === null || message.attempts === attempts, {
      what: message.attempts === 1 ? `1 of ${attempts} attempts: no retry` : `${message.attempts} attempts`,
      expected: `${attempts ?? 'some'} attempts in all`,
      where,
      mitigation: 'Retry network errors, time-outs, 429 and 5xx up to three attempts in all, and nothing else.',
    }),
    ...expect(message.delivered === delivered, {
      what: message.delivered > delivered ? `sent ${message.delivered} times (double send)` : 'not delivered',
      expected: `delivered ${delivered === 1 ? 'once' : `${delivered} times`}`,
      where,
      mitigation: 'Send the same idempotency key again, or ask the provider what it accepted, before sending anew.',
    }),
  ]
}

function expect(isMet: boolean, shortfall: JudgedShortfall): JudgedShortfall[] {
  return isMet ? [] : [shortfall]
}

const describe = (value: number | null): string => (value === null ? 'never' : `${Math.round(value)} ms`)

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  const position = (sorted.length - 1) * share
  const below = sorted[Math.floor(position)] ?? 0
  const above = sorted[Math.ceil(position)] ?? below
  return below + (above - below) * (position - Math.floor(position))
}
