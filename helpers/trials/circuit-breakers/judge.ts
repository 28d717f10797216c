import { z } from 'zod'
import type { JudgedShortfall } from '../../evidence/shortfall.ts'

const count = z.int().nonnegative()
const milliseconds = z.number().nonnegative()

const stateSchema = z.object({
  /** `closed`, `open`, `half-open`, or what stands there instead. */
  adminApi: z.string(),
  /** The breaker's gauges as they stand in the text, whatever their encoding. */
  metrics: z.string(),
})

/** @see stateSchema */
export type VisibleState = z.infer<typeof stateSchema>

const openingSchema = z.object({
  /** How the provider failed, one call after the other. */
  ways: z.string(),
  arrivals: count,
})

const quietSchema = z.object({
  when: z.string(),
  /** Pieces of work that were asked for and would call the provider. */
  asked: z.int().positive(),
  /** Those answered by 2xx, or by 503 with the envelope. */
  answered: count,
  slowestAnswerMilliseconds: milliseconds,
  arrivals: count,
})

const laneSchema = z.object({
  provider: z.string(),
  work: z.string(),
  /** To a caller with the provider up. */
  answerBeforeMilliseconds: milliseconds,
  /** Twice four failures, each time followed by a success. */
  consecutive: z.object({ failures: count, successes: count }),
  refusals: z.object({ statuses: z.array(z.int()).min(5), arrivals: count, servedAfterwards: z.boolean() }),
  opening: openingSchema,
  whileOpen: z.array(quietSchema).min(3),
  /** Calls that arrived when the minute was over. */
  probe: z.object({ callers: z.int().positive(), instances: z.int(), arrivals: count }),
  /** After the second success one call failed: how many arrived until it had succeeded. */
  closedAgain: z.object({ successes: count, arrivalsAfterOneFailure: count }),
  states: z.object({
    closed: stateSchema,
    open: z.array(stateSchema.extend({ where: z.string() })).min(2),
    closedAgain: stateSchema,
  }),
})

/** @see laneSchema */
export type BreakerLane = z.infer<typeof laneSchema>

/** How each provider's circuit breaker went through its states. */
export const breakerTrialSchema = z.object({
  lanes: z.array(laneSchema).min(3),
  /** One provider's breaker all the way, the others' being closed again. */
  halfOpen: z.object({
    provider: z.string(),
    stateDuringProbe: z.string(),
    /** In the minute after the probe had failed. */
    afterFailedProbe: quietSchema.extend({ secondsSinceProbe: z.number().positive() }),
    /** One success, then failures only: how many arrived. */
    oneSuccessThenFailure: z.object({ successes: count, arrivals: count }),
    /** Work for the other providers while this one's breaker was open. */
    others: z.array(z.object({ provider: z.string(), asked: z.int().positive(), arrivals: count })).min(1),
  }),
  /** Work that was asked for while the breaker was open, after it had closed. */
  waiting: z.object({ asked: z.int().positive(), delivered: count, deliveredTwice: count }),
})

/** @see breakerTrialSchema */
export type BreakerTrial = z.infer<typeof breakerTrialSchema>

const failuresToOpen = 5
const fastMilliseconds = 2000
const slowdown = 5

/** Each way in which a breaker does not do what the contract says. */
export function judgeBreakers({ lanes, halfOpen, waiting }: BreakerTrial): JudgedShortfall[] {
  return [
    ...lanes.flatMap(judgeLane),
    ...judgeHalfOpen(halfOpen, Math.max(...lanes.map(({ answerBeforeMilliseconds }) => answerBeforeMilliseconds))),
    ...expect(waiting.delivered === waiting.asked, {
      what: `${waiting.asked - waiting.delivered} of ${waiting.asked} pieces of work that waited for the open breaker were lost`,
      expected: 'what waits is done once the breaker has closed',
      where: `${halfOpen.provider}, after its breaker had closed`,
      mitigation: 'Put work back into the queue, due when the breaker may let it through, without counting an attempt.',
    }),
    ...expect(waiting.deliveredTwice === 0, {
      what: `${waiting.deliveredTwice} pieces of work that waited for the open breaker were done twice`,
      expected: 'each once',
      where: `${halfOpen.provider}, after its breaker had closed`,
      mitigation: 'Put work back into the queue in the transaction that ends the job.',
    }),
  ]
}

function judgeLane(lane: BreakerLane): JudgedShortfall[] {
  const { provider, consecutive, refusals, opening, probe, closedAgain } = lane
  const where = `${provider}: ${lane.work}`
  return [
    ...expect(consecutive.successes === 2, {
      what: `calls stopped although no ${failuresToOpen} failures came in a row: ${consecutive.successes} of 2 successes after four failures each`,
      expected: `the breaker opens after ${failuresToOpen} consecutive failures; a success starts the count anew`,
      where,
      mitigation: 'Set the count of failures to zero with every success.',
    }),
    ...expect(refusals.servedAfterwards && refusals.arrivals >= refusals.statuses.length, {
      what: `refusals of the request (${refusals.statuses.join(', ')}) opened the breaker: ${refusals.arrivals} of ${refusals.statuses.length} arrived, and the call after them did${refusals.servedAfterwards ? '' : ' not'}`,
      expected: 'a 4xx says that the request is wrong, not that the provider is down: it never counts',
      where,
      mitigation: 'Count network errors, time-outs and 5xx only.',
    }),
    ...expect(opening.arrivals === failuresToOpen, {
      what: `${opening.arrivals} calls left while every call failed (${opening.ways})`,
      expected: `${failuresToOpen}: the breaker opens after that many failures in a row, whatever their kind, and no call leaves then`,
      where,
      mitigation:
        'Ask the breaker before every attempt, count each failed attempt, time-outs and resets included, for this provider alone.',
    }),
    ...lane.whileOpen.flatMap((quiet) => judgeQuiet(quiet, where, lane.answerBeforeMilliseconds)),
    ...expect(probe.arrivals === 1, {
      what:
        probe.arrivals === 0
          ? `no probe was let through 61 s after the breaker had opened: it never half-opens`
          : `${probe.arrivals} calls were let through at once when the breaker half-opened`,
      expected: `1 probe, though ${probe.callers} callers come at once through ${probe.instances} instances`,
      where,
      mitigation: 'Let one caller take the probe in one conditional statement that all instances share.',
    }),
    ...expect(closedAgain.successes >= 2 && closedAgain.arrivalsAfterOneFailure >= 2, {
      what: `after ${closedAgain.successes} successes one failure stopped the calls: ${closedAgain.arrivalsAfterOneFailure} of 2 attempts arrived, so the breaker had not closed`,
      expected: 'closed after 2 successes; one failure more does not open it',
      where,
      mitigation: 'Close the breaker with the second success and forget the failures before.',
    }),
    ...judgeStates(lane),
  ]
}

