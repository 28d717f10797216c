import { connect } from 'node:net'
import type { Socket } from 'node:net'
import type { ProxyConduct } from './conduct.ts'
import { ConnectionTap } from './connection-tap.ts'
import { Lane } from './lane.ts'
import type { Statement, WireTap } from './tap.ts'
import { MessageReader, startUpCodes, takeStartUp } from './wire.ts'

/** What the proxy has seen its conduct do, over its life. */
export interface ProxyCounts {
  /** New connections reset. */
  refused: number
  /** Chunks of bytes kept back. */
  held: number
  /** Chunks of answers delayed. */
  delayed: number
  /** Open connections cut. */
  cut: number
}

/** What a connection through the proxy is made of. */
export interface LinkRecipe {
  client: Socket
  target: { host: string; port: number }
  number: number
  tap: WireTap
  conduct: { readonly current: Readonly<ProxyConduct> }
  counts: ProxyCounts
  /** Application name of the gate's own probes, which the tap leaves out. */
  probeName: string
}

/** One connection through the proxy, and the bytes on their way in both directions. */
export class Link {
  readonly number: number
  /** Whether it is the gate's own and none of the subject's. */
  isProbe = false
  readonly #recipe: LinkRecipe
  readonly #tap: ConnectionTap
  readonly #frontend: MessageReader
  readonly #backend: MessageReader
  readonly #toServer: Lane
  readonly #toClient: Lane
  #server: Socket | undefined
  #startUp: Buffer | undefined = Buffer.alloc(0)
  #isTapped = false
  #condemned: Statement | undefined
  #isOver = false

  constructor(recipe: LinkRecipe) {
    const { client, tap, number, counts } = recipe
    this.#recipe = recipe
    this.number = number
    this.#tap = new ConnectionTap(tap, number)
    this.#tap.onSent = (statement) => this.#decide(statement)
    this.#tap.onCompleted = (statement) => statement === this.#condemned && this.cut()
    this.#frontend = new MessageReader('frontend', (type, body) => this.#tap.sent(type, body))
    this.#backend = new MessageReader('backend', (type, body) => this.#tap.received(type, body))
    const onWait = (reason: 'held' | 'delayed'): void => void (counts[reason] += 1)
    const conduct = (): Readonly<ProxyConduct> => recipe.conduct.current
    this.#toServer = new Lane(
      {
        write: (chunk) => this.#passToServer(chunk),
        finish: () => (this.#server ? this.#server.end() : this.#close()),
      },
      {
        isHeld: () =>
          conduct().openConnections === 'hold' || (this.#server === undefined && conduct().newConnections === 'hold'),
        delayMilliseconds: () => 0,
        onWait,
      },
    )
    this.#toClient = new Lane(
      { write: (chunk) => client.write(chunk), finish: () => client.end() },
      {
        isHeld: () => conduct().openConnections === 'hold',
        delayMilliseconds: () => conduct().delayMilliseconds,
        onWait,
      },
    )
    tap.follow(this.#tap)
    client.on('data', (chunk) => this.#toServer.push(chunk) || client.pause())
    client.on('drain', () => this.#server?.resume())
    client.on('end', () => this.#toServer.end())
    client.on('error', () => this.#close())
    client.on('close', () => this.#clientClosed())
  }

  /** Of the last ReadyForQuery: I idle, T in a transaction, E in a failed one. */
  get transactionStatus(): string {
    return this.#tap.transactionStatus
  }

  /** Whether anything has been sent that is not answered yet. */
  get isBusy(): boolean {
    return this.#tap.isBusy || !this.#toServer.isEmpty || !this.#toClient.isEmpty
  }

  /** Cuts both sides at once, as a broken network would. */
  cut(): void {
    if (this.#isOver) return
    this.#recipe.counts.cut += 1
    this.#recipe.client.resetAndDestroy()
    this.#close()
  }

  /** Passes on what the conduct no longer keeps back. */
  release(): void {
    this.#toServer.release()
    this.#toClient.release()
    this.#recipe.client.resume()
    this.#server?.resume()
  }

  /** Ends both sides. */
  #close(): void {
    this.#isOver = true
    this.#toServer.close()
    this.#toClient.close()
    this.#recipe.client.destroy()
    this.#server?.destroy()
    this.#recipe.tap.unfollow(this.#tap)
  }

  #clientClosed(): void {
    // what the client had sent before it left goes on to the server, such as a cancel request
    if (this.#isOver || this.#server === undefined || this.#recipe.client.errored) this.#close()
    else this.#toServer.end()
    this.#recipe.tap.unfollow(this.#tap)
  }

  #passToServer(chunk: Buffer): boolean {
    let bytes = chunk
    try {
      if (this.#startUp !== undefined) bytes = this.#readStartUp(Buffer.concat([this.#startUp, chunk]))
      if (bytes.length > 0 && this.#isTapped) this.#frontend.read(bytes)
    } catch (error) {
      this.#giveUp(error)
    }
    if (this.#isOver || bytes.length === 0) return true
    this.#server ??= this.#connect()
    return this.#server.write(bytes)
  }

  /** Answers or passes on start-up messages; returns what comes after them, for the server. */
  #readStartUp(sent: Buffer): Buffer {
    const message = takeStartUp(sent)
    if (message === undefined) {
      this.#startUp = sent
      return Buffer.alloc(0)
    }
    if (message.code === startUpCodes.ssl || message.code === startUpCodes.gssEncryption) {
      this.#toClient.push(Buffer.from('N'))
      return this.#readStartUp(message.rest)
    }
    this.#startUp = undefined
    this.isProbe = message.whole.includes(`application_name\0${this.#recipe.probeName}\0`)
    this.#isTapped = !this.isProbe && message.code !== startUpCodes.cancel
    this.#server ??= this.#connect()
    this.#server.write(message.whole)
    return message.rest
  }

  #connect(): Socket {
    const { client, target } = this.#recipe
    // half-open: the server's last answers still reach a client that has said it sends no more
    const server = connect({ ...target, noDelay: true, allowHalfOpen: true })
    server.on('data', (chunk) => this.#fromServer(chunk) || server.pause())
    server.on('drain', () => client.resume())
    server.on('end', () => this.#toClient.end())
    server.on('error', () => this.#close())
    server.on('close', () => {
      if (client.destroyed) this.#close()
      else this.#toClient.end()
    })
    return server
  }

  #fromServer(chunk: Buffer): boolean {
    try {
      if (this.#isTapped) this.#backend.read(chunk)
    } catch (error) {
      this.#giveUp(error)
    }
    return this.#isOver || this.#toClient.push(chunk)
  }

  #decide(statement: Statement): void {
    const fate = this.#recipe.conduct.current.fateOf(statement)
    if (fate === 'cut before the server') this.cut()
    if (fate === 'cut before the answer') this.#condemned = statement
  }

  #giveUp(error: unknown): void {
    this.#recipe.tap.giveUp(this.number, error instanceof Error ? error.message : String(error))
    this.#recipe.client.resetAndDestroy()
    this.#close()
  }
}
