import { z } from 'zod'
import type { JudgedShortfall } from '../../evidence/shortfall.ts'
import { reconciliationSchema } from '../../subject/reconciliation.ts'

const count = z.int().nonnegative()
const milliseconds = z.number().nonnegative()

/** How requests of one kind were answered while the database could not be had. */
const answersSchema = z.object({
  request: z.string(),
  asked: z.int().positive(),
  /** How often each status came; `none` where there was no answer within 10 s. */
  statuses: z.record(z.string(), z.int().positive()),
  withoutEnvelope: count,
  /** Envelopes that tell of addresses, SQL or source lines. */
  leaking: count,
  slowestMilliseconds: milliseconds,
})

const faultSchema = z.object({
  fault: z.string(),
  /** What shows that it was in force. */
  proof: z.string(),
  tookHold: z.boolean(),
  ended: z.boolean(),
})

const outageSchema = faultSchema.extend({
  lastedMilliseconds: milliseconds,
  answers: z.array(answersSchema).min(3),
  /** The slowest answer of the liveness probe meanwhile, which asks no database: what the machine itself adds. */
  slowestHealthMilliseconds: milliseconds,
  healthSamples: z.int().positive(),
  healthNot200: count,
  /** From the fault's start to the first 503 of readiness; null when there was none. */
  unreadyAfterMilliseconds: milliseconds.nullable(),
  /** From the fault's end; null when it did not come about. */
  readyAfterMilliseconds: milliseconds.nullable(),
  acceptsAfterMilliseconds: milliseconds.nullable(),
})

const cutSchema = faultSchema.extend({
  /** What became of the request whose connection was cut. */
  status: z.int().nullable(),
  hasEnvelope: z.boolean(),
  /** Whether the same was asked again until it was accepted, as a provider or a service does. */
  isRepeated: z.boolean(),
  /** Of the last time that it was asked. */
  lastStatus: z.int().nullable(),
})

/** What the database was made to suffer, and what the subject made of that. */
export const failoverTrialSchema = z.object({
  /** Requests answered as they should be before any fault. */
  steadyRequests: z.int().positive(),
  outages: z.array(outageSchema),
  /** Connections ended by the server, by what they did at the time. */
  terminations: z.array(faultSchema.extend({ terminated: count, isReadyAgain: z.boolean() })).min(1),
  cuts: z.array(cutSchema),
  /** Null, as what comes after it, where the service was beyond help before. */
  slow: faultSchema.extend({ answers: answersSchema }).nullable(),
  pool: z
    .object({
      /** Most connections in use at once under the same burst of requests. */
      mostInUseBefore: z.int().positive(),
      mostInUseAfter: count,
      openBefore: z.int().positive(),
      openAfter: count,
      burst: z.int().positive(),
      burstRefusedAfter: count,
    })
    .nullable(),
  endedProcesses: count,
  /** Requests that were never accepted and had no effect, whose traces were looked for. */
  withoutEffect: count,
  /** Where they left traces all the same. */
  halfWritten: z.array(z.object({ request: z.string(), where: z.string() })),
  account: reconciliationSchema.nullable(),
})

/** @see failoverTrialSchema */
export type FailoverTrial = z.infer<typeof failoverTrialSchema>

const answerLimit = 2000
const unreadyLimit = 5000
const recoveryLimit = 15_000
/** Of the connections in use before; the pools of a subject need not be drawn on in the same proportion each time. */
const leastPool = 0.7
const surplusConnections = 4

