import { z } from 'zod'
import type { JudgedShortfall } from '../../evidence/shortfall.ts'

const count = z.int().nonnegative()
const status = z.int().min(100).max(599)
const milliseconds = z.number().nonnegative()
const answered = z.object({ route: z.string(), status })

const attackSchema = z.object({
  name: z.string(),
  /** Routes tried; those that refused with 401 or 403 are not listed. */
  routes: z.int().positive(),
  notRefused: z.array(answered),
})

/** What was tried against the administrator's login and token, and what came of it. */
export const authTrialSchema = z.object({
  token: z.object({
    algorithm: z.string(),
    lifetimeSeconds: z.number().nullable(),
    issuer: z.string().nullable(),
    audience: z.string().nullable(),
  }),
  /** Every route with a live token; a route that refuses it proves nothing by refusing another. */
  genuine: z.array(answered).min(1),
  attacks: z.array(attackSchema).min(1),
  /** Another tenant's administrator on what is not theirs. */
  otherTenant: z.object({
    routes: z.int().positive(),
    reached: z.array(answered),
    /** Lists and pages in which the first tenant's customer was seen. */
    leaks: z.array(z.string()),
  }),
  loggedOut: z.object({
    statusBefore: status,
    logoutStatus: status,
    instances: z.int().min(2),
    stillAlive: z.array(answered),
  }),
  /** What of the customer's record differs after all attacks, though every one should have been refused. */
  changed: z.array(z.string()),
  lockout: z.object({
    /** Status of a login with the right password after four failures. */
    afterFour: status,
    tries: z
      .array(
        z.object({
          name: z.string(),
          failures: z.int().positive(),
          /** Status of each wrong try, in order. */
          wrong: z.array(status),
          /** Logins with the right password afterwards, each by another way around. */
          right: z.array(z.object({ way: z.string(), status })).min(1),
        }),
      )
      .min(1),
  }),
  enumeration: z.object({
    samples: z.int().min(10),
    knownMedianMilliseconds: milliseconds,
    unknownMedianMilliseconds: milliseconds,
    /** Answers to a wrong password, without what differs every time: of accounts that exist, and of others. */
    known: z.array(z.string()).min(1),
    unknown: z.array(z.string()).min(1),
    /** Statuses of six wrong tries in a row. */
    knownSequence: z.array(status).min(6),
    unknownSequence: z.array(status).min(6),
  }),
  passwords: z.object({
    logins: z.int().positive(),
    /** Processor time of one login over that of a request that is only let in and answered: the least of several means. */
    processorMillisecondsPerLogin: z.number(),
    accountsWithOnePassword: z.int().min(2),
    /** Columns that hold the same text for two accounts of one password. */
    sharedValues: z.array(z.string()),
    /** Places where a password, or a plain digest of it, was found. */
    traces: z.array(z.string()),
  }),
  /** Passwords close to the right one, by what is wrong with them. */
  nearMisses: z.array(z.object({ name: z.string(), status })).min(1),
  defaultCredentials: z.object({ tried: z.int().positive(), accepted: z.array(z.string()) }),
  /** Cookies that a login sets, with the flags that each lacks. */
  cookies: z.array(z.object({ name: z.string(), lacks: z.array(z.string()) })),
  endedProcesses: count,
})

/** @see authTrialSchema */
export type AuthTrial = z.infer<typeof authTrialSchema>

/** Slower than this is slow on purpose: the cheapest parameters that OWASP allows take more. */
const leastHashMilliseconds = 8
const longestLifetimeSeconds = 24 * 3600 + 60

/** Each token that was believed, each login that was let through, each thing that tells who has an account. */
export function judgeAuth(trial: AuthTrial): JudgedShortfall[] {
  return [
    ...judgeToken(trial),
    ...trial.attacks.flatMap((attack) => judgeAttack(attack)),
    ...judgeOtherTenant(trial),
    ...judgeLogout(trial),
    ...judgeWrongPasswords(trial),
    ...judgeLockout(trial),
    ...judgeEnumeration(trial),
    ...judgePasswords(trial),
    ...judgeRest(trial),
  ]
}

const shown = 4
const listed = (routes: readonly { route: string; status: number }[]): string => {
  const more = routes.length > shown ? ` and ${routes.length - shown} more` : ''
  return `${routes
    .slice(0, shown)
    .map((answer) => `${answer.route} (${answer.status})`)
    .join(', ')}${more}`
}

