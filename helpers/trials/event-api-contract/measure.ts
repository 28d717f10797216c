import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import type { ControlDatabase } from '../../database/control-database.ts'
import { cutDatabaseAt } from '../../faults/database-cut.ts'
import type { App } from '../../subject/app.ts'
import type { AroClient, AroEvent } from '../../subject/client.ts'
import { calendlyMessage } from '../../subject/deliveries.ts'
import type { Delivery } from '../../subject/deliveries.ts'
import { makeBooking } from '../../subject/people.ts'
import type { Answer } from '../../subject/request.ts'
import { followReader } from './reader.ts'
import type { EventTrial } from './judge.ts'

const rounds = 15
const writersAtOnce = 8
const cursorsTried = 25
const mostCuts = 16
const quietMilliseconds = 400

/** Writes through two instances while readers poll, reads everything again in every way, and cuts writers off midway. */
export async function tryEvents(
  app: App,
  database: ControlDatabase,
  random: () => number,
  progress: (message: string) => void,
): Promise<EventTrial> {
  const { client } = app
  const clients = [client, app.clientOf(await app.start())]
  const causation = await followCommand(client)
  const order = await followAggregate(client)
  const concurrent = await readWhileWriting(clients, database, random)
  progress(`${concurrent.writers} writers and ${concurrent.readers.length} readers are done`)
  const outbox = await cutWriters(client, database, causation.events)
  progress(`${outbox.cuts} commands were cut off midway`)
  const tenants = await lookAsOthers(client)
  const subscription = await trySubscription(client)
  const all = await settled(client)
  const replay = await replayEverywhere(app, clients, all)
  return {
    envelopes: readEnvelopes(all, client.tenant.id),
    causation,
    order,
    concurrent,
    replay,
    subscription,
    tenants,
    outbox,
  }
}

const envelopeSchema = z.looseObject({
  eventId: z.string().min(1),
  eventType: z.string().min(1),
  occurredAt: z.iso.datetime({ offset: true }),
  tenantId: z.string().min(1),
  profile: z.string().min(1),
  aggregate: z.looseObject({ type: z.string().min(1), id: z.string().min(1) }),
  payload: z.record(z.string(), z.unknown()),
  metadata: z.looseObject({
    workflowId: z.string().min(1).nullable(),
    correlationId: z.string().min(1),
    causationId: z.string().min(1).nullable(),
  }),
})

function readEnvelopes(events: readonly AroEvent[], tenantId: string): EventTrial['envelopes'] {
  const flaws = new Map<string, { example: string; events: number }>()
  for (const event of events) {
    const problems = [
      ...(envelopeSchema.safeParse(event).error?.issues ?? []).map(
        ({ path, message }) => `${path.join('.')}: ${message}`,
      ),
      ...(event.tenantId === tenantId ? [] : ['tenantId: not the tenant that asked']),
    ]
    for (const flaw of problems) {
      const known = flaws.get(flaw) ?? { example: event.eventType, events: 0 }
      flaws.set(flaw, { ...known, events: known.events + 1 })
    }
  }
  return {
    events: events.length,
    flaws: [...flaws].map(([flaw, rest]) => ({ flaw, ...rest })),
    repeatedIds: events.length - new Set(events.map(({ eventId }) => eventId)).size,
  }
}

async function followCommand(client: AroClient): Promise<EventTrial['causation']> {
  const command = client.makeCommand()
  const answer = await sendCommand(client, command)
  const { workflowId } = z.looseObject({ workflowId: z.string() }).parse(answer.json)
  const correlationId = command.headers['X-Correlation-Id']
  await client.awaitEvent((event) => event.metadata.correlationId === correlationId)
  const events = (await settled(client)).filter(
    (event) => event.metadata.correlationId === correlationId || event.metadata.workflowId === workflowId,
  )
  const causes = new Set<unknown>([command.body.commandId, ...events.map(({ eventId }) => eventId)])
  return {
    events: events.length,
    ofOtherWorkflow: events.filter(({ metadata }) => metadata.workflowId !== workflowId).length,
    ofOtherCorrelation: events.filter(({ metadata }) => metadata.correlationId !== correlationId).length,
    withoutKnownCause: events.filter(
      ({ metadata, eventId }) => !causes.has(metadata['causationId']) || metadata['causationId'] === eventId,
    ).length,
  }
}

