import { connect, createServer } from 'node:net'
import type { Socket } from 'node:net'
import { once } from 'node:events'
import { ConnectionTap, WireTap } from './tap.ts'
import { BodyReader, MessageReader, startUpCodes } from './wire.ts'
import type { WireMessage } from './wire.ts'

/** What the proxy does with connections and bytes; faults change it and change it back. */
export interface ProxyConduct {
  /** `pass`: to the server. `refuse`: closed at once. `hold`: accepted and never answered. */
  newConnections: 'pass' | 'refuse' | 'hold'
  /** Whether bytes of open connections go on; held ones are kept and go on later. */
  openConnections: 'pass' | 'hold'
  /** Added to each answer of the server. */
  delayMilliseconds: number
}

/** What the proxy has seen its conduct do. */
export interface ProxyCounts {
  refused: number
  held: number
  delayedChunks: number
  cut: number
}

/** One open connection through the proxy. */
export interface ProxyConnection {
  number: number
  /** Of the last ReadyForQuery: I idle, T in a transaction, E in a failed one. */
  transactionStatus: string
  isBusy: boolean
  /** Cuts both sides at once. */
  cut(): void
}

/** A loopback proxy in front of one database: taps the wire and injects faults. */
export interface DatabaseProxy extends AsyncDisposable {
  /** The target's address through the proxy. */
  url: string
  tap: WireTap
  conduct: ProxyConduct
  readonly counts: ProxyCounts
  connections(): ProxyConnection[]
  /** Lets go on what `hold` and delays have kept back; called when a fault ends. */
  release(): void
}

interface Link extends ProxyConnection {
  client: Socket
  server: Socket | undefined
  flush(): void
}

/** Starts a proxy for one database. @throws when the target's url has no host and port. */
export async function startDatabaseProxy({ target }: { target: string }): Promise<DatabaseProxy> {
  const { hostname, port } = new URL(target)
  const tap = new WireTap()
  const links = new Set<Link>()
  const conduct: ProxyConduct = { newConnections: 'pass', openConnections: 'pass', delayMilliseconds: 0 }
  const counts: ProxyCounts = { refused: 0, held: 0, delayedChunks: 0, cut: 0 }
  let numbered = 0
  const server = createServer({ noDelay: true }, (client) => {
    client.on('error', () => client.destroy())
    if (conduct.newConnections === 'refuse') {
      counts.refused += 1
      client.resetAndDestroy()
      return
    }
    numbered += 1
    const link = openLink({
      client,
      host: hostname.replace(/^\[|\]$/g, ''),
      port: Number(port),
      number: numbered,
      tap,
      conduct,
      counts,
    })
    links.add(link)
    client.once('close', () => links.delete(link))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('Expected a TCP port from the operating system.')
  const url = new URL(target)
  url.host = `127.0.0.1:${address.port}`
  return {
    url: url.href,
    tap,
    conduct,
    counts,
    connections: () => [...links],
    release: () => links.forEach((link) => link.flush()),
    async [Symbol.asyncDispose]() {
      for (const link of links) link.cut()
      server.close()
      await once(server, 'close')
    },
  }
}

interface LinkRecipe {
  client: Socket
  host: string
  port: number
  number: number
  tap: WireTap
  conduct: ProxyConduct
  counts: ProxyCounts
}

function openLink({ client, host, port, number, tap, conduct, counts }: LinkRecipe): Link {
  const connectionTap = new ConnectionTap(tap, number)
  const frontend = new MessageReader({ isStartUp: true })
  const backend = new MessageReader({ isStartUp: false })
  /** Kept back while the conduct says so, in order: bytes from the client, and bytes from the server. */
  const held: { to: 'client' | 'server'; chunk: Buffer }[] = []
  let server: Socket | undefined
  const end = (): void => {
    client.destroy()
    server?.destroy()
  }
  const toServer = (chunk: Buffer): void => {
    server ??= connectServer()
    server.write(chunk)
  }
  const connectServer = (): Socket => {
    const socket = connect({ host, port, noDelay: true })
    socket.on('data', (chunk) => fromServer(chunk))
    socket.on('error', end)
    socket.on('close', () => client.end())
    return socket
  }
  const isHeld = (): boolean =>
    conduct.openConnections === 'hold' || (server === undefined && conduct.newConnections === 'hold')
  const fromClient = (chunk: Buffer): void => {
    if (isHeld() || held.some((kept) => kept.to === 'server')) {
      counts.held += 1
      held.push({ to: 'server', chunk })
      return
    }
    passToServer(chunk)
  }
  const passToServer = (chunk: Buffer): void => {
    if (!frontend.isStartUp) {
      for (const message of frontend.read(chunk)) connectionTap.sent(message)
      toServer(chunk)
      return
    }
    for (const message of frontend.read(chunk)) startUp(message)
  }
  const startUp = ({ body }: WireMessage): void => {
    const code = new BodyReader(body).int32()
    if (code === startUpCodes.ssl || code === startUpCodes.gssEncryption) {
      client.write('N')
      return
    }
    const length = Buffer.alloc(4)
    length.writeUInt32BE(body.length + 4)
    toServer(Buffer.concat([length, body]))
    // a cancel request has no answer; its connection is closed by the server
    if (code !== startUpCodes.cancel) frontend.isStartUp = false
  }
  const fromServer = (chunk: Buffer): void => {
    for (const message of backend.read(chunk)) connectionTap.received(message)
    if (conduct.openConnections === 'hold') {
      counts.held += 1
      held.push({ to: 'client', chunk })
    } else if (conduct.delayMilliseconds > 0) {
      counts.delayedChunks += 1
      setTimeout(() => client.write(chunk), conduct.delayMilliseconds)
    } else {
      client.write(chunk)
    }
  }
  client.on('data', (chunk) => fromClient(chunk))
  client.on('close', end)
  return {
    client,
    number,
    get server() {
      return server
    },
    get transactionStatus() {
      return connectionTap.transactionStatus
    },
    get isBusy() {
      return connectionTap.isBusy
    },
    cut() {
      counts.cut += 1
      client.resetAndDestroy()
      server?.destroy()
    },
    flush() {
      const waiting = held.splice(0)
      for (const { to, chunk } of waiting) {
        if (to === 'client') client.write(chunk)
        else passToServer(chunk)
      }
    },
  }
}