function judgeToken({ token }: AuthTrial): JudgedShortfall[] {
  const { lifetimeSeconds } = token
  if (lifetimeSeconds !== null && lifetimeSeconds <= longestLifetimeSeconds) return []
  return [
    {
      what: `a token lives for ${lifetimeSeconds === null ? 'ever' : `${(lifetimeSeconds / 3600).toFixed(1)} h`}`,
      expected: 'an expiry at most 24 h after the login',
      where: 'claims of the token that POST /auth/login answers with',
      mitigation: 'Set exp 24 h after iat when the token is issued, and ask for both when it is read.',
    },
  ]
}

function judgeAttack({ name, routes, notRefused }: AuthTrial['attacks'][number]): JudgedShortfall[] {
  if (notRefused.length === 0) return []
  const crashed = notRefused.every((answer) => answer.status >= 500)
  return [
    {
      what: crashed
        ? `a forged token (${name}) makes ${notRefused.length} of ${routes} admin routes fail: ${listed(notRefused)}`
        : `a forged token (${name}) is let through by ${notRefused.length} of ${routes} admin routes: ${listed(notRefused)}`,
      expected: '401 or 403 before anything is looked up or done',
      where: `admin API, attack "${name}"`,
      mitigation:
        'Verify every token with a maintained library in one hook over the whole admin API: algorithms ["HS256"], issuer, audience, required claims, and the key of the deployment alone.',
    },
  ]
}

function judgeOtherTenant({ otherTenant, changed }: AuthTrial): JudgedShortfall[] {
  const { reached, leaks, routes } = otherTenant
  const found: JudgedShortfall[] = []
  if (reached.length > 0 || leaks.length > 0) {
    const places = [...(reached.length > 0 ? [listed(reached)] : []), ...leaks]
    found.push({
      what: `another tenant's administrator reaches what is not theirs: ${places.join(', ')}`,
      expected: `404, 403 or 401 on all ${routes} routes that name something of a tenant, and nothing of it in any list`,
      where: 'admin API with the token of the second tenant',
      mitigation: 'Take the tenant from the verified token and put it into every query.',
    })
  }
  if (changed.length > 0) {
    found.push({
      what: `refused requests changed the customer's record all the same: ${changed.join('; ')}`,
      expected: 'nothing changed by a request that is refused',
      where: 'admin API, record read before and after all attacks',
      mitigation: 'Verify the token before the request has any effect.',
    })
  }
  return found
}

function judgeLogout({ loggedOut }: AuthTrial): JudgedShortfall[] {
  if (loggedOut.stillAlive.length === 0) return []
  return [
    {
      what: `a token is good after its logout: ${listed(loggedOut.stillAlive)}`,
      expected: `401 or 403 everywhere, on each of ${loggedOut.instances} instances, at once`,
      where: 'admin API after POST /auth/logout',
      mitigation: 'Note the token as revoked in the database until it expires, and ask there on every request.',
    },
  ]
}

const refusals: ReadonlySet<number> = new Set([400, 401, 403, 422, 423, 429])

function judgeWrongPasswords({ nearMisses, lockout }: AuthTrial): JudgedShortfall[] {
  const tried = [
    ...nearMisses,
    ...lockout.tries.flatMap(({ name, wrong }) =>
      wrong.map((answer) => ({ name: `another, ${name}`, status: answer })),
    ),
  ]
  const bad = tried.filter((answer) => !refusals.has(answer.status))
  const [first] = bad
  if (first === undefined) return []
  return [
    {
      what: `a wrong password (${first.name}) gets ${first.status}, as do ${bad.length} of ${tried.length}`,
      expected: '401 for every password but the right one',
      where: 'POST /auth/login',
      mitigation: 'Compare the hash of the whole password, as it was sent, with the stored one.',
    },
  ]
}

function judgeLockout({ lockout }: AuthTrial): JudgedShortfall[] {
  const early: JudgedShortfall[] =
    lockout.afterFour === 200
      ? []
      : [
          {
            what: `an account is locked after four failures already: the right password got ${lockout.afterFour}`,
            expected: 'a login with the right password until there were five failures in 15 minutes',
            where: 'POST /auth/login',
            mitigation: 'Lock on the fifth failure, not before: people mistype.',
          },
        ]
  const late = lockout.tries.flatMap(({ name, failures, right }): JudgedShortfall[] => {
    const through = right.filter((login) => login.status === 200)
    if (through.length === 0) return []
    return [
      {
        what: `no lockout after ${failures} failed logins (${name}): the right password is let in ${through.map(({ way }) => way).join(', ')}`,
        expected: 'every further try refused for 15 minutes, also with the right password',
        where: `POST /auth/login, ${name}`,
        mitigation:
          'Count failures for each account in the database, in the transaction that decides the login, whoever asks, from wherever, in whatever spelling.',
      },
    ]
  })
  return [...early, ...late]
}