async function followAggregate(client: AroClient): Promise<EventTrial['order']> {
  const booking = makeBooking()
  const administrator = await client.administrator()
  const delivering = async (delivery: Delivery): Promise<string> => {
    await client.deliver(delivery)
    return delivery.correlationId
  }
  const confirming = async (): Promise<string> => {
    const correlationId = randomUUID()
    const { id } = await administrator.awaitCustomer(booking.person.phone)
    const [appointment] = await administrator.appointments(id)
    const path = `/appointments/${appointment?.id ?? 'none'}`
    await administrator.send('PUT', path, { status: 'confirmed' }, { 'X-Correlation-Id': correlationId })
    return correlationId
  }
  const steps = [
    () => delivering(client.sign(calendlyMessage(booking))),
    confirming,
    () => delivering(client.sign(calendlyMessage(booking, 'appointment.cancelled'))),
  ]
  const correlationIds: string[] = []
  for (const step of steps) {
    const correlationId = await step()
    await client.awaitEvent((event) => event.metadata.correlationId === correlationId)
    correlationIds.push(correlationId)
  }
  const stepOf = (event: AroEvent): number => correlationIds.indexOf(event.metadata.correlationId ?? '') + 1
  const events = (await settled(client)).filter((event) => stepOf(event) > 0)
  const byAggregate = Map.groupBy(events, ({ aggregate }) => `${aggregate.type} ${aggregate.id}`)
  // the appointment is what most steps are about; a customer or a message may have events of their own
  const [longest = []] = [...byAggregate.values()].toSorted(
    (one, other) => new Set(other.map(stepOf)).size - new Set(one.map(stepOf)).size,
  )
  return { steps: steps.length, aggregates: byAggregate.size, sequence: longest.map(stepOf) }
}

async function readWhileWriting(
  clients: readonly AroClient[],
  database: ControlDatabase,
  random: () => number,
): Promise<EventTrial['concurrent']> {
  const [first] = clients
  if (first === undefined) throw new Error('Expected an instance to write to, there is none.')
  const start = (await first.events()).nextCursor
  const readers = clients.map((client) => followReader(client, start))
  const shaking = shakeDatabase(database, random)
  const accepted: string[] = []
  let writers = 0
  try {
    for (let round = 0; round < rounds; round += 1) {
      const writes = Array.from({ length: writersAtOnce }, async (_, index) => {
        const client = clients[index % clients.length] ?? first
        writers += 1
        const sent = index % 3 === 0 ? await commandOf(client) : await bookingOf(client)
        if (sent.isAccepted) accepted.push(sent.correlationId)
      })
      await Promise.all(writes)
    }
  } finally {
    await shaking.stop()
  }
  const isThere = (events: readonly AroEvent[], id: string): boolean =>
    events.some(({ metadata }) => metadata.correlationId === id)
  const deadline = performance.now() + 8000
  let truth = await settled(first, start)
  while (!accepted.every((id) => isThere(truth, id)) && performance.now() < deadline)
    truth = await settled(first, start)
  const seen = await Promise.all(readers.map((reader) => reader.stop(truth.at(-1)?.eventId)))
  return {
    writers,
    instances: clients.length,
    polls: seen.reduce((sum, { polls }) => sum + polls, 0),
    lost: accepted.filter((id) => !isThere(truth, id)).length,
    readers: seen.map(({ ids }, index) => compare(ids, truth, index + 1)),
  }
}

function compare(
  ids: readonly string[],
  truth: readonly AroEvent[],
  instance: number,
): EventTrial['concurrent']['readers'][number] {
  const unique = [...new Set(ids)]
  const known = new Set(unique)
  const common = truth.map(({ eventId }) => eventId).filter((id) => known.has(id))
  const ofTruth = new Set(common)
  const order = unique.filter((id) => ofTruth.has(id))
  return {
    instance,
    events: unique.length,
    missed: truth.length - common.length,
    reordered: order.filter((id, index) => id !== common[index]).length,
  }
}

/** Lets statements of different transactions overtake each other, as a busy database does. */
function shakeDatabase({ proxy }: ControlDatabase, random: () => number): { stop(): Promise<void> } {
  const stopped = new AbortController()
  const shaking = (async () => {
    while (!stopped.signal.aborted) {
      const delay = proxy.impose({ delayMilliseconds: Math.floor(random() * 14) })
      await sleep(6)
      delay.lift()
    }
  })()
  return {
    async stop() {
      stopped.abort()
      await shaking
    },
  }
}

interface Sent {
  correlationId: string
  isAccepted: boolean
}

async function commandOf(client: AroClient): Promise<Sent> {
  const command = client.makeCommand()
  const { status } = await sendCommand(client, command)
  return { correlationId: command.headers['X-Correlation-Id'] ?? '', isAccepted: status === 202 }
}

