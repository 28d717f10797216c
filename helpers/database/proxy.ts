import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { withClient } from './client.ts'
import { Conduct } from './conduct.ts'
import type { Imposition, ProxyConduct } from './conduct.ts'
import { Link } from './link.ts'
import type { ProxyCounts } from './link.ts'
import { WireTap } from './tap.ts'
import type { TapLimits } from './tap.ts'

/** One open connection through the proxy. */
export type ProxyConnection = Pick<Link, 'number' | 'transactionStatus' | 'isBusy' | 'cut'>

/** A loopback proxy in front of one database: taps the wire and injects faults. */
export interface DatabaseProxy extends AsyncDisposable {
  /** The target's address through the proxy. */
  url: string
  tap: WireTap
  readonly counts: Readonly<ProxyCounts>
  /** Connections open now, without the gate's own probes. */
  connections(): ProxyConnection[]
  /** Changes the proxy's conduct until that is lifted; what was kept back then goes on. */
  impose(change: Partial<ProxyConduct>): Imposition
  /** Whether nothing is imposed. */
  readonly isUndisturbed: boolean
  /** Asks the database something through the proxy; the tap leaves it out. @throws when there is no answer in 5 s. */
  probe(): Promise<void>
  /** When a probe was last answered, in milliseconds since the epoch; 0 when none was. */
  readonly provenAt: number
}

/** What a proxy is started with. */
export interface ProxyRecipe {
  /** The database's address. */
  target: string
  /** How much the tap keeps. */
  limits?: Partial<TapLimits>
}

/** Starts a proxy for one database. */
export async function startDatabaseProxy({ target, limits = {} }: ProxyRecipe): Promise<DatabaseProxy> {
  const { hostname, port } = new URL(target)
  const address = { host: hostname.replaceAll(/^\[|\]$/g, ''), port: Number(port === '' ? 5432 : port) }
  const tap = new WireTap(limits)
  const links = new Set<Link>()
  const conduct = new Conduct(() => links.forEach((link) => link.release()))
  const counts: ProxyCounts = { refused: 0, held: 0, delayed: 0, cut: 0 }
  const probeName = `aro-gate-probe-${randomUUID()}`
  let numbered = 0
  let provenAt = 0
  // half-open: a client may say that it sends no more and still wait for the answer
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (client) => {
    if (conduct.current.newConnections === 'refuse') {
      client.on('error', () => client.destroy())
      counts.refused += 1
      client.resetAndDestroy()
      return
    }
    numbered += 1
    const link = new Link({ client, target: address, number: numbered, tap, conduct, counts, probeName })
    links.add(link)
    client.once('close', () => links.delete(link))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const bound = server.address()
  if (bound === null || typeof bound === 'string') throw new Error('Expected a TCP port from the operating system.')
  const url = new URL(target)
  url.host = `127.0.0.1:${bound.port}`
  return {
    url: url.href,
    tap,
    counts,
    connections: () => [...links].filter((link) => !link.isProbe),
    impose: (change) => conduct.impose(change),
    get isUndisturbed() {
      return conduct.isUndisturbed
    },
    async probe() {
      const limits = { application_name: probeName, connectionTimeoutMillis: 5000, query_timeout: 5000 }
      await withClient(url.href, (client) => client.query('SELECT 1'), limits)
      provenAt = Date.now()
    },
    get provenAt() {
      return provenAt
    },
    async [Symbol.asyncDispose]() {
      if (!server.listening) return
      for (const link of links) link.cut()
      server.close()
      await once(server, 'close')
    },
  }
}