function judgeEnumeration({ enumeration }: AuthTrial): JudgedShortfall[] {
  const { known, unknown, knownSequence, unknownSequence } = enumeration
  const { knownMedianMilliseconds: slow, unknownMedianMilliseconds: quick, samples } = enumeration
  const where = 'POST /auth/login with a wrong password'
  const mitigation =
    'Do the same for an account that is not there: hash the password against a stored dummy, count the failure, answer the same.'
  const found: JudgedShortfall[] = []
  const difference = Math.abs(slow - quick)
  if (difference > Math.max(10, 0.3 * Math.max(slow, quick))) {
    found.push({
      what: `the time of the answer tells whether an account exists: ${slow.toFixed(0)} ms when it does, ${quick.toFixed(0)} ms when not (medians of ${samples} each)`,
      expected: 'the same time for both, within 30 %',
      where,
      mitigation,
    })
  }
  const telling = [...new Set(known)].filter((answer) => !unknown.includes(answer))
  if (telling.length > 0 || new Set(known).size !== new Set(unknown).size) {
    found.push({
      what: `the answer tells whether an account exists: ${[...new Set(known)].join(' | ')} when it does, ${[...new Set(unknown)].join(' | ')} when not`,
      expected: 'one answer for both',
      where,
      mitigation,
    })
  }
  if (knownSequence.join() !== unknownSequence.join()) {
    found.push({
      what: `the lockout tells whether an account exists: six failures get ${knownSequence.join(', ')} when it does, ${unknownSequence.join(', ')} when not`,
      expected: 'the same answers for both',
      where,
      mitigation,
    })
  }
  return found
}

function judgePasswords({ passwords }: AuthTrial): JudgedShortfall[] {
  const { processorMillisecondsPerLogin: spent, logins, sharedValues, traces } = passwords
  const mitigation =
    'Store passwords with scrypt, argon2id or bcrypt in its usual strength, each with a salt of its own.'
  const found: JudgedShortfall[] = []
  if (spent < leastHashMilliseconds) {
    found.push({
      what: `the password hash is fast: a login takes ${spent.toFixed(1)} ms of processor time (least mean of ${logins})`,
      expected: `a slow hash: at least ${leastHashMilliseconds} ms of processor time for each login`,
      where: 'POST /auth/login, processor time of the process',
      mitigation,
    })
  }
  if (sharedValues.length > 0) {
    found.push({
      what: `two accounts with the same password have the same stored hash, so it has no salt: ${sharedValues.join(', ')}`,
      expected: 'different values for equal passwords',
      where: sharedValues.join(', '),
      mitigation,
    })
  }
  if (traces.length > 0) {
    found.push({
      severity: 'critical',
      what: `a password can be read: ${traces.join(', ')}`,
      expected: 'no password, nor a plain digest of one, in any table or log',
      where: traces.join(', '),
      mitigation,
    })
  }
  return found
}

function judgeRest({ defaultCredentials, cookies, endedProcesses }: AuthTrial): JudgedShortfall[] {
  const found: JudgedShortfall[] = cookies
    .filter(({ lacks }) => lacks.length > 0)
    .map(({ name, lacks }) => ({
      what: `the session cookie ${name} lacks ${lacks.join(', ')}`,
      expected: 'HttpOnly, Secure and SameSite=Lax or Strict on every cookie of a login',
      where: 'Set-Cookie of POST /auth/login',
      mitigation: 'Set all three, or answer with a token in the body and no cookie.',
    }))
  if (defaultCredentials.accepted.length > 0) {
    found.push({
      severity: 'critical',
      what: `default credentials are accepted: ${defaultCredentials.accepted.join(', ')}`,
      expected: `none of ${defaultCredentials.tried} widely known pairs accepted`,
      where: 'POST /auth/login',
      mitigation: 'Ship no account; make the first from the deployment’s own secret.',
    })
  }
  if (endedProcesses > 0) {
    found.push({
      what: `${endedProcesses} of the subject's processes ended under the attacks`,
      expected: 'a process that refuses and goes on',
      where: 'subject',
      mitigation: 'Catch what the library throws on malformed tokens.',
    })
  }
  return found
}
