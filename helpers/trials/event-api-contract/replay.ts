import type { App } from '../../subject/app.ts'
import type { AroClient, AroEvent } from '../../subject/client.ts'
import type { EventTrial } from './judge.ts'

const cursorsTried = 25

/** Reads on from many cursors: on the instance that gave them, on another, and after all were killed. */
export async function replayEverywhere(
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