/** Each way in which a lost database was hidden, made worse, or not recovered from. */
export function judgeFailover(trial: FailoverTrial): JudgedShortfall[] {
  const { terminations, endedProcesses, slow, pool, account } = trial
  return [
    ...expect(endedProcesses === 0, {
      what: `${endedProcesses} processes of the service ended when the database was lost`,
      expected: 'nothing crashes',
      where: [...terminations, ...trial.outages, ...trial.cuts].map(({ fault }) => fault).join('; '),
      mitigation: 'Listen for errors of idle and of checked-out connections alike, and let none become an exception.',
    }),
    ...trial.outages.flatMap(judgeOutage),
    ...terminations.flatMap(({ fault, isReadyAgain, terminated }) =>
      expect(isReadyAgain, {
        what: `the service did not come back after ${terminated} of its connections were ended`,
        expected: '/ready answers 200 and a booking is accepted again, by itself',
        where: fault,
        mitigation: 'Replace connections that the server has ended.',
      }),
    ),
    ...trial.cuts.flatMap(judgeCut),
    ...(slow === null ? [] : judgeAnswers(slow.answers, slow.fault, 'slow')),
    ...(pool === null ? [] : judgePool(pool)),
    ...trial.halfWritten.slice(0, 3).map(({ request, where }) => ({
      what: `a request that failed left half of it: ${request} in ${where}`,
      expected: 'all of it or nothing',
      where: 'requests that met a fault and were not repeated',
      mitigation: 'Write all that belongs together in one transaction.',
    })),
    ...(account === null ? [] : judgeAccount(account)),
  ]
}

function judgeOutage(outage: FailoverTrial['outages'][number]): JudgedShortfall[] {
  const { fault, unreadyAfterMilliseconds: unready, readyAfterMilliseconds: ready } = outage
  const { acceptsAfterMilliseconds: accepts, healthNot200 } = outage
  const mitigation = 'Make each use of the database fail within a second or two, and say 503 with the envelope.'
  return [
    ...outage.answers.flatMap((answers) => [
      ...judgeAnswers(answers, fault, 'lost'),
      ...expect(answers.slowestMilliseconds <= answerLimit + Math.max(250, outage.slowestHealthMilliseconds), {
        what: `${answers.request} was answered after ${Math.round(answers.slowestMilliseconds)} ms`,
        expected: `an answer within ${answerLimit} ms (the liveness probe took up to ${Math.round(outage.slowestHealthMilliseconds)} ms)`,
        where: fault,
        mitigation,
      }),
    ]),
    ...expect(healthNot200 === 0, {
      what: `/health failed ${healthNot200} of ${outage.healthSamples} times`,
      expected: 'liveness asks no database: 200 throughout',
      where: fault,
      mitigation: 'Answer /health without asking anything.',
    }),
    ...expect(unready !== null && unready <= unreadyLimit + outage.slowestHealthMilliseconds, {
      what: `/ready said 503 ${after(unready)}`,
      expected: `503 within ${unreadyLimit / 1000} s`,
      where: fault,
      mitigation: 'Ask the database in /ready, with a time-out.',
    }),
    ...expect(ready !== null && ready <= recoveryLimit, {
      what: `/ready was 200 again ${after(ready)}`,
      expected: `recovered by itself within ${recoveryLimit / 1000} s of the database`,
      where: fault,
      mitigation: 'Connect anew on demand, without a long back-off.',
    }),
    ...expect(accepts !== null && accepts <= recoveryLimit, {
      what:
        accepts === null
          ? 'the service did not come back: no booking was accepted any more'
          : `a booking was accepted again ${after(accepts)}`,
      expected: `recovered by itself within ${recoveryLimit / 1000} s of the database`,
      where: fault,
      mitigation: 'Connect anew on demand, without a long back-off.',
    }),
  ]
}

const after = (duration: number | null): string => (duration === null ? 'never' : `after ${Math.round(duration)} ms`)

