import { setTimeout as sleep } from 'node:timers/promises'
import { ageDatabase } from '../../database/ageing.ts'
import type { ControlDatabase } from '../../database/control-database.ts'
import { answerWithStatus } from '../../faults/provider-status.ts'
import type { ProviderLab } from '../../providers/lab.ts'
import type { App } from '../../subject/app.ts'
import { makeConsentedCustomers } from '../../subject/consented.ts'
import type { ConsentedCustomer } from '../../subject/consented.ts'
import type { Subject } from '../../subject/subject.ts'
import type { ConsentTrial } from './judge.ts'
import { tryBetweenAttempts, tryReplay } from './late-withdrawal.ts'
import { makeAddressees, withdraw } from './people.ts'
import type { Addressee, Stage } from './people.ts'
import { readWithdrawals, tryReturns } from './records.ts'
import { readTemplates, usesOf } from '../../subject/message-templates.ts'
import { untilTrue } from '../../subject/waiting.ts'

/** How long the provider asks for patience: within it consent is withdrawn. */
const retryAfterSeconds = 8
const hoursUntilLater = 3
const quietMilliseconds = 1500

/** Has a message come about on every path, for customers with and without consent; while it waits, some withdraw theirs. */
export async function tryConsent(
  { app, database, providers }: { app: App; database: ControlDatabase; providers: ProviderLab },
  subject: Subject,
  progress: (message: string) => void,
): Promise<ConsentTrial> {
  const templates = await readTemplates(subject)
  const startedAt = Date.now()
  const administrator = await app.client.administrator()
  const stage: Stage = { app, administrator, providers }
  const [addressees, late] = await Promise.all([
    makeAddressees(stage, templates),
    makeConsentedCustomers(app.client, administrator, 4),
  ])
  const given = addressees.filter(({ consent }) => consent === 'given')
  const leaving = addressees.filter(({ consent }) => consent === 'withdrawn while queued')
  const [replay, betweenAttempts] = await Promise.all([
    tryReplay(stage, late.slice(0, 2)),
    tryBetweenAttempts(stage, late.slice(2)),
  ])
  progress(`${addressees.length} customers are there`)

  await untilQuiet(providers)
  const mark = providers.journal.calls('twilio').length
  const messagesBefore = providers.journal.messages().length
  await using fault = await providers.fault(
    'twilio',
    answerWithStatus({ status: 429, headers: { 'Retry-After': String(retryAfterSeconds) } }),
  )
  const turnedAway = (): Map<string, string[]> =>
    bodiesByPhone(
      providers.journal
        .calls('twilio')
        .slice(mark)
        .flatMap(({ form }) => (form?.To && form.Body ? [{ to: form.To, body: form.Body }] : [])),
    )
  const later = addressees.filter(({ path }) => path.comesLater)
  await lead(stage, later)
  await letHoursPass(database, later)
  await lead(
    stage,
    addressees.filter(({ path }) => !path.comesLater),
  )
  const awaited = [...given, ...leaving].filter(({ path }) => path.isPromised)
  await untilTrue(
    `the messages of customers with consent to reach the provider (${awaited.map(({ path }) => path.name).join(', ')})`,
    () => awaited.every(({ person }) => turnedAway().has(phoneOf(person))),
    12_000,
  )
  await sleep(quietMilliseconds)
  const queued = turnedAway()
  const absent = new Set(given.filter(({ person }) => !queued.has(phoneOf(person))).map(({ path }) => path.name))
  const withdrawnAt = Date.now()
  await withdraw(stage, leaving)
  await fault.end()
  progress('consent was withdrawn while messages waited')

  const delivered = (): Map<string, string[]> => bodiesByPhone(providers.journal.messages().slice(messagesBefore))
  await untilTrue(
    'the waiting messages of customers with consent to be delivered',
    () => given.every(({ person, path }) => absent.has(path.name) || delivered().has(phoneOf(person))),
    (retryAfterSeconds + 12) * 1000,
  )
  await sleep(quietMilliseconds)
  const received = delivered()
  const withdrawals = await readWithdrawals(stage, given, leaving, {
    givenAt: startedAt - hoursUntilLater * 3_600_000,
    withdrawnAt,
  })
  const returns = await tryReturns(stage, leaving)
  const bodies = providers.journal.messages().map(({ body }) => body)
  const seen = templates.filter(({ matches }) => bodies.some(matches)).map(({ name }) => name)
  const unseen = templates.map(({ name }) => name).filter((name) => !seen.includes(name))
  const missed = usesOf(subject, unseen, seen)
  if (missed.length > 0) {
    const list = missed.map(({ name, file }) => `${name} in ${file}`).join(', ')
    throw new Error(`The source sends messages that no path led to (${list}): whether they need consent was not seen.`)
  }
  return {
    paths: [...Map.groupBy(addressees, ({ path }) => path.name)]
      .filter(([path]) => !absent.has(path))
      .map(([path, people]) => ({ path, people: people.map((one) => resultOf(one, queued, received)) })),
    replay,
    betweenAttempts,
    templates: { known: templates.length, seen, neverSent: unseen },
    records: [...withdrawals, ...returns],
  }
}

const phoneOf = (person: ConsentedCustomer | undefined): string => person?.booking.person.phone ?? ''

function bodiesByPhone(messages: readonly { to: string; body: string }[]): Map<string, string[]> {
  const byPhone = Map.groupBy(messages, ({ to }) => to)
  return new Map([...byPhone].map(([to, sent]) => [to, sent.map(({ body }) => body)]))
}

async function lead(stage: Stage, addressees: readonly Addressee[]): Promise<void> {
  const by = { client: stage.app.client, administrator: stage.administrator }
  await Promise.all(
    addressees.map(async ({ path, person, consent }) => {
      for (const { status, text } of await path.lead(by, person)) {
        const isRefusable =
          path.mayBeRefused === 'everybody' || (path.mayBeRefused === 'who has not consented' && consent !== 'given')
        if (status >= 300 && !(isRefusable && status >= 400 && status < 500))
          throw new Error(`${path.name}: expected 200 or 202, got ${status}: ${text.slice(0, 200)}`)
      }
    }),
  )
}

/** Hours go by for everything in the database but the times of the appointments that were just changed. */
async function letHoursPass({ url }: ControlDatabase, later: readonly Addressee[]): Promise<void> {
  const times = new Set(later.map(({ person }) => Date.parse(person.booking.scheduledAt)))
  await ageDatabase(url, hoursUntilLater * 3600, { except: times })
}

/** No message is under way to anybody, such as the confirmation of an opt-out. */
async function untilQuiet({ journal }: ProviderLab): Promise<void> {
  let seen = -1
  await untilTrue('messages under way to be delivered', async () => {
    const before = seen
    seen = journal.calls('twilio').length
    await sleep(before === seen ? 0 : 600)
    return before === seen
  })
}

function resultOf(
  { consent, withdrawnBy, person }: Addressee,
  queued: ReadonlyMap<string, readonly string[]>,
  received: ReadonlyMap<string, readonly string[]>,
): ConsentTrial['paths'][number]['people'][number] {
  const waiting = queued.get(phoneOf(person)) ?? []
  const got = received.get(phoneOf(person)) ?? []
  const isLeaving = consent === 'withdrawn while queued'
  const fromQueue = got.filter((body) => waiting.includes(body))
  return {
    consent,
    withdrawnBy,
    turnedAway: waiting.length,
    delivered: isLeaving ? fromQueue.length : got.length,
    deliveredFromQueue: fromQueue.length,
    confirmations: isLeaving ? got.length - fromQueue.length : 0,
  }
}
