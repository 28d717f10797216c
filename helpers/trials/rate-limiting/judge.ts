import { z } from 'zod'
import type { JudgedShortfall } from '../../evidence/shortfall.ts'

const status = z.int()
const statusAt = z.object({ name: z.string(), status })

/** What one limit did when it was reached. */
const limitTrialSchema = z.object({
  /** What is limited, e.g. `admin API`. */
  name: z.string(),
  limit: z.int().positive(),
  windowSeconds: z.int().positive(),
  /** From one client, many at a time. */
  sent: z.int().positive(),
  served: z.int().nonnegative(),
  seconds: z.number().nonnegative(),
  /** The first answer over the limit; null when there was none. */
  refusal: z
    .object({ retryAfterSeconds: z.number().nullable(), code: z.string().nullable(), isJson: z.boolean() })
    .nullable(),
  /** Every route under the limit, asked once more by the same client. */
  routes: z.array(statusAt).min(1),
  evasions: z.array(statusAt).min(20),
  /** The same client, many requests on one connection without waiting. */
  pipelined: z.array(status).min(1),
  otherInstance: status,
  /** Another client meanwhile; null for a limit that the contract sets for a source and not for its clients. */
  otherClient: status.nullable(),
  /** A client without credentials: how many of its requests were refused with 429. */
  withoutCredentials: z.object({ sent: z.int().positive(), refused: z.int().nonnegative() }),
  /** Well before the window has ended; null where the window is too short to tell. */
  early: status.nullable(),
  /** After as long as the refusal said, or else the window. */
  afterwards: status,
})

/** @see limitTrialSchema */
export type LimitTrial = z.infer<typeof limitTrialSchema>

/** All that was seen of rate limits. */
export const rateTrialSchema = z.object({
  inventory: z.object({
    declared: z.int().positive(),
    sourceFiles: z.int().nonnegative(),
    inSource: z.int().nonnegative(),
    atRunTime: z.int().nullable(),
    undeclared: z.array(z.object({ route: z.string(), where: z.string() })),
    missing: z.array(z.string()),
    unread: z.array(z.string()),
  }),
  /** Routes that are asked at any time by whatever watches over the service. */
  unlimited: z.array(z.string()),
  limits: z.array(limitTrialSchema).min(5),
})

/** @see rateTrialSchema */
export type RateTrial = z.infer<typeof rateTrialSchema>

const isServed = (code: number): boolean => code >= 200 && code < 300

/** Each undeclared route, each limit that is not where it should be, that can be got around, or that does not end. */
export function judgeRates({ inventory, limits }: RateTrial): JudgedShortfall[] {
  return [
    ...inventory.undeclared.map(({ route, where }) => ({
      what: `the route ${route} is not declared`,
      expected: 'every route of the contract or in the subject file’s routes, each with its limit',
      where,
      mitigation: 'Declare it in the subject file with its limit, or remove it.',
    })),
    ...inventory.missing.map((route) => ({
      what: `the declared route ${route} does not exist`,
      expected: 'every declared route served',
      where: 'route inventory',
      mitigation: 'Serve it, or name its real path in the subject file.',
    })),
    ...limits.flatMap((trial) => [
      ...judgeCount(trial),
      ...judgeRefusal(trial),
      ...judgeCover(trial),
      ...judgeEnd(trial),
    ]),
  ]
}

/** A limit that refills as time goes by lets this many more through during the burst. */
const refill = ({ limit, windowSeconds, seconds }: LimitTrial): number => Math.ceil((limit * seconds) / windowSeconds)

function judgeCount(trial: LimitTrial): JudgedShortfall[] {
  const { name, limit, windowSeconds, sent, served, withoutCredentials } = trial
  const target = `${limit} requests in ${windowSeconds} s for each client, then 429`
  const shortfalls: JudgedShortfall[] = []
  if (served > limit + refill(trial)) {
    shortfalls.push({
      what: `${name}: ${served} of ${sent} requests of one client were served, the limit is ${limit}`,
      expected: target,
      where: `burst of ${sent} requests`,
      mitigation: 'Count every request of a client under one limit, atomically, before it is served.',
    })
  } else if (served < limit) {
    shortfalls.push({
      what: `${name}: only ${served} requests of one client were served, the limit is ${limit}`,
      expected: target,
      where: `burst of ${sent} requests`,
      mitigation: 'Refuse requests over the limit only, and count each once and for its own client.',
    })
  }
  if (withoutCredentials.refused === 0) {
    shortfalls.push({
      what: `${name}: none of ${withoutCredentials.sent} requests without credentials was limited`,
      expected: 'requests counted before they are authenticated',
      where: `burst of ${withoutCredentials.sent} requests without credentials`,
      mitigation: 'Count in a hook that runs before authentication, or whoever guesses is never limited.',
    })
  }
  return shortfalls
}