async function bookingOf(client: AroClient): Promise<Sent> {
  const { delivery, answer } = await client.book(makeBooking())
  return { correlationId: delivery.correlationId, isAccepted: answer.status === 200 || answer.status === 202 }
}

async function cutWriters(
  client: AroClient,
  database: ControlDatabase,
  usualEvents: number,
): Promise<EventTrial['outbox']> {
  const outbox = {
    cuts: 0,
    changesWithoutEvent: 0,
    eventsWithoutChange: 0,
    notCompleted: 0,
    worst: null as string | null,
  }
  const { nextCursor: start } = await client.events()
  const mark = database.proxy.tap.mark()
  await sendCommand(client, client.makeCommand())
  const statements = Math.min(mostCuts, Math.max(5, database.proxy.tap.since(mark).length))
  for (let occurrence = 1; occurrence <= statements; occurrence += 1) {
    const command = client.makeCommand()
    const fault = await cutDatabaseAt(database.proxy, { pattern: /./s, occurrence, moment: 'before the server' })
    const cut = await sendCommand(client, command).catch(() => undefined)
    await fault.end()
    await sleep(60)
    const state = await stateOf(client, command, start)
    const again = await completed(client, command, { usualEvents, start })
    outbox.cuts += 1
    if (state.exists && state.events === 0) outbox.changesWithoutEvent += 1
    if (!state.exists && state.events > 0) outbox.eventsWithoutChange += 1
    if (!again) outbox.notCompleted += 1
    const isWrong = state.exists !== state.events > 0 || !again
    if (isWrong) outbox.worst ??= `statement ${occurrence}, answered ${cut?.status ?? 'nothing'}`
  }
  return outbox
}

/** Sends the command again with its key until it is accepted, and tells whether its events are as many as usual. */
async function completed(
  client: AroClient,
  command: Command,
  { usualEvents, start }: { usualEvents: number; start: string | undefined },
): Promise<boolean> {
  const deadline = performance.now() + 6000
  while (performance.now() < deadline) {
    const answer = await sendCommand(client, command).catch(() => undefined)
    if (answer?.status === 202 && (await eventsOf(client, command, start)).length >= usualEvents) {
      return (await eventsOf(client, command, start)).length === usualEvents
    }
    await sleep(100)
  }
  return false
}

/** Whether the command is there, and how many events it has; asked until both agree, for a second at most. */
async function stateOf(
  client: AroClient,
  command: Command,
  start: string | undefined,
): Promise<{ exists: boolean; events: number }> {
  const deadline = performance.now() + 1000
  for (;;) {
    const path = `${client.subject.paths.commands}/${command.body.commandId}`
    const query = await client.send({ path, headers: client.serviceHeaders() })
    const state = { exists: query.status === 200, events: (await eventsOf(client, command, start)).length }
    if (query.status < 500 && (state.exists === state.events > 0 || performance.now() > deadline)) return state
    if (performance.now() > deadline + 5000) throw new Error(`GET ${path}: expected 200 or 404, got ${query.status}`)
    await sleep(50)
  }
}

async function lookAsOthers(client: AroClient): Promise<EventTrial['tenants']> {
  const { otherTenant: other, tenant } = client
  await commandOf(client)
  const own = client.makeCommand(other)
  await sendCommand(client, own)
  const isOwn = ({ metadata }: AroEvent): boolean => metadata.correlationId === own.headers['X-Correlation-Id']
  await client.awaitEvent(isOwn, { tenant: other })
  const first = (await client.events()).items
  const shown = (await client.events({ tenant: other })).items
  const cursor = (await client.eventPage({ limit: 5 })).nextCursor
  const after = cursor === undefined ? [] : (await client.events({ tenant: other, after: cursor })).items
  const firstIds = new Set(first.map(({ eventId }) => eventId))
  const leaked = [...shown, ...after].filter(({ eventId, tenantId }) => firstIds.has(eventId) || tenantId !== other.id)
  const { events } = client.subject.paths
  const asking = async (how: string, headers: Record<string, string>, refusedWith: number[]) => ({
    how,
    refusedWith,
    status: (await client.send({ path: events, headers })).status,
  })
  return {
    ownEvents: shown.filter(isOwn).length,
    seenByOther: new Set(leaked.map(({ eventId }) => eventId)).size,
    refusals: await Promise.all([
      asking('without a token', { 'X-Tenant-Id': tenant.id }, [401]),
      asking('with a wrong token', { Authorization: 'Bearer wrong', 'X-Tenant-Id': tenant.id }, [401]),
      asking(
        'of a tenant the token may not act for',
        { ...client.serviceHeaders(other), 'X-Tenant-Id': tenant.id },
        [403],
      ),
      asking('without naming a tenant', { Authorization: `Bearer ${tenant.serviceToken}` }, [400]),
    ]),
  }
}

