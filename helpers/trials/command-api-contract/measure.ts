import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { spoilCommands } from '../../attacks/spoiled-commands.ts'
import type { ControlDatabase } from '../../database/control-database.ts'
import { searchDatabase } from '../../database/search.ts'
import type { App } from '../../subject/app.ts'
import type { AroClient, AroEvent, CommandBody } from '../../subject/client.ts'
import { errorEnvelopeSchema } from '../../subject/client.ts'
import type { Answer } from '../../subject/request.ts'
import type { CommandTrial } from './judge.ts'

const copies = 50

interface Command {
  headers: Record<string, string>
  body: CommandBody
}

/** Sends spoiled, genuine and repeated commands to two instances on one database, and counts what took effect. */
export async function tryCommands(app: App, database: ControlDatabase): Promise<CommandTrial> {
  const { client } = app
  const first = client.makeCommand()
  const genuine = await sendGenuine(client, first)
  const refusals = await sendSpoiled(client, database)
  const second = await app.start()
  const urls = [client.url, second.url]

  const copied = client.makeCommand()
  const answers = await Promise.all(
    Array.from({ length: copies }, (_, index) => sendCommand(client, copied, urls[index % urls.length])),
  )
  const events = await settledEvents(client, copied)
  const [one] = answers
  if (one === undefined) throw new Error('Expected answers to the copies of a command, there were none.')
  const onOther = await sendCommand(client, copied, second.url)
  const changed = {
    ...copied,
    body: { ...copied.body, metadata: { ...copied.body.metadata, requestedBy: 'someone-else' } },
  }
  const otherBody = await sendCommand(client, changed)
  const effectsOfOtherBody = await findEffects(client, database, ['someone-else'])
  const otherTenant = await lookAsOtherTenant(client, copied, one)

  const last = client.makeCommand()
  const accepted = await sendCommand(client, last, second.url)
  await Promise.all(app.instances.map((instance) => instance.kill()))
  const restarted = await app.start()
  const restartedClient = app.clientOf(restarted)
  const afterRestart = await sendCommand(restartedClient, copied)
  const eventsOfLast = await settledEvents(restartedClient, last)
  const statusOfLast = await readCommand(restartedClient, last)
  return {
    refusals,
    genuine,
    concurrent: {
      copies,
      instances: urls.length,
      statuses: countStatuses(answers),
      differentAnswers: new Set(answers.map((answer) => essence(answer))).size,
      events,
    },
    repeated: {
      answers: [
        { how: 'on another instance', status: onOther.status, isSameAnswer: essence(onOther) === essence(one) },
        {
          how: 'after kill -9 and restart',
          status: afterRestart.status,
          isSameAnswer: essence(afterRestart) === essence(one),
        },
      ],
      eventsAfter: (await eventsOf(restartedClient, copied)).length,
    },
    otherBody: { status: otherBody.status, code: codeOf(otherBody), effects: effectsOfOtherBody },
    otherTenant,
    killed: { acceptedStatus: accepted.status, statusQueryAfter: statusOfLast.status, eventsAfter: eventsOfLast },
  }
}

async function sendGenuine(client: AroClient, command: Command): Promise<CommandTrial['genuine']> {
  const answer = await sendCommand(client, command)
  const body = acknowledgementOf(answer)
  const flaws = [
    ...(body.commandId === command.body.commandId ? [] : ['commandId is missing or another']),
    ...(body.status === 'accepted' ? [] : ['status is not "accepted"']),
    ...(typeof body.workflowId === 'string' && body.workflowId !== '' ? [] : ['workflowId is missing']),
    ...(body.correlationId === command.headers['X-Correlation-Id'] ? [] : ['correlationId is missing or another']),
  ]
  const events = await settledEvents(client, command)
  const ownEvents = await eventsOf(client, command)
  const workflow = await client.send({
    path: `${client.subject.paths.workflows}/${encodeURIComponent(String(body.workflowId))}`,
    headers: serviceHeaders(client),
  })
  return {
    status: answer.status,
    flaws,
    statusQuery: (await readCommand(client, command)).status,
    workflowQuery: workflow.status,
    events,
    eventsOfOtherWorkflow: ownEvents.filter((event) => event.metadata.workflowId !== body.workflowId).length,
  }
}

async function sendSpoiled(client: AroClient, database: ControlDatabase): Promise<CommandTrial['refusals']> {
  const spoiled = spoilCommands(client)
  const answers: Answer[] = []
  for (let start = 0; start < spoiled.length; start += 8) {
    const batch = spoiled.slice(start, start + 8)
    answers.push(...(await Promise.all(batch.map(({ headers, body }) => post(client, headers, body)))))
  }
  // a genuine command afterwards: once its events are visible, the spoiled ones have had their time too
  await settledEvents(client, await sent(client, client.makeCommand()))
  const effects = await effectsByMarker(
    client,
    database,
    spoiled.flatMap(({ markers }) => markers),
  )
  return spoiled.map(({ name, refusedWith, markers }, index) => {
    const answer = answers[index]
    return {
      name,
      status: answer?.status ?? 0,
      refusedWith: [...refusedWith],
      code: answer === undefined ? null : codeOf(answer),
      effects: [...new Set(markers.flatMap((marker) => effects.get(marker) ?? []))],
    }
  })
}