/** `lost`: only 503 will do. `slow`: what is asked may be done as well. */
function judgeAnswers(
  answers: z.infer<typeof answersSchema>,
  where: string,
  database: 'lost' | 'slow',
): JudgedShortfall[] {
  const { request, statuses, withoutEnvelope, leaking } = answers
  const allowed = database === 'lost' ? /^503$/ : /^(?:2\d\d|503)$/
  const wrong = Object.entries(statuses).filter(([status]) => !allowed.test(status))
  return [
    ...expect(wrong.length === 0, {
      what: `${request} was answered ${wrong.map(([status, times]) => `${status} (${times} times)`).join(', ')}`,
      expected: database === 'lost' ? '503, and nothing else' : '2xx, or 503',
      where,
      mitigation:
        'Tell what means that the database cannot be had from other errors, and answer 503 with the envelope.',
    }),
    ...expect(withoutEnvelope === 0, {
      what: `${withoutEnvelope} answers to ${request} lack the error envelope`,
      expected: '{ error: { code, message } }',
      where,
      mitigation: 'Answer 503 through the error handler of the service.',
    }),
    ...expect(leaking === 0, {
      what: `${leaking} answers to ${request} tell an address, SQL or a source line`,
      expected: 'a code and a message that say nothing of the inside',
      where,
      mitigation: 'Put no message of the driver in an answer.',
    }),
  ]
}

function judgeCut(cut: FailoverTrial['cuts'][number]): JudgedShortfall[] {
  const { fault, status, hasEnvelope, isRepeated, lastStatus } = cut
  const isAccepted = status !== null && status >= 200 && status < 300
  return [
    ...expect(isAccepted || (status === 503 && hasEnvelope), {
      what: `a request whose connection was cut was answered ${status ?? 'not at all'}${status === 503 ? ' without the envelope' : ''}`,
      expected: '503 with the envelope, or the 2xx of a request that was carried out all the same',
      where: fault,
      mitigation: 'Count a broken connection among what means that the database cannot be had.',
    }),
    ...expect(!isRepeated || (lastStatus !== null && lastStatus >= 200 && lastStatus < 300), {
      what: `the same request, asked again, was answered ${lastStatus ?? 'not at all'}`,
      expected: 'accepted: nothing of the first, which failed, stands in its way',
      where: fault,
      mitigation: 'Store keys, signatures and effect in one transaction.',
    }),
  ]
}

function judgePool({
  mostInUseBefore,
  mostInUseAfter,
  ...pool
}: NonNullable<FailoverTrial['pool']>): JudgedShortfall[] {
  const where = `the same burst of ${pool.burst} requests before all faults and after them`
  const mitigation = 'Give every connection back in a finally, a broken one with its error so that it is replaced.'
  return [
    ...expect(mostInUseAfter >= mostInUseBefore * leastPool, {
      what: `${mostInUseAfter} connections were in use at once, ${mostInUseBefore} before the faults`,
      expected: 'the pool recovers to its size',
      where,
      mitigation,
    }),
    ...expect(pool.openAfter <= pool.openBefore + surplusConnections, {
      what: `${pool.openAfter} connections are open, ${pool.openBefore} before the faults`,
      expected: 'no connection leaks',
      where,
      mitigation,
    }),
    ...expect(pool.burstRefusedAfter === 0, {
      what: `${pool.burstRefusedAfter} of ${pool.burst} requests were not answered with 2xx`,
      expected: 'the service does what it did before',
      where,
      mitigation,
    }),
  ]
}

function judgeAccount(account: NonNullable<FailoverTrial['account']>): JudgedShortfall[] {
  const where = 'all that was asked for before, during and after the faults'
  const list = (names: readonly string[]): string => names.slice(0, 3).join(', ')
  const { accepted, unaccounted, repeated, dead } = account
  return [
    ...expect(unaccounted.length === 0, {
      what: `${unaccounted.length} of ${accepted} accepted requests are lost: ${list(unaccounted)}`,
      expected: 'nothing accepted is lost',
      where,
      mitigation: 'Acknowledge only what is committed, and let workers go on once the database is back.',
    }),
    ...expect(repeated.length === 0, {
      what: `${repeated.length} took effect twice: ${list(repeated)}`,
      expected: 'each once',
      where,
      mitigation: 'Store what tells a repetition in the transaction of the effect.',
    }),
    ...expect(dead === 0, {
      what: `${dead} accepted requests became dead letters`,
      expected: 'a lost database uses up no attempts',
      where,
      mitigation: 'Let work wait for the database instead of giving it up.',
    }),
  ]
}

const expect = (isMet: boolean, shortfall: JudgedShortfall): JudgedShortfall[] => (isMet ? [] : [shortfall])