async function trySubscription(client: AroClient): Promise<EventTrial['subscription']> {
  const post = (path: string, body: unknown, tenant = client.tenant): Promise<Answer> =>
    client.send({
      method: 'POST',
      path,
      headers: { ...client.serviceHeaders(tenant), 'Content-Type': 'application/json' },
      body,
    })
  const { subscriptions } = client.subject.paths
  const created = await post(subscriptions, { name: 'production-gate' })
  const id = z.looseObject({ id: z.union([z.string(), z.number()]) }).safeParse(created.json).data?.id ?? 'none'
  const [before, after] = [await client.eventPage({ limit: 10 }), await client.eventPage({ limit: 40 })]
  const replay = `${subscriptions}/${id}/replay`
  const replayed = await post(replay, { after: before.nextCursor })
  const items = z.looseObject({ items: z.array(z.looseObject({ eventId: z.string() })) }).safeParse(replayed.json)
    .data?.items
  const shown = new Set((items ?? []).map(({ eventId }) => eventId))
  const earlier = new Set(before.items.map(({ eventId }) => eventId))
  const wanted = after.items.filter(({ eventId }) => !earlier.has(eventId))
  return {
    createdWith: created.status,
    replayedWith: replayed.status,
    replayedAsOther: (await post(replay, {}, client.otherTenant)).status,
    missing: items === undefined ? 0 : wanted.filter(({ eventId }) => !shown.has(eventId)).length,
  }
}

async function replayEverywhere(
  app: App,
  clients: readonly AroClient[],
  all: readonly AroEvent[],
): Promise<EventTrial['replay']> {
  const [first, second] = clients
  if (first === undefined || second === undefined) throw new Error('Expected two instances to read from.')
  const { cursors, overlongPages } = await walk(first, cursorsTried)
  const different = [
    await replayFrom(first, cursors, all, 'on the same instance'),
    await replayFrom(second, cursors, all, 'on another instance'),
  ]
  await Promise.all(app.instances.map((instance) => instance.kill()))
  const restarted = app.clientOf(await app.start())
  different.push(await replayFrom(restarted, cursors, all, 'after kill -9 and restart'))
  return { cursors: cursors.length, different, overlongPages }
}

interface KnownCursor {
  cursor: string
  /** How many events are before it. */
  index: number
}

/** Reads on, a few events at a time, and keeps the cursors. */
async function walk(client: AroClient, pages: number): Promise<{ cursors: KnownCursor[]; overlongPages: number }> {
  const cursors: KnownCursor[] = []
  let overlongPages = 0
  let index = 0
  let cursor: string | undefined
  for (let page = 0; page < pages; page += 1) {
    const limit = 1 + (page % 4)
    const { items, nextCursor } = await client.eventPage({ limit, ...(cursor === undefined ? {} : { after: cursor }) })
    if (items.length > limit) overlongPages += 1
    if (nextCursor === undefined || items.length === 0) break
    index += items.length
    cursor = nextCursor
    cursors.push({ cursor, index })
  }
  return { cursors, overlongPages }
}

async function replayFrom(
  client: AroClient,
  cursors: readonly KnownCursor[],
  all: readonly AroEvent[],
  how: string,
): Promise<EventTrial['replay']['different'][number]> {
  const different = await Promise.all(
    cursors.map(async ({ cursor, index }) => {
      const { items } = await client.events({ after: cursor })
      const expected = all.slice(index)
      return items.length < expected.length || expected.some((event, at) => essence(event) !== essence(items[at]))
    }),
  )
  return { how, cursors: cursors.length, different: different.filter(Boolean).length }
}

const essence = (event: AroEvent | undefined): string => JSON.stringify(event)

type Command = ReturnType<AroClient['makeCommand']>

function sendCommand(client: AroClient, { headers, body }: Command): Promise<Answer> {
  return client.send({ method: 'POST', path: client.subject.paths.commands, headers, body })
}

async function eventsOf(client: AroClient, command: Command, after: string | undefined): Promise<AroEvent[]> {
  const correlationId = command.headers['X-Correlation-Id']
  return (await client.events({ after })).items.filter(({ metadata }) => metadata.correlationId === correlationId)
}

/** All events once no more come. */
async function settled(client: AroClient, after?: string): Promise<AroEvent[]> {
  for (let count = -1; ;) {
    const { items } = await client.events({ after })
    if (items.length === count) return items
    count = items.length
    await sleep(quietMilliseconds)
  }
}
