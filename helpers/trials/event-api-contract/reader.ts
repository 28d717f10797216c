import { setTimeout as sleep } from 'node:timers/promises'
import type { AroClient } from '../../subject/client.ts'

/** What a polling reader has seen, in the order in which it saw it. */
export interface ReaderRecord {
  ids: string[]
  polls: number
}

/** Polls the events of one instance without a pause, always from the cursor it was given last. */
export function followReader(
  client: AroClient,
  start: string | undefined,
): {
  /** Goes on until it has read as far as this event, for 5 s at most, and tells what it saw. */
  stop(lastEventId: string | undefined): Promise<ReaderRecord>
} {
  const record: ReaderRecord = { ids: [], polls: 0 }
  const stopped = new AbortController()
  let cursor = start
  const following = (async () => {
    while (!stopped.signal.aborted) {
      const page = await client
        .eventPage({ limit: 100, ...(cursor === undefined ? {} : { after: cursor }) })
        .catch(() => undefined)
      record.polls += 1
      record.ids.push(...(page?.items ?? []).map(({ eventId }) => eventId))
      cursor = page?.nextCursor ?? cursor
      await sleep(8)
    }
  })()
  return {
    async stop(lastEventId) {
      const deadline = performance.now() + 5000
      const isThere = (): boolean => lastEventId === undefined || record.ids.includes(lastEventId)
      while (!isThere() && performance.now() < deadline) await sleep(20)
      // an empty page or two more, so that what was about to be read is
      await sleep(100)
      stopped.abort()
      await following
      return record
    },
  }
}
