import { setTimeout as sleep } from 'node:timers/promises'
import type { ProviderLab } from '../providers/lab.ts'
import type { AroClient } from '../subject/client.ts'

const pollMilliseconds = 100
const pageSize = 200
const correlationIdIn = /Ref ([0-9a-f-]{36})\./

/** When the events of correlation ids were first seen through the Event API. */
export interface EventWatch {
  seenAt: ReadonlyMap<string, number>
  /** How often the Event API could not be read. */
  failures(): number
  stop(): Promise<void>
}

/** Reads on in the Event API until it is stopped. */
export function watchEvents(client: AroClient): EventWatch {
  const seenAt = new Map<string, number>()
  const stopped = new AbortController()
  let cursor: string | undefined
  let failures = 0
  const watching = (async () => {
    while (!stopped.signal.aborted) {
      const page = await client
        .eventPage({ limit: pageSize, ...(cursor === undefined ? {} : { after: cursor }) })
        .catch(() => undefined)
      const now = performance.timeOrigin + performance.now()
      if (page === undefined) failures += 1
      for (const { metadata } of page?.items ?? []) {
        const id = metadata.correlationId
        if (typeof id === 'string' && !seenAt.has(id)) seenAt.set(id, now)
      }
      cursor = page?.nextCursor ?? cursor
      if ((page?.items.length ?? 0) < pageSize) await sleep(pollMilliseconds)
    }
  })()
  return {
    seenAt,
    failures: () => failures,
    async stop() {
      stopped.abort()
      await watching
    },
  }
}

/** When the SMS provider had first received each message of the load, by the correlation id in its text. */
export function messagesReceived(providers: ProviderLab): Map<string, number> {
  const receivedAt = new Map<string, number>()
  for (const { body, form, at } of providers.journal.calls('twilio')) {
    const id = correlationIdIn.exec(form?.Body ?? body)?.[1]
    if (id !== undefined && !receivedAt.has(id)) receivedAt.set(id, at)
  }
  return receivedAt
}

/** Waits until it holds, or the time is up; which of them is for the caller to see. */
export async function waitUntil(holds: () => boolean, withinMilliseconds: number, signal: AbortSignal): Promise<void> {
  const deadline = performance.now() + withinMilliseconds
  while (!holds() && performance.now() < deadline) await sleep(pollMilliseconds, undefined, { signal })
}
