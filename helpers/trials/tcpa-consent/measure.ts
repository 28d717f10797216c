import { setTimeout as sleep } from 'node:timers/promises'
import { ageDatabase } from '../../database/ageing.ts'
import type { ControlDatabase } from '../../database/control-database.ts'
import { answerWithStatus } from '../../faults/provider-status.ts'
import type { ProviderLab } from '../../providers/lab.ts'
import type { App } from '../../subject/app.ts'
import { makeConsentedCustomers } from '../../subject/consented.ts'
import type { ConsentedCustomer } from '../../subject/consented.ts'
import { isAbout, listDeadLetters } from '../../subject/dead-letters.ts'
import type { Subject } from '../../subject/subject.ts'
import type { ConsentTrial } from './judge.ts'
import { makeAddressees, withdraw } from './people.ts'
import type { Addressee, Stage } from './people.ts'
import { readRecord } from './records.ts'
import { readTemplates, usesOf } from './templates.ts'
import { untilTrue } from './waiting.ts'

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
  const [addressees, replayed] = await Promise.all([
    makeAddressees(stage),
    makeConsentedCustomers(app.client, administrator, 2),
  ])
  const given = addressees.filter(({ consent }) => consent === 'given')
  const leaving = addressees.filter(({ consent }) => consent === 'withdrawn while queued')
  const replay = await tryReplay(stage, replayed)
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
  await withdraw(stage, leaving)
  const withdrawnAt = Date.now()
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
  const returning = phoneOf(leaving.at(-1)?.person)
  await app.client.reply(returning, 'START')
  const records = await readRecords(stage, given, leaving, { startedAt, withdrawnAt })
  await untilTrue(
    'START to be answered',
    () => (delivered().get(returning)?.length ?? 0) > (received.get(returning)?.length ?? 0),
  ).catch(() => undefined)
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
    templates: { known: templates.length, seen, neverSent: unseen },
    records,
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
        const isRefusal = path.mayBeRefused && consent !== 'given' && status >= 400 && status < 500
        if (status >= 300 && !isRefusal)
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

/** A message that the provider refuses for good is replayed after its addressee has withdrawn consent, and another's. */
async function tryReplay(
  { app, administrator, providers }: Stage,
  people: readonly ConsentedCustomer[],
): Promise<ConsentTrial['replay']> {
  const phones = new Set(people.map(phoneOf))
  await using fault = await providers.fault('twilio', {
    ...answerWithStatus({ status: 400 }),
    matches: ({ form }) => phones.has(form?.To ?? ''),
  })
  const ids = await Promise.all(
    people.map(({ customer }) =>
      administrator.queueMessage(customer.id, 'The car park is open again. Reply STOP to unsubscribe'),
    ),
  )
  const lettersOf = async (): Promise<string[][]> => {
    const letters = await listDeadLetters(administrator)
    return people.map(({ customer }, index) =>
      letters.filter((letter) => isAbout(letter, [ids[index] ?? '', customer.id])).map(({ id }) => id),
    )
  }
  await untilTrue('refused messages to become dead letters', async () =>
    (await lettersOf()).every((letters) => letters.length > 0),
  )
  const letters = await lettersOf()
  await fault.end()
  const [leaver, stayer] = people
  if (leaver === undefined || stayer === undefined)
    throw new Error('Expected two customers whose messages are replayed.')
  await withdraw({ app, administrator }, [{ person: leaver, withdrawnBy: 'an administrator' }])
  await Promise.all(
    letters.flat().map((id) => administrator.send('POST', `/dead-letters/${encodeURIComponent(id)}/replay`)),
  )
  const to = (person: ConsentedCustomer): number =>
    providers.journal.messages().filter((message) => message.to === phoneOf(person) && /car park/.test(message.body))
      .length
  await untilTrue('a replayed message to be delivered to a customer with consent', () => to(stayer) > 0)
  await sleep(quietMilliseconds)
  return [
    { consent: 'withdrawn while queued', letters: letters[0]?.length ?? 0, delivered: to(leaver) },
    { consent: 'given', letters: letters[1]?.length ?? 0, delivered: to(stayer) },
  ]
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

function readRecords(
  { administrator }: Stage,
  given: readonly Addressee[],
  leaving: readonly Addressee[],
  { startedAt, withdrawnAt }: { startedAt: number; withdrawnAt: number },
): Promise<ConsentTrial['records']> {
  const who = (addressees: readonly Addressee[], by: Addressee['withdrawnBy']): string => {
    const found = addressees.find(({ withdrawnBy }) => withdrawnBy === by)
    if (found === undefined) throw new Error('Expected a customer whose consent record can be read, there is none.')
    return found.person.customer.id
  }
  const read = (id: string, what: string, isGranted: boolean) =>
    readRecord(administrator, id, {
      what,
      isGranted,
      since: (isGranted ? startedAt : withdrawnAt) - 20_000 - hoursUntilLater * 3_600_000,
    })
  return Promise.all([
    read(who(given, null), 'consent recorded by an administrator', true),
    read(who(leaving, 'the customer by reply'), 'consent withdrawn by a reply', false),
    read(who(leaving, 'an administrator'), 'consent withdrawn by an administrator', false),
  ])
}
