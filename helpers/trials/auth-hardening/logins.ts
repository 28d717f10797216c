import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import type { AroClient } from '../../subject/client.ts'
import type { Tenant } from '../../subject/facilities.ts'
import { clientAddress } from '../../subject/request.ts'
import type { Answer } from '../../subject/request.ts'
import type { AuthTrial } from './judge.ts'

const loginSchema = z.looseObject({ token: z.string() })

/** One try to log in. */
export interface LoginTry {
  email: string
  password: string
  /** Socket address; another one each time unless given. */
  from?: string
  headers?: Record<string, string>
}

/** Sends one try to log in. */
export function tryLogin(client: AroClient, { email, password, from, headers }: LoginTry): Promise<Answer> {
  return client.send({
    method: 'POST',
    path: `${client.subject.paths.admin}/auth/login`,
    headers: { 'Content-Type': 'application/json', ...headers },
    body: { email, password },
    ...(from === undefined ? {} : { from }),
  })
}

const wrongPassword = 'Wrong-Horse-7-Battery'
const forwarded = (index: number): Record<string, string> => ({ 'X-Forwarded-For': `198.51.100.${index + 1}` })

/** Accounts that nobody has tried yet, each given out once. */
export class Accounts {
  readonly #left: Tenant[]

  constructor(tenants: readonly Tenant[]) {
    this.#left = [...tenants]
  }

  /** @throws when there are none left. */
  next(): Tenant['administrator'] {
    const tenant = this.#left.shift()
    if (tenant === undefined) throw new Error('Expected an account that nobody has tried, there is none left.')
    return tenant.administrator
  }
}

/** Fails to log in again and again by different ways around a lockout, then comes with the right password. */
export async function tryLockout(clients: readonly AroClient[], accounts: Accounts): Promise<AuthTrial['lockout']> {
  const clientAt = (index: number): AroClient => {
    const client = clients[index % clients.length]
    if (client === undefined) throw new Error('Expected an instance to log in to.')
    return client
  }
  const four = accounts.next()
  for (let index = 0; index < 4; index += 1) await tryLogin(clientAt(0), { ...four, password: wrongPassword })
  const afterFour = await tryLogin(clientAt(0), four)
  const isCaseIgnored = (await tryLogin(clientAt(0), { ...four, email: four.email.toUpperCase() })).status === 200

  const run = async (
    name: string,
    failures: number,
    wrong: (
      index: number,
      email: string,
    ) => { client?: AroClient } & Omit<LoginTry, 'password' | 'email'> & { email?: string },
    right: readonly { way: string; client: AroClient; headers?: Record<string, string>; from?: string }[],
    atOnce = false,
  ): Promise<AuthTrial['lockout']['tries'][number]> => {
    const account = accounts.next()
    const statuses: number[] = []
    const fail = async (index: number): Promise<void> => {
      const { client = clientAt(0), ...how } = wrong(index, account.email)
      statuses.push((await tryLogin(client, { email: account.email, ...how, password: wrongPassword })).status)
    }
    if (atOnce) await Promise.all(Array.from({ length: failures }, (_, index) => fail(index)))
    else for (let index = 0; index < failures; index += 1) await fail(index)
    const logins: { way: string; status: number }[] = []
    for (const { way, client, headers, from } of right) {
      const answer = await tryLogin(client, {
        ...account,
        ...(headers === undefined ? {} : { headers }),
        ...(from === undefined ? {} : { from }),
      })
      logins.push({ way, status: answer.status })
    }
    return { name, failures, wrong: statuses, right: logins }
  }
  const own = clientAddress()
  // each on an account and from addresses of its own
  const tries = [
    run(
      'from one address, a different X-Forwarded-For each time',
      5,
      (index) => ({ from: own, headers: forwarded(index) }),
      [
        { way: 'from there', client: clientAt(0), from: own },
        { way: 'with yet another X-Forwarded-For', client: clientAt(0), from: own, headers: forwarded(99) },
      ],
    ),
    run('from a different address each time', 5, () => ({}), [{ way: 'from another address', client: clientAt(0) }]),
    run('on two instances in turn', 5, (index) => ({ client: clientAt(index) }), [
      { way: 'on the one', client: clientAt(0) },
      { way: 'on the other', client: clientAt(1) },
    ]),
    run(
      'eight at once',
      8,
      (index) => ({ client: clientAt(index) }),
      [{ way: 'afterwards', client: clientAt(0) }],
      true,
    ),
  ]
  if (isCaseIgnored) {
    tries.push(
      run(
        'spelt in other cases',
        5,
        (index, email) => ({ email: index % 2 === 0 ? email.toUpperCase() : capitalised(email) }),
        [{ way: 'in the usual spelling', client: clientAt(0) }],
      ),
    )
  }
  return { afterFour: afterFour.status, tries: await Promise.all(tries) }
}

const capitalised = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

const rounds = 10
const triesPerAccount = 4

/** Compares answers and times for accounts that exist with those for accounts that do not. */
export async function tryEnumeration(client: AroClient, accounts: Accounts): Promise<AuthTrial['enumeration']> {
  const known: Answer[] = []
  const unknown: Answer[] = []
  let account = accounts.next()
  for (let round = 0; round < rounds; round += 1) {
    if (round % triesPerAccount === 0 && round > 0) account = accounts.next()
    const stranger = account.email.replace('@', `${Math.floor(round / triesPerAccount)}x@`)
    const password = wrongPassword
    // in turn, so that whatever else slows the machine slows both
    known.push(await tryLogin(client, { email: account.email, password }))
    unknown.push(await tryLogin(client, { email: stranger, password }))
  }
  const sequence = async (email: string): Promise<number[]> => {
    const statuses: number[] = []
    for (let index = 0; index < 6; index += 1)
      statuses.push((await tryLogin(client, { email, password: wrongPassword })).status)
    return statuses
  }
  const last = accounts.next()
  return {
    samples: rounds,
    knownMedianMilliseconds: medianTime(known),
    unknownMedianMilliseconds: medianTime(unknown),
    known: distinct(known),
    unknown: distinct(unknown),
    knownSequence: await sequence(last.email),
    unknownSequence: await sequence(last.email.replace('@', '.nobody@')),
  }
}