function judgeQuiet(quiet: z.infer<typeof quietSchema>, where: string, answerBefore: number): JudgedShortfall[] {
  // as with the provider up, on a machine that is busy with other things as well
  const limit = Math.max(fastMilliseconds, slowdown * answerBefore)
  const at = `${where}, ${quiet.when}`
  return [
    ...expect(quiet.arrivals === 0, {
      what: `${quiet.arrivals} calls left although the breaker was open`,
      expected: `none, though ${quiet.asked} pieces of work were waiting`,
      where: at,
      mitigation:
        'Keep the breaker’s state where all instances find it, also after a restart, and ask it before every attempt.',
    }),
    ...expect(quiet.answered === quiet.asked, {
      what: `${quiet.asked - quiet.answered} of ${quiet.asked} callers got an error while the breaker was open`,
      expected: 'the work is taken in and waits, or is refused by 503 with the error envelope',
      where: at,
      mitigation: 'Queue what needs the provider; do not call it while the caller waits.',
    }),
    ...expect(quiet.slowestAnswerMilliseconds <= limit, {
      what: `a caller waited ${Math.round(quiet.slowestAnswerMilliseconds)} ms while the breaker was open`,
      expected: `an answer within ${Math.round(limit)} ms`,
      where: at,
      mitigation: 'Fail fast while the breaker is open.',
    }),
  ]
}

function judgeHalfOpen(
  { provider, stateDuringProbe, afterFailedProbe, oneSuccessThenFailure, others }: BreakerTrial['halfOpen'],
  answerBefore: number,
): JudgedShortfall[] {
  return [
    ...judgeQuiet(afterFailedProbe, provider, answerBefore),
    ...expect(stateDuringProbe !== 'closed', {
      what: 'the breaker is shown as closed while its probe is under way',
      expected: 'half-open (or open still)',
      where: `${provider}, GET /circuit-breakers`,
      mitigation: 'Close the breaker with the second success.',
    }),
    ...expect(oneSuccessThenFailure.successes === 1 && oneSuccessThenFailure.arrivals === 2, {
      what: `after one success and one failure of a half-open breaker ${oneSuccessThenFailure.arrivals} calls had arrived, ${oneSuccessThenFailure.successes} of them well`,
      expected: '2 calls, 1 of them well: one success does not close the breaker, and a failure opens it again',
      where: provider,
      mitigation: 'Close the breaker after 2 successes; open it with the first failure while it is half-open.',
    }),
    ...others.flatMap((other) =>
      expect(other.arrivals >= other.asked, {
        what: `${other.asked - other.arrivals} of ${other.asked} calls to ${other.provider} did not leave while the breaker of ${provider} was open`,
        expected: 'a breaker for each provider: the others go on',
        where: other.provider,
        mitigation: 'Keep one breaker for each provider.',
      }),
    ),
  ]
}

function judgeStates({ provider, states }: BreakerLane): JudgedShortfall[] {
  const { closed, open, closedAgain } = states
  const api = (seen: string, expected: string, when: string): JudgedShortfall[] =>
    expect(seen === expected, {
      what: `the state of the breaker is shown as "${seen}" ${when}`,
      expected,
      where: `${provider}, GET /circuit-breakers`,
      mitigation: 'Show the state that decides about calls, read from where all instances keep it.',
    })
  const gauge = (isMet: boolean, what: string): JudgedShortfall[] =>
    expect(isMet, {
      what,
      expected: 'a gauge for each provider whose value tells open from closed, and says what is true now',
      where: `${provider}, GET /metrics`,
      mitigation: 'Set the gauge from the breaker’s state whenever metrics are asked for.',
    })
  return [
    ...api(closed.adminApi, 'closed', 'before any failure'),
    ...open.flatMap((state) => api(state.adminApi, 'open', `when it was open, ${state.where}`)),
    ...api(closedAgain.adminApi, 'closed', 'when it had closed again'),
    ...gauge(closed.metrics !== 'not told', 'the metrics hold no state of the breaker'),
    ...open.flatMap((state) =>
      gauge(
        state.metrics !== closed.metrics,
        `the metrics say the same of the open breaker as of the closed one, ${state.where}: ${state.metrics}`,
      ),
    ),
    ...gauge(
      closedAgain.metrics === closed.metrics,
      `the metrics do not return to the closed state: ${closed.metrics} before, ${closedAgain.metrics} when it had closed again`,
    ),
  ]
}

const expect = (isMet: boolean, shortfall: JudgedShortfall): JudgedShortfall[] => (isMet ? [] : [shortfall])
