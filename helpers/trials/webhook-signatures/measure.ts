import type { ControlDatabase } from '../../database/control-database.ts'
import type { BystanderTrial, SignaturesTrial, UnconfiguredTrial, WebhookTrial } from './judge.ts'
import type { App } from '../../subject/app.ts'
import type { AroClient } from '../../subject/client.ts'
import { makeConsentedCustomers } from '../../subject/consented.ts'
import { calendlyMessage, smsMessage, stripeMessage } from '../../subject/deliveries.ts'
import type { Delivery, WebhookSource } from '../../subject/deliveries.ts'
import { makeBooking } from '../../subject/people.ts'
import type { Answer } from '../../subject/request.ts'
import { forgeDeliveries } from '../../attacks/forged-deliveries.ts'
import { genuineDeliveries, plainDelivery } from '../../attacks/genuine-deliveries.ts'

const effectWithinMilliseconds = 5000
const atOnce = 6

const sources: readonly WebhookSource[] = ['calendly', 'stripe', 'twilio']

/** Tries each source's signatures, also on a customer who is there already and on instances that lack a secret. */
export async function trySignatures(app: App, database: ControlDatabase): Promise<SignaturesTrial> {
  const trials: WebhookTrial[] = []
  // one after the other: what one source's deliveries leave behind is told apart from another's
  for (const source of sources) trials.push(await tryForgeries(app, database, source))
  return {
    sources: trials,
    bystander: await tryBystander(app),
    unconfigured: await Promise.all(sources.map((source) => tryWithoutSecret(app, database, source))),
  }
}

/** Delivers genuine webhooks, then forged ones, then a genuine one again, and looks for what each left behind. */
async function tryForgeries(app: App, database: ControlDatabase, source: WebhookSource): Promise<WebhookTrial> {
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
  const stored = await database.traces([...accepted, ...forged].flatMap((sent) => textsOf(sent.delivery)))
  const eventsOf = await countEvents(client)
  const row = (sent: Sent): WebhookTrial['forged'][number] => ({
    name: sent.name,
    status: sent.answer.status,
    code: errorCode(sent.answer),
    isStored: textsOf(sent.delivery).some((text) => stored.has(text)),
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

const textsOf = ({ marker, traces }: Delivery): string[] => [marker, ...traces]

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

/** Delivers to an instance that was started without one source's webhook secret: unsigned, and signed with nothing. */
async function tryWithoutSecret(
  app: App,
  database: ControlDatabase,
  source: WebhookSource,
): Promise<UnconfiguredTrial> {
  const tenants = app.client.tenants.map((tenant) => ({
    ...tenant,
    webhookSecrets: { ...tenant.webhookSecrets, [source]: '' },
  }))
  const instance = await app.start({ tenants }).catch(() => undefined)
  if (instance === undefined) return { source, hasStarted: false, deliveries: [] }
  const client = app.clientOf(instance)
  const unsigned = client.sign(plainDelivery[source](client))
  const forged = [
    { ...asSent({ name: 'unsigned', delivery: unsigned }), headers: { [unsigned.signatureHeader]: null } },
    asSent({
      name: 'signed with an empty secret',
      delivery: client.sign(plainDelivery[source](client), { secret: '' }),
    }),
  ]
  const sent = await deliverAll(client, forged)
  const stored = await database.traces(sent.flatMap(({ delivery }) => textsOf(delivery)))
  return {
    source,
    hasStarted: true,
    deliveries: sent.map(({ name, delivery, answer }) => ({
      name,
      status: answer.status,
      code: errorCode(answer),
      isStored: textsOf(delivery).some((text) => stored.has(text)),
    })),
  }
}

/** Forges what would change a customer who is there already: their appointment, their deposit, their consent. */
async function tryBystander(app: App): Promise<BystanderTrial> {
  const { client } = app
  const administrator = await client.administrator()
  const [bystander] = await makeConsentedCustomers(client, administrator, 1)
  if (bystander === undefined) throw new Error('Expected a customer to forge deliveries about.')
  const { booking, customer } = bystander
  const look = async (): Promise<BystanderTrial['before']> => {
    const [appointment] = await administrator.appointments(customer.id)
    return {
      status: appointment?.status ?? 'none',
      isConsentGranted: await administrator.isConsentGranted(booking.person.phone),
    }
  }
  await administrator.awaitAppointment(customer.id)
  const before = await look()
  const unsigned = [
    calendlyMessage(booking, 'appointment.cancelled'),
    smsMessage(client.tenant, { from: booking.person.phone, body: 'STOP' }),
    stripeMessage({ appointmentId: booking.appointmentId }),
  ]
  const forged = unsigned.flatMap((message) => {
    const delivery = client.sign(message)
    return [
      { name: 'unsigned', delivery, headers: { [delivery.signatureHeader]: null } },
      asSent({ name: 'signed with a wrong secret', delivery: client.sign(message, { secret: 'wrong' }) }),
    ]
  })
  const sent = await deliverAll(client, forged)
  const barrier = await client.book(makeBooking())
  await client.awaitEvent((event) => event.metadata.correlationId === barrier.delivery.correlationId)
  return { before, after: await look(), statuses: sent.map(({ answer }) => answer.status) }
}

async function countEvents(client: AroClient): Promise<(correlationId: string) => number> {
  const { items } = await client.events()
  return (correlationId) => items.filter((event) => event.metadata.correlationId === correlationId).length
}

function errorCode(answer: Answer): string | null {
  const body = answer.json as { error?: { code?: unknown } } | undefined
  return typeof body?.error?.code === 'string' ? body.error.code : null
}
