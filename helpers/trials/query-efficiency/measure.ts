import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import type { ControlDatabase } from '../../database/control-database.ts'
import { multiplyPerson, phoneOfCopy } from '../../database/multiply.ts'
import type { Copies } from '../../database/multiply.ts'
import { planStatements } from '../../database/plans.ts'
import type { Statement, TapMark } from '../../database/tap.ts'
import type { ProviderLab } from '../../providers/lab.ts'
import type { Administrator } from '../../subject/administrator.ts'
import type { App } from '../../subject/app.ts'
import type { AroClient } from '../../subject/client.ts'
import { makeConsentedCustomers } from '../../subject/consented.ts'
import type { ConsentedCustomer } from '../../subject/consented.ts'
import type { QueryTrial } from './judge.ts'
import { changingRequests, readingRequests } from './requests.ts'
import type { CountedRequest, CountedSubjects } from './requests.ts'

const few = 10
/** So many that there are a thousand customers too, of whom one has 500 appointments and the others four each. */
const many = 5000
/** How long the subject is watched for what it asks by itself; the work it looks for comes at least once a second. */
const watchedMilliseconds = 2300
/** Tables with fewer rows are read as fast without an index. */
const largeRows = 1000
/** A request can meet the subject's own work, or its last query come late, neither of which has to do with the rows. */
const triesOfEach = 2
/** How long nothing more is asked of the database once a request, or the work that it leads to, is done. */
const quiet = { afterReading: 30, afterWork: 350 }
const quietWithinMilliseconds = 10_000
const acknowledged = new Set([200, 202])

interface Watched {
  app: App
  database: ControlDatabase
  administrator: Administrator
  /** Texts that the subject sends without being asked. */
  ownTexts: ReadonlySet<string>
}

type Cost = QueryTrial['requests'][number]['few']

/** Counts the queries of requests with ten appointments in the database and with a thousand, then has them explained. */
export async function tryQueries(
  { app, database, providers }: { app: App; database: ControlDatabase; providers: ProviderLab },
  progress: (message: string) => void,
): Promise<QueryTrial> {
  const { client } = app
  const administrator = await client.administrator()
  const people = await makeConsentedCustomers(client, administrator, 3)
  const command = await giveCommand(client)
  const watched = { app, database, administrator, ownTexts: await watchIdle(database) }
  await writeTo(watched, providers, people)
  const copyPerson = await copier(administrator, people, database.url)
  const fewCopies = await copyPerson(0, few - people.length)
  const atFew = await countAll(watched, subjectsOf(fewCopies, command), 'dearest')
  const manyCopies = await copyPerson(1, many - few)
  progress(`${many} appointments are in the database`)
  const mark = database.proxy.tap.mark()
  const atMany = await countAll(watched, subjectsOf(manyCopies, command), 'cheapest')
  const statements = distinct(ofRequests(watched, database.proxy.tap.since(mark)))
  const { largeTables, plans } = await planStatements(database.url, statements, { largeRows })
  return {
    appointments: { few, many },
    requests: [...atFew].map(([name, { pageRows, cost }]) => {
      const later = atMany.get(name)
      if (later === undefined) throw new Error(`${name} was asked for once only.`)
      return { name, pageRows, few: cost, many: later.cost }
    }),
    largeTables: Object.fromEntries(largeTables),
    plans: {
      explained: plans.filter(({ readings }) => readings !== null).length,
      unexplained: plans.filter(({ readings }) => readings === null).length,
      readings: plans.flatMap(({ text, readings }) => (readings ?? []).map((reading) => ({ text, ...reading }))),
    },
  }
}

/** A message to each, so that there will be as many messages as people. */
async function writeTo(
  watched: Watched,
  { journal }: ProviderLab,
  people: readonly ConsentedCustomer[],
): Promise<void> {
  const { administrator, database } = watched
  const mark = database.proxy.tap.mark()
  const text = 'We look forward to seeing you. Reply STOP to unsubscribe'
  await Promise.all(people.map(({ customer }) => administrator.queueMessage(customer.id, text)))
  const deadline = performance.now() + quietWithinMilliseconds
  while (!people.every(({ booking }) => journal.messages().some(({ to }) => to === booking.person.phone))) {
    if (performance.now() > deadline) throw new Error('Messages to customers with consent were not sent within 10 s.')
    await sleep(40)
  }
  await untilQuiet(watched, 'the messages sent at first', mark, quiet.afterWork)
}