function judgeRefusal({ name, windowSeconds, refusal }: LimitTrial): JudgedShortfall[] {
  if (refusal === null) return []
  const { retryAfterSeconds, code, isJson } = refusal
  const problems = [
    ...(retryAfterSeconds === null
      ? ['no Retry-After']
      : retryAfterSeconds < 1 || retryAfterSeconds > windowSeconds + 1
        ? [`Retry-After ${retryAfterSeconds} s in a window of ${windowSeconds} s`]
        : []),
    ...(code === 'RATE_LIMIT_EXCEEDED' ? [] : [code === null ? 'no error envelope' : `the code ${code}`]),
    ...(isJson ? [] : ['another content type than JSON']),
  ]
  if (problems.length === 0) return []
  return [
    {
      what: `${name}: a refusal over the limit has ${problems.join(' and ')}`,
      expected: '429 with Retry-After and the error envelope with RATE_LIMIT_EXCEEDED',
      where: 'first answer over the limit',
      mitigation: 'Answer as the contract says, so that clients know when to come again.',
    },
  ]
}

function judgeCover({ name, routes, evasions, pipelined, otherInstance, otherClient }: LimitTrial): JudgedShortfall[] {
  const expected = '429 for whatever the same client sends until the window has ended'
  const open = routes.filter((route) => route.status !== 429)
  const around = evasions.filter((evasion) => isServed(evasion.status))
  const shortfalls: JudgedShortfall[] = [
    ...open.map((route) => ({
      what: `${name}: ${route.name} answers ${route.status} past the limit`,
      expected,
      where: route.name,
      mitigation: 'Put the limit before every route, not in those that were thought of.',
    })),
    ...around.map((evasion) => ({
      what: `${name}: the limit is evaded by ${evasion.name}: ${evasion.status}`,
      expected,
      where: `request past the limit, ${evasion.name}`,
      mitigation: 'Know the client by the other end of the connection, and the route by what the router made of it.',
    })),
  ]
  if (pipelined.some(isServed)) {
    shortfalls.push({
      what: `${name}: ${pipelined.filter(isServed).length} of ${pipelined.length} pipelined requests were served past the limit`,
      expected,
      where: 'requests sent on one connection without waiting',
      mitigation: 'Count each request, not each connection.',
    })
  }
  if (otherInstance !== 429) {
    shortfalls.push({
      what: `${name}: a second instance answers ${otherInstance} to a client past its limit at the first`,
      expected: 'one count for all instances',
      where: 'second instance on the same database',
      mitigation: 'Keep the counts where all instances see them.',
    })
  }
  if (otherClient !== null && !isServed(otherClient)) {
    shortfalls.push({
      what: `${name}: another client is answered ${otherClient} because of the first one's burst`,
      expected: 'a limit for each client',
      where: 'request from another address',
      mitigation: 'Count each client for itself.',
    })
  }
  return shortfalls
}

function judgeEnd({ name, windowSeconds, early, afterwards }: LimitTrial): JudgedShortfall[] {
  const shortfalls: JudgedShortfall[] = []
  if (early !== null && isServed(early)) {
    shortfalls.push({
      what: `${name}: the client is served again well before its window has ended`,
      expected: `a window of ${windowSeconds} s`,
      where: 'request after less than half the window',
      mitigation: 'Keep the count for the whole window.',
    })
  }
  if (!isServed(afterwards)) {
    shortfalls.push({
      what: `${name}: the client is answered ${afterwards} after its window has ended`,
      expected: 'served again once the time in Retry-After has gone by',
      where: 'request after the window',
      mitigation: 'Let the count end with its window, and do not prolong it by refused requests.',
    })
  }
  return shortfalls
}
