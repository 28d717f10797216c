import { createServer } from 'node:http'
import { once } from 'node:events'

/** A server that answers nothing for a part of each period, and everything that waits when that is over. */
export async function startFreezingServer(options: {
  periodMilliseconds: number
  frozenMilliseconds: number
}): Promise<AsyncDisposable & { url: string; requests(): number }> {
  let requests = 0
  const startedAt = performance.now()
  const server = createServer((request, response) => {
    requests += 1
    request.resume()
    const phase = (performance.now() - startedAt) % options.periodMilliseconds
    const left = options.frozenMilliseconds - phase
    if (left <= 0) response.end('ok')
    else setTimeout(() => response.end('ok'), left)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('Expected a TCP port from the operating system.')
  return {
    url: `http://127.0.0.1:${address.port}/`,
    requests: () => requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

/**
 * The latency at a quantile by arithmetic: requests arrive evenly, and those in the frozen part wait for its end, so that the
 * longest waits are spread evenly from nothing to the whole freeze.
 */
export function frozenQuantile(
  quantile: number,
  options: { periodMilliseconds: number; frozenMilliseconds: number },
): number {
  const frozenShare = options.frozenMilliseconds / options.periodMilliseconds
  return Math.max(0, 1 - (1 - quantile) / frozenShare) * options.frozenMilliseconds
}