function medianTime(answers: readonly Answer[]): number {
  const times = answers.map(({ durationMilliseconds }) => durationMilliseconds).toSorted((one, other) => one - other)
  return times[Math.floor(times.length / 2)] ?? 0
}

const identifier = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\d{4}-\d\d-\d\dT[\d:.]+Z?|\d{6,}/g

/** Answers as they read without identifiers and times, each once. */
const distinct = (answers: readonly Answer[]): string[] => [
  ...new Set(answers.map(({ status, text }) => `${status} ${text.replaceAll(identifier, '…')}`)),
]

const widelyKnown: readonly (readonly [string, string])[] = [
  ['admin', 'admin'],
  ['admin@example.com', 'admin'],
  ['admin@example.com', 'password'],
  ['admin@example.com', 'Admin123!'],
  ['admin@aro.local', 'admin'],
  ['admin@aro.com', 'Password123!'],
  ['demo@example.com', 'demo'],
]
const widelyKnownPasswords = ['admin', 'password', 'Admin123!', 'changeme']

/** Tries widely known credentials, and widely known passwords for an account that exists. */
export async function tryDefaultCredentials(
  client: AroClient,
  accounts: Accounts,
): Promise<AuthTrial['defaultCredentials']> {
  const { email } = accounts.next()
  const pairs = [...widelyKnown, ...widelyKnownPasswords.map((password) => [email, password] as const)]
  const accepted = await Promise.all(
    pairs.map(async ([name, password]) => {
      const { status } = await tryLogin(client, { email: name, password })
      return status < 300 ? [`${name} with ${password}`] : []
    }),
  )
  return { tried: pairs.length, accepted: accepted.flat() }
}

/** Tries passwords that are almost the right one, fewer than lock the account. */
export async function tryNearMisses(client: AroClient, accounts: Accounts): Promise<AuthTrial['nearMisses']> {
  const { email, password } = accounts.next()
  const misses: readonly (readonly [string, string])[] = [
    ['the last character missing', password.slice(0, -1)],
    ['one character more', `${password}x`],
    ['in the other case', [...password].map(inOtherCase).join('')],
    ['empty', ''],
  ]
  const tried: AuthTrial['nearMisses'] = []
  for (const [name, miss] of misses)
    tried.push({ name, status: (await tryLogin(client, { email, password: miss })).status })
  return tried
}

const inOtherCase = (character: string): string =>
  character === character.toUpperCase() ? character.toLowerCase() : character.toUpperCase()

const millisecondsPerTick = 10

/** Processor time that a process and its threads have used, those that have ended included. */
async function processorMilliseconds(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
  // the name in brackets may hold anything; the two times are the 12th and 13th field after it
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * millisecondsPerTick
}

const timings = 4
const requestsPerTiming = 3

/** Processor time of a login with the right password over that of a request that is only let in and answered. */
export async function measureLoginWork(
  client: AroClient,
  pid: number,
  account: Tenant['administrator'],
): Promise<{ logins: number; processorMillisecondsPerLogin: number }> {
  const logIn = async (): Promise<string> => {
    const answer = await tryLogin(client, account)
    if (answer.status !== 200)
      throw new Error(`The right password is refused with ${answer.status} after other right ones.`)
    return loginSchema.parse(answer.json).token
  }
  const token = await logIn()
  const path = `${client.subject.paths.admin}/customers`
  const read = (): Promise<Answer> => client.send({ path, headers: { Authorization: `Bearer ${token}` } })
  const timed = async (work: () => Promise<unknown>): Promise<number> => {
    const before = await processorMilliseconds(pid)
    for (let request = 0; request < requestsPerTiming; request += 1) await work()
    // what a request leaves to do afterwards belongs to it
    await sleep(20)
    return ((await processorMilliseconds(pid)) - before) / requestsPerTiming
  }
  const ofLogins: number[] = []
  const ofReads: number[] = []
  for (let index = 0; index < timings; index += 1) {
    ofLogins.push(await timed(logIn))
    ofReads.push(await timed(read))
  }
  // the least of each: whatever else the process did meanwhile is no work of theirs
  return {
    logins: timings * requestsPerTiming,
    processorMillisecondsPerLogin: Math.min(...ofLogins) - Math.min(...ofReads),
  }
}

/** Cookies of a login, with the flags that each lacks. */
export function cookiesOf({ headers }: Answer): AuthTrial['cookies'] {
  const set: unknown = headers['set-cookie']
  const cookies = Array.isArray(set) ? set.map(String) : typeof set === 'string' ? [set] : []
  return cookies.map((cookie) => {
    const [pair = '', ...attributes] = cookie.split(';').map((part) => part.trim())
    const flags: readonly (readonly [string, RegExp])[] = [
      ['HttpOnly', /^httponly$/i],
      ['Secure', /^secure$/i],
      ['SameSite', /^samesite=(?:lax|strict)$/i],
    ]
    const lacks = flags.filter(([, pattern]) => !attributes.some((attribute) => pattern.test(attribute)))
    return { name: pair.split('=')[0] ?? pair, lacks: lacks.map(([name]) => name) }
  })
}
