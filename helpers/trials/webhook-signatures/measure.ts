import { setTimeout as sleep } from 'node:timers/promises'
import type { ControlDatabase } from '../../database/control-database.ts'
import type { WebhookTrial } from './judge.ts'
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
  const barrier = client.sign(plainDelivery[source](client))
  await client.deliver(barrier)
  await database.awaitTraces([barrier.marker], effectWithinMilliseconds)
  await sleep(100)
  const eventsAfter = (await countEvents(client))(delivery.correlationId)
  const isTimed = delivery.signature.startsWith('t=')
  return { isTimed, firstStatus: first.status, secondStatus: second.status, eventsBefore, eventsAfter }
}

async function countEvents(client: AroClient): Promise<(correlationId: string) => number> {
  const { items } = await client.events()
  return (correlationId) => items.filter((event) => event.metadata.correlationId === correlationId).length
}

function errorCode(answer: Answer): string | null {
  const body = answer.json as { error?: { code?: unknown } } | undefined
  return typeof body?.error?.code === 'string' ? body.error.code : null
}
