import { setTimeout as sleep } from 'node:timers/promises'
import type { ControlDatabase } from '../../database/control-database.ts'
import type { AroClient, AroEvent } from '../../subject/client.ts'
import { bookingOf, commandOf, settled } from './commands.ts'
import type { EventTrial } from './judge.ts'
import { followReader } from './reader.ts'

const rounds = 15
const writersAtOnce = 8

/** Polls each instance while others write through them and their transactions overtake each other. */
export async function readWhileWriting(
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