async function copier(
  administrator: Administrator,
  people: readonly ConsentedCustomer[],
  url: string,
): Promise<(person: number, count: number) => Promise<Copies>> {
  let first = 0
  return async (index, count) => {
    const person = people[index]
    if (person === undefined) throw new Error(`Expected a customer at ${index}, there are ${people.length}.`)
    const { booking, customer } = person
    const { id: appointmentId } = await administrator.awaitAppointment(customer.id)
    const ids = { customerId: customer.id, calendarId: booking.appointmentId, appointmentId }
    const copies = await multiplyPerson(
      url,
      { ...booking.person, ...ids, scheduledAt: booking.scheduledAt },
      { first, count },
    )
    first += count
    return copies
  }
}

function subjectsOf(
  { customerIds, appointmentIds, first }: Copies,
  command: CountedSubjects['command'],
): CountedSubjects {
  const [id, another] = customerIds
  const [appointmentId] = appointmentIds
  if (id === undefined || appointmentId === undefined) throw new Error('Nobody was copied.')
  const phone = phoneOfCopy(first)
  // one person gets three messages a day at most
  return { customer: { id, phone }, addresseeId: another ?? id, phone, appointmentId, command }
}

const acceptedSchema = z.looseObject({ workflowId: z.string().min(1) })

async function giveCommand(client: AroClient): Promise<CountedSubjects['command']> {
  const { headers, body } = client.makeCommand()
  const answer = await client.send({ method: 'POST', path: client.subject.paths.commands, headers, body })
  if (answer.status !== 202) throw new Error(`A genuine command was refused with ${answer.status}: ${answer.text}`)
  return { id: body.commandId, workflowId: acceptedSchema.parse(answer.json).workflowId }
}

async function watchIdle({ proxy: { tap } }: ControlDatabase): Promise<ReadonlySet<string>> {
  await tap.idle()
  const mark = tap.mark()
  await sleep(watchedMilliseconds)
  return new Set(tap.since(mark).map(({ text }) => text))
}

async function countAll(
  watched: Watched,
  subjects: CountedSubjects,
  choice: 'dearest' | 'cheapest',
): Promise<Map<string, { pageRows: number | null; cost: Cost }>> {
  const { app, administrator } = watched
  const reading = readingRequests(app.client, administrator, subjects)
  const changing = changingRequests(app.client, administrator, subjects)
  const counted = new Map<string, { pageRows: number | null; cost: Cost }>()
  for (const request of [...reading, ...changing]) {
    const quietMilliseconds = changing.includes(request) ? quiet.afterWork : quiet.afterReading
    const costs: Cost[] = []
    for (let tries = 0; tries < triesOfEach; tries += 1) costs.push(await costOf(watched, request, quietMilliseconds))
    const byCost = costs.toSorted((one, other) => one.statements - other.statements)
    const cost = byCost.at(choice === 'cheapest' ? 0 : -1)
    if (cost !== undefined) counted.set(request.name, { pageRows: request.pageRows, cost })
  }
  return counted
}

/** @throws when the request is not answered well, since what it costs then says nothing. */
async function costOf(watched: Watched, { name, send }: CountedRequest, quietMilliseconds: number): Promise<Cost> {
  const { tap } = watched.database.proxy
  await tap.idle()
  const mark = tap.mark()
  const { status, text } = await send()
  if (!acknowledged.has(status)) throw new Error(`${name}: expected 200 or 202, got ${status}: ${text.slice(0, 200)}`)
  const statements = await untilQuiet(watched, name, mark, quietMilliseconds)
  const times = Map.groupBy(statements, (statement) => statement.text)
  const [most] = [...times].toSorted(([, one], [, other]) => other.length - one.length)
  return {
    status,
    statements: statements.length,
    rows: statements.reduce((sum, { rows = 0 }) => sum + rows, 0),
    mostFrequent: { text: most?.[0] ?? '', times: most?.[1].length ?? 0 },
  }
}

/** What was asked of the database from the mark on, once nothing more of it comes. */
async function untilQuiet(
  watched: Watched,
  name: string,
  mark: TapMark,
  quietMilliseconds: number,
): Promise<Statement[]> {
  const { tap } = watched.database.proxy
  const deadline = performance.now() + quietWithinMilliseconds
  while (performance.now() < deadline) {
    await tap.idle()
    const statements = ofRequests(watched, tap.since(mark))
    if (Date.now() - (statements.at(-1)?.at ?? 0) >= quietMilliseconds) return statements
    await sleep(20)
  }
  throw new Error(
    `${name}: its queries had not come to an end within ${quietWithinMilliseconds / 1000} s, so they cannot be counted.`,
  )
}

const ofRequests = ({ ownTexts }: Watched, statements: readonly Statement[]): Statement[] =>
  statements.filter(({ executed, text }) => executed && !ownTexts.has(text))

const distinct = (statements: readonly Statement[]): Statement[] => [
  ...new Map(statements.filter(({ error }) => error === undefined).map((one) => [one.text, one])).values(),
]