async function sent(client: AroClient, command: Command): Promise<Command> {
  await sendCommand(client, command)
  return command
}

async function lookAsOtherTenant(
  client: AroClient,
  command: Command,
  answer: Answer,
): Promise<CommandTrial['otherTenant']> {
  const other = client.otherTenant
  const own = client.makeCommand(other)
  const key = command.headers['Idempotency-Key'] ?? ''
  const sameKey = await sendCommand(client, { ...own, headers: { ...own.headers, 'Idempotency-Key': key } })
  const workflowId = acknowledgementOf(answer).workflowId
  const headers = serviceHeaders(client, other)
  const { commands, workflows } = client.subject.paths
  const readsCommand = await client.send({ path: `${commands}/${command.body.commandId}`, headers })
  const readsWorkflow = await client.send({ path: `${workflows}/${encodeURIComponent(String(workflowId))}`, headers })
  const { items } = await client.events({ tenant: other })
  return {
    sameKeyStatus: sameKey.status,
    isOwnWorkflow: acknowledgementOf(sameKey).workflowId !== workflowId,
    readsCommandWith: readsCommand.status,
    readsWorkflowWith: readsWorkflow.status,
    eventsSeen: items.filter((event) => isOf(event, command)).length,
  }
}

function sendCommand(client: AroClient, command: Command, url = client.url): Promise<Answer> {
  return client.send({
    url,
    method: 'POST',
    path: client.subject.paths.commands,
    headers: command.headers,
    body: command.body,
  })
}

function post(client: AroClient, headers: Record<string, string>, body: unknown): Promise<Answer> {
  return client.send({ method: 'POST', path: client.subject.paths.commands, headers, body })
}

function readCommand(client: AroClient, command: Command): Promise<Answer> {
  return client.send({
    path: `${client.subject.paths.commands}/${command.body.commandId}`,
    headers: serviceHeaders(client),
  })
}

const serviceHeaders = (client: AroClient, tenant = client.tenant): Record<string, string> => ({
  ...client.serviceHeaders(tenant),
  'X-Correlation-Id': randomUUID(),
})

const isOf = (event: AroEvent, command: Command): boolean =>
  event.metadata.correlationId === command.headers['X-Correlation-Id'] ||
  event.aggregate.id === command.body.aggregate.id

async function eventsOf(client: AroClient, command: Command): Promise<AroEvent[]> {
  return (await client.events()).items.filter((event) => isOf(event, command))
}

/** How many events a command has led to once no more come. */
async function settledEvents(client: AroClient, command: Command): Promise<number> {
  await client.awaitEvent((event) => isOf(event, command))
  let count = -1
  for (let now = (await eventsOf(client, command)).length; now !== count;) {
    count = now
    await new Promise((resolve) => setTimeout(resolve, 250))
    now = (await eventsOf(client, command)).length
  }
  return count
}

/** Tables in which a refusal may leave a note. */
const noteTables = /audit|log|idempot|rate|limit|attempt/i

async function effectsByMarker(
  client: AroClient,
  database: ControlDatabase,
  markers: readonly string[],
): Promise<Map<string, string[]>> {
  const { findings } = await searchDatabase(database.url, [...markers])
  const effects = new Map<string, string[]>()
  const add = (marker: string, where: string): void => {
    effects.set(marker, [...(effects.get(marker) ?? []), where])
  }
  for (const { label, table } of findings) if (!noteTables.test(table)) add(label, `table ${table}`)
  for (const event of (await client.events()).items)
    if (markers.includes(event.aggregate.id)) add(event.aggregate.id, 'events')
  return effects
}

async function findEffects(
  client: AroClient,
  database: ControlDatabase,
  markers: readonly string[],
): Promise<string[]> {
  const effects = await effectsByMarker(client, database, markers)
  return [...new Set([...effects.values()].flat())]
}

const acknowledgementSchema = z.looseObject({
  commandId: z.unknown(),
  status: z.unknown(),
  workflowId: z.unknown(),
  correlationId: z.unknown(),
})

const acknowledgementOf = (answer: Answer): z.infer<typeof acknowledgementSchema> =>
  acknowledgementSchema.safeParse(answer.json).data ?? {
    commandId: undefined,
    status: undefined,
    workflowId: undefined,
    correlationId: undefined,
  }

function essence(answer: Answer): string {
  const { commandId, workflowId, correlationId } = acknowledgementOf(answer)
  return JSON.stringify([answer.status, commandId, workflowId, correlationId])
}

const codeOf = (answer: Answer): string | null => errorEnvelopeSchema.safeParse(answer.json).data?.error.code ?? null

function countStatuses(answers: readonly Answer[]): Record<string, number> {
  const statuses: Record<string, number> = {}
  for (const { status } of answers) statuses[status] = (statuses[status] ?? 0) + 1
  return statuses
}
