import { setTimeout as sleep } from 'node:timers/promises'
import type { DatabaseProxy } from '../../database/proxy.ts'
import { delayDatabase } from '../../faults/database-delay.ts'
import { isSuccess, requestKinds } from './requests.ts'
import type { Asking } from './requests.ts'

/** Requests at once: more than any pool that a single process would have. */
export const burst = 40
const delayMilliseconds = 25

/** Asks for much at once while the database is a little slow, so that the pool is drawn on to its end. */
export async function burstThrough(
  asking: Asking,
  proxy: DatabaseProxy,
): Promise<{ mostInUse: number; open: number; refused: number }> {
  await using delay = await delayDatabase(proxy, delayMilliseconds)
  const kinds = Object.values(requestKinds)
  const over = new AbortController()
  let mostInUse = 0
  const watch = (async () => {
    while (!over.signal.aborted) {
      const inUse = proxy.connections().filter(({ isBusy, transactionStatus }) => isBusy || transactionStatus !== 'I')
      mostInUse = Math.max(mostInUse, inUse.length)
      await sleep(5)
    }
  })()
  const asked = await Promise.all(
    Array.from({ length: burst }, (_, index) => kinds[index % kinds.length]).flatMap((ask) => ask?.(asking) ?? []),
  )
  over.abort()
  await watch
  await delay.end()
  return { mostInUse, open: proxy.connections().length, refused: asked.filter((each) => !isSuccess(each)).length }
}
