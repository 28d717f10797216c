import { setTimeout as sleep } from 'node:timers/promises'
import type { ControlDatabase } from '../../database/control-database.ts'
import { cutDatabaseAt } from '../../faults/database-cut.ts'
import type { AroClient } from '../../subject/client.ts'
import { eventsOf, sendCommand } from './commands.ts'
import type { Command } from './commands.ts'
import type { EventTrial } from './judge.ts'

const mostCuts = 16

/** Cuts the database connection at one statement of a command after another, and sees what is left of each. */
export async function cutWriters(
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
