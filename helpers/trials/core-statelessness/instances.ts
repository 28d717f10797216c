import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { AroClient, AroEvent, CommandBody } from '../../subject/client.ts'
import type { Tenant } from '../../subject/facilities.ts'
import type { Answer } from '../../subject/request.ts'
import type { StatelessnessTrial } from './judge.ts'

/** A command with the headers it goes under. */
export interface SentCommand {
  headers: Record<string, string>
  body: CommandBody
  tenant: Tenant
}

/** A new command of a tenant. */
export function newCommand(client: AroClient, tenant = client.tenant): SentCommand {
  return { ...client.makeCommand(tenant), tenant }
}

/** Sends a command to an instance. */
export const give = (client: AroClient, { headers, body }: SentCommand): Promise<Answer> =>
  client.send({ method: 'POST', path: client.subject.paths.commands, headers, body })

/** What an instance says of a command. */
export const readCommand = (client: AroClient, { body, tenant }: SentCommand): Promise<Answer> =>
  client.send({ path: `${client.subject.paths.commands}/${body.commandId}`, headers: client.serviceHeaders(tenant) })

/** What an instance says of the workflow that an accepted command has set off. */
export const readWorkflow = (client: AroClient, accepted: Answer, tenant = client.tenant): Promise<Answer> =>
  client.send({
    path: `${client.subject.paths.workflows}/${encodeURIComponent(fieldOf(accepted, 'workflowId') ?? 'none')}`,
    headers: client.serviceHeaders(tenant),
  })

/** A field of a JSON answer, as a text. */
export function fieldOf({ json }: Answer, name: string): string | null {
  if (typeof json !== 'object' || json === null) return null
  const value: unknown = Reflect.get(json, name)
  return typeof value === 'string' || typeof value === 'number' ? String(value) : null
}

/** The events of a command, as an instance shows them. */
export async function eventsOf(client: AroClient, { headers, body, tenant }: SentCommand): Promise<AroEvent[]> {
  const { items } = await client.events({ tenant })
  return items.filter(
    (event) => event.metadata.correlationId === headers['X-Correlation-Id'] || event.aggregate.id === body.aggregate.id,
  )
}

/** Types of events in an order that does not depend on time. */
export const typesOf = (events: readonly AroEvent[]): string[] => events.map(({ eventType }) => eventType).sort()

/** Whether two answers say the same. */
export const isSame = (one: Answer, other: Answer): boolean => one.status === other.status && one.text === other.text

/** Waits until something holds or the time is up; whether it did is for the evidence to say. */
export async function settle(holds: () => Promise<boolean>, withinMilliseconds = 8000): Promise<boolean> {
  const deadline = performance.now() + withinMilliseconds
  for (;;) {
    if (await holds()) return true
    if (performance.now() > deadline) return false
    await sleep(50)
  }
}

/** Gives a command to one instance and reads it from the other, which has been asked for it before. */
export async function cross(
  givenTo: 'first' | 'second',
  own: AroClient,
  other: AroClient,
): Promise<{ seen: StatelessnessTrial['crossed'][number]; command: SentCommand; accepted: Answer }> {
  const command = newCommand(own)
  const before = await Promise.all([readCommand(own, command), readCommand(other, command)])
  const accepted = await give(own, command)
  const read = async () => {
    const [commands, workflows, events] = await Promise.all([
      Promise.all([readCommand(own, command), readCommand(other, command)]),
      Promise.all([readWorkflow(own, accepted), readWorkflow(other, accepted)]),
      Promise.all([eventsOf(own, command), eventsOf(other, command)]),
    ])
    return { commands, workflows, events }
  }
  let last = await read()
  await settle(async () => {
    last = await read()
    const { commands, workflows, events } = last
    return isSame(...commands) && isSame(...workflows) && events[0].length === events[1].length && events[0].length > 0
  })
  const { commands, workflows, events } = last
  return {
    command,
    accepted,
    seen: {
      givenTo,
      acceptedStatus: accepted.status,
      statusesBefore: before.map(({ status }) => status),
      commandStatus: commands[1].status,
      workflowStatus: workflows[1].status,
      isSameCommand: isSame(...commands),
      isSameWorkflow: isSame(...workflows),
      eventsOnOwn: events[0].length,
      eventsOnOther: events[1].length,
    },
  }
}

/** Lets two tenants send at once to one instance, and looks for what one was told of the other. */
export async function mixTenants(client: AroClient, other: AroClient): Promise<StatelessnessTrial['tenants']> {
  const tenants = [client.tenant, client.otherTenant]
  const commands = Array.from({ length: 12 }, (_, index) => newCommand(client, tenants[index % 2]))
  const answers = await Promise.all(commands.map((command) => give(client, command)))
  const mixedUp: string[] = []
  await Promise.all(
    commands.map(async (command, index) => {
      const answer = answers[index]
      if (answer?.status !== 202) return
      if (fieldOf(answer, 'commandId') !== command.body.commandId)
        mixedUp.push('an answer names the command of another request')
      if (fieldOf(answer, 'correlationId') !== command.headers['X-Correlation-Id'])
        mixedUp.push('an answer has the correlation id of another request')
      const read = await readCommand(other, command)
      if (read.status !== 200) mixedUp.push(`a command is answered with ${read.status} to the tenant who gave it`)
    }),
  )
  for (const tenant of tenants) {
    const { items } = await other.events({ tenant })
    const others = commands.filter((command) => command.tenant !== tenant)
    const foreign = new Set(others.map(({ body }) => body.aggregate.id))
    const strayed = items.filter((event) => event.tenantId !== tenant.id || foreign.has(event.aggregate.id))
    if (strayed.length > 0) mixedUp.push(`${strayed.length} events of another tenant are read`)
  }
  return { sent: commands.length, accepted: answers.filter(({ status }) => status === 202).length, mixedUp }
}

/** Makes a subscription through an instance. @throws when a genuine one is refused. */
export async function subscribe(client: AroClient): Promise<string> {
  const { subject } = client
  const answer = await client.send({
    method: 'POST',
    path: subject.paths.subscriptions,
    headers: {
      ...client.serviceHeaders(),
      'Content-Type': 'application/json',
      'X-Correlation-Id': randomUUID(),
      'Idempotency-Key': randomUUID(),
    },
    body: subject.subscription,
  })
  const id = fieldOf(answer, 'id') ?? fieldOf(answer, 'subscriptionId')
  if (answer.status >= 300 || id === null) {
    throw new Error(
      `POST ${subject.paths.subscriptions}: expected 2xx with an id, got ${answer.status}: ${answer.text.slice(0, 200)}`,
    )
  }
  return id
}

/** Replays a subscription through an instance, from the first event on. */
export const replay = (client: AroClient, id: string): Promise<Answer> =>
  client.send({
    method: 'POST',
    path: `${client.subject.paths.subscriptions}/${encodeURIComponent(id)}/replay`,
    headers: { ...client.serviceHeaders(), 'Content-Type': 'application/json', 'X-Correlation-Id': randomUUID() },
    body: {},
  })
