import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import type { ControlDatabase } from '../../database/control-database.ts'
import type { App } from '../../subject/app.ts'
import type { AroClient, AroEvent } from '../../subject/client.ts'
import { calendlyMessage } from '../../subject/deliveries.ts'
import type { Delivery } from '../../subject/deliveries.ts'
import { makeBooking } from '../../subject/people.ts'
import type { Answer } from '../../subject/request.ts'
import { commandOf, sendCommand, settled } from './commands.ts'
import { readWhileWriting } from './concurrent.ts'
import type { EventTrial } from './judge.ts'
import { cutWriters } from './outbox.ts'
import { replayEverywhere } from './replay.ts'

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
    const appointment = await administrator.awaitAppointment(id)
    const path = `/appointments/${appointment.id}`
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
  const created = await post(subscriptions, client.subject.subscription)
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
