import { randomInt, randomUUID } from 'node:crypto'
import type { ControlDatabase } from '../../database/control-database.ts'
import { repeatRows } from '../../database/repeat.ts'
import { searchDatabase } from '../../database/search.ts'
import type { ProviderLab } from '../../providers/lab.ts'
import { Administrator } from '../../subject/administrator.ts'
import type { App } from '../../subject/app.ts'
import { readAuditLog } from '../../subject/audit-log.ts'
import type { AroClient } from '../../subject/client.ts'
import { makeKnown } from '../../subject/known-person.ts'
import type { KnownPerson } from '../../subject/known-person.ts'
import { makeMarker } from '../../subject/ledger.ts'
import type { Answer } from '../../subject/request.ts'
import { untilTrue } from '../../subject/waiting.ts'
import { consentsIn, leavesOf } from './contents.ts'
import type { ExportTrial } from './judge.ts'

/** More than anybody shows on one page. */
const manyMessages = 240
const fewMessages = 30

interface Other {
  name: string
  known: KnownPerson
  /** What they have in common with the person, and is no stranger's. */
  shared: readonly string[]
}

/** Makes a person known beside others who are easily taken for them, and reads what their export tells. */
export async function tryExport(
  { app, database, providers }: { app: App; database: ControlDatabase; providers: ProviderLab },
  progress: (message: string) => void,
): Promise<ExportTrial> {
  const { client } = app
  const [administrator, elsewhere] = await Promise.all([
    client.administrator(),
    Administrator.login(client, client.otherTenant),
  ])
  const stage = { client, administrator, providers }
  const phone = `+49301${randomInt(1_000_000, 9_999_999)}`
  const person = await makeKnown(stage, { phone })
  const others = await makeOthers(stage, { ...stage, administrator: elsewhere, tenant: client.otherTenant }, person)
  const texts = await makeManyMessages(client, database, person)
  for (const granted of [false, true]) await administrator.recordConsent(person.customerId, granted)
  progress(`a customer with ${texts.length} messages and ${others.length} who are easily taken for them are known`)
  const events = await eventsAbout(client, person)
  const { findings } = await searchDatabase(database.url, person.canaries)

  const entriesBefore = await exportEntries(administrator, person.customerId)
  const path = `/customers/${person.customerId}/export`
  const answer = await administrator.send('GET', path)
  const leaves = leavesOf(answer.json)
  const told = leaves.join('\n')
  const tells = (text: string): boolean => told.includes(text)
  const toldEvents = events.filter(({ eventId }) => tells(eventId))
  const refusals = await tryRefused(client, { administrator, elsewhere }, person)
  const exports = 2
  await administrator.send('GET', path)
  const entries = (await exportEntries(administrator, person.customerId)).slice(entriesBefore.length)
  return {
    answer: {
      status: answer.status,
      contentType: answer.headers['content-type'] ?? 'none',
      isParsed: answer.status === 200 && typeof answer.json === 'object' && answer.json !== null,
      bytes: answer.text.length,
    },
    held: Object.entries(person.canaries).map(([what, text]) => ({
      what,
      places: [
        ...new Set(
          findings.filter(({ label }) => label === what).map(({ table, column }) => `table ${table}, column ${column}`),
        ),
      ],
      isTold: tells(text),
    })),
    messages: { held: texts.length, told: texts.filter(tells).length },
    events: {
      held: events.length,
      told: toldEvents.length,
      missing: events.filter((event) => !toldEvents.includes(event)).map(({ eventType }) => eventType),
    },
    consents: { held: 3, told: consentsIn(answer.json) },
    strangers: others.flatMap(({ name, known, shared }) =>
      Object.entries(known.canaries)
        .filter(([what, text]) => !shared.includes(what) && leaves.some((leaf) => isOf(leaf, text)))
        .map(([what]) => ({ of: name, what })),
    ),
    others: others.map(({ name }) => name),
    refusals,
    audit: {
      exports,
      entries: entries.length,
      complete: entries.filter((entry) => /admin|@/i.test(entry) && entry.includes(person.customerId)).length,
    },
  }
}

