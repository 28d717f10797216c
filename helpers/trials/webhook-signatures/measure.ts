import type { ControlDatabase } from '../../database/control-database.ts'
import type { UnconfiguredTrial, WebhookTrial } from './judge.ts'
import type { App } from '../../subject/app.ts'
import type { AroClient } from '../../subject/client.ts'
import type { Delivery, WebhookSource } from '../../subject/deliveries.ts'
import type { Answer } from '../../subject/request.ts'
import { forgeDeliveries } from '../../attacks/forged-deliveries.ts'
import { genuineDeliveries, plainDelivery } from '../../attacks/genuine-deliveries.ts'

const effectWithinMilliseconds = 5000
const atOnce = 6

/** Delivers genuine webhooks, then forged ones, then a genuine one again, and looks for what each left behind. */
export async function tryForgeries(app: App, database: ControlDatabase, source: WebhookSource): Promise<WebhookTrial> {
  const { client } = app
  const genuine = await deliverAll(client, genuineDeliveries(client, source).map(asSent))
  const forged = await deliverAll(
    client,
    forgeDeliveries(client, source, () => plainDelivery[source](client)),
  )
  const replay = await replayGenuine(client, source, database)
  const last = await deliverAll(client, [
    asSent({ name: 'plain, after all forgeries', delivery: client.sign(plainDelivery[source](client)) }),
  ])
  const accepted = [...genuine, ...last]
  // work is queued: once all genuine deliveries have left their trace, the forged ones have had their time too
  await database.awaitTraces(
    accepted.map((sent) => sent.delivery.marker),
    effectWithinMilliseconds,
  )
  const stored = await database.traces([...accepted, ...forged].map((sent) => sent.delivery.marker))
  const eventsOf = await countEvents(client)
  const row = (sent: Sent): WebhookTrial['forged'][number] => ({
    name: sent.name,
    status: sent.answer.status,
    code: errorCode(sent.answer),
    isStored: stored.has(sent.delivery.marker),
    events: eventsOf(sent.delivery.correlationId),
  })
  return {
    source,
    genuine: accepted.map(row),
    forged: forged.map(row),
    replay,
    redelivery: await redeliver(client, source, database),
    endedProcesses: app.instances.filter((instance) => instance.exit() !== undefined).length,
  }
}

interface ToSend {
  name: string
  delivery: Delivery
  headers: Record<string, string | string[] | null>
}

interface Sent extends ToSend {
  answer: Answer
}

const asSent = (genuine: { name: string; delivery: Delivery }): ToSend => ({ ...genuine, headers: {} })

async function deliverAll(client: AroClient, deliveries: readonly ToSend[]): Promise<Sent[]> {
  const sent: Sent[] = []
  for (let start = 0; start < deliveries.length; start += atOnce) {
    const batch = deliveries.slice(start, start + atOnce)
    sent.push(
      ...(await Promise.all(
        batch.map(async (next) => ({ ...next, answer: await client.deliver(next.delivery, next.headers) })),
      )),
    )
  }
  return sent
}

async function replayGenuine(
  client: AroClient,
  source: WebhookSource,
  database: ControlDatabase,
): Promise<WebhookTrial['replay']> {
  const delivery = client.sign(plainDelivery[source](client))
  const first = await client.deliver(delivery)
  await database.awaitTraces([delivery.marker], effectWithinMilliseconds)
  if (source === 'calendly') {
    await client.awaitEvent((event) => event.metadata.correlationId === delivery.correlationId, {
      withinMilliseconds: effectWithinMilliseconds,
    })
  }
  const eventsBefore = (await countEvents(client))(delivery.correlationId)
  const second = await client.deliver(delivery)
  await settle(client, source, database)
  const eventsAfter = (await countEvents(client))(delivery.correlationId)
  const isTimed = delivery.signature.startsWith('t=')
  return { isTimed, firstStatus: first.status, secondStatus: second.status, eventsBefore, eventsAfter }
}

async function redeliver(
  client: AroClient,
  source: WebhookSource,
  database: ControlDatabase,
): Promise<WebhookTrial['redelivery']> {
  const unsigned = plainDelivery[source](client)
  const first = client.sign(unsigned, { at: Math.floor(Date.now() / 1000) - 1 })
  await client.deliver(first)
  await settle(client, source, database)
  const effects = async (): Promise<number> => {
    const { items } = await client.events()
    return items.filter(
      (event) =>
        event.metadata.correlationId === first.correlationId || event.metadata.correlationId === second.correlationId,
    ).length
  }
  const second = client.sign(unsigned)
  const eventsBefore = await effects()
  const answer = await client.deliver(second)
  await settle(client, source, database)
  return { status: answer.status, eventsBefore, eventsAfter: await effects() }
}

/** Waits until a further genuine delivery has left its trace: what came before it has had its time. */
async function settle(client: AroClient, source: WebhookSource, database: ControlDatabase): Promise<void> {
  const barrier = client.sign(plainDelivery[source](client))
  await client.deliver(barrier)
  await database.awaitTraces([barrier.marker], effectWithinMilliseconds)
  if (source === 'calendly') {
    await client.awaitEvent((event) => event.metadata.correlationId === barrier.correlationId, {
      withinMilliseconds: effectWithinMilliseconds,
    })
  }
}

/** Delivers to an instance that was started without any webhook secret, unsigned and signed with nothing. */
export async function tryUnconfigured(app: App, database: ControlDatabase): Promise<UnconfiguredTrial> {
  const tenants = app.client.tenants.map((tenant) => ({
    ...tenant,
    webhookSecrets: { calendly: '', stripe: '', twilio: '' },
  }))
  const instance = await app.start({ tenants }).catch(() => undefined)
  if (instance === undefined) return { hasStarted: false, deliveries: [] }
  const client = app.clientOf(instance)
  const sources: WebhookSource[] = ['calendly', 'stripe', 'twilio']
  const forged = sources.flatMap((source) => {
    const unsigned = client.sign(plainDelivery[source](client))
    return [
      { ...asSent({ name: 'unsigned', delivery: unsigned }), headers: { [unsigned.signatureHeader]: null } },
      asSent({
        name: 'signed with an empty secret',
        delivery: client.sign(plainDelivery[source](client), { secret: '' }),
      }),
    ]
  })
  const sent = await deliverAll(client, forged)
  const stored = await database.traces(sent.map(({ delivery }) => delivery.marker))
  return {
    hasStarted: true,
    deliveries: sent.map(({ name, delivery, answer }) => ({
      source: delivery.source,
      name,
      status: answer.status,
      code: errorCode(answer),
      isStored: stored.has(delivery.marker),
    })),
  }
}

async function countEvents(client: AroClient): Promise<(correlationId: string) => number> {
  const { items } = await client.events()
  return (correlationId) => items.filter((event) => event.metadata.correlationId === correlationId).length
}

function errorCode(answer: Answer): string | null {
  const body = answer.json as { error?: { code?: unknown } } | undefined
  return typeof body?.error?.code === 'string' ? body.error.code : null
}