/** A number is another's only where it stands by itself: it may be the beginning of the person's own. */
const isOf = (leaf: string, text: string): boolean =>
  /^\d+$/.test(text) ? new RegExp(String.raw`(?<!\d)${text}(?!\d)`).test(leaf) : leaf.includes(text)

type Stage = Parameters<typeof makeKnown>[0]

async function makeOthers(stage: Stage, otherTenant: Stage, { person }: KnownPerson): Promise<Other[]> {
  const { phone, email, name } = person
  const makers: [name: string, shared: readonly string[], make: () => Promise<KnownPerson>][] = [
    ['somebody whose number begins as theirs does', [], () => makeKnown(stage, { phone: `${phone}4` })],
    ['somebody with whose number theirs begins', [], () => makeKnown(stage, { phone: phone.slice(0, -1) })],
    ['somebody of the same household', ['the e-mail address'], () => makeKnown(stage, { email })],
    ['somebody of the same name', ['the name'], () => makeKnown(stage, { name })],
    [
      'another tenant’s customer of the same name, number and address',
      ['the name', 'the phone number', 'the e-mail address'],
      () => makeKnown(otherTenant, person),
    ],
  ]
  return Promise.all(makers.map(async ([called, shared, make]) => ({ name: called, shared, known: await make() })))
}

/** Messages of the person, more than a page; repeated in the database where they lie there as they are. */
async function makeManyMessages(
  client: AroClient,
  database: ControlDatabase,
  { canaries, person }: KnownPerson,
): Promise<string[]> {
  const text = canaries['a reply']
  if (text === undefined) throw new Error('Expected a person who has replied.')
  const added = await repeatRows(database.url, { text, count: manyMessages })
  if (added >= manyMessages) return Array.from({ length: manyMessages }, (_, index) => `${text}${index + 1}?`)
  const markers = Array.from({ length: fewMessages }, () => makeMarker())
  await Promise.all(markers.map((marker) => client.reply(person.phone, `And is there a café, ${marker}?`)))
  return markers
}

/** Events about the person, their appointments and their messages, once no more of them come. */
async function eventsAbout(client: AroClient, { customerId, appointmentId, messageIds }: KnownPerson) {
  const ids = new Set([customerId, appointmentId, ...messageIds])
  let found: Awaited<ReturnType<AroClient['events']>>['items'] = []
  let before = -1
  await untilTrue('events about a customer to come to an end', async () => {
    before = found.length
    found = (await client.events()).items.filter(({ aggregate }) => ids.has(aggregate.id))
    return found.length > 0 && found.length === before
  })
  return found
}

async function tryRefused(
  client: AroClient,
  { administrator, elsewhere }: { administrator: Administrator; elsewhere: Administrator },
  { customerId, canaries }: KnownPerson,
): Promise<ExportTrial['refusals']> {
  const path = `/customers/${customerId}/export`
  const full = `${client.subject.paths.admin}${path}`
  const { token } = await Administrator.login(client, client.tenant)
  const forged = `${token.slice(0, -6)}${token.endsWith('AAAAAA') ? 'BBBBBB' : 'AAAAAA'}`
  const asked: [by: string, ask: () => Promise<Answer>][] = [
    ['nobody, without a token', () => client.send({ path: full })],
    ['a service', () => client.send({ path: full, headers: client.serviceHeaders() })],
    ['a forged session', () => client.send({ path: full, headers: { Authorization: `Bearer ${forged}` } })],
    ['another tenant’s administrator', () => elsewhere.send('GET', path)],
    [
      'an administrator, of somebody who is not there',
      () => administrator.send('GET', `/customers/${randomUUID()}/export`),
    ],
  ]
  return Promise.all(
    asked.map(async ([by, ask]) => {
      const { status, text } = await ask()
      const tells = Object.entries(canaries).flatMap(([what, canary]) => (text.includes(canary) ? [what] : []))
      return { by, status, tells }
    }),
  )
}

async function exportEntries(administrator: Administrator, customerId: string): Promise<string[]> {
  const entries = (await readAuditLog(administrator)).map((entry) => JSON.stringify(entry))
  return entries.filter((entry) => /export|portab|download/i.test(entry) && entry.includes(customerId)).toReversed()
}
