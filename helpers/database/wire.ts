/** A message of the PostgreSQL protocol: its type byte (empty for start-up messages) and its body. */
export interface WireMessage {
  type: string
  body: Buffer
}

const largestMessage = 512 * 1024 * 1024

/** Codes of start-up messages that are no StartupMessage (PostgreSQL documentation, Message Formats). */
export const startUpCodes = { ssl: 80877103, gssEncryption: 80877104, cancel: 80877102 } as const

/** Cuts one direction of a PostgreSQL connection into messages, however the bytes arrive. */
export class MessageReader {
  #pending: Buffer[] = []
  #length = 0
  /** Until the start-up message has been read, frontend messages carry no type byte. */
  isStartUp: boolean

  constructor(options: { isStartUp: boolean }) {
    this.isStartUp = options.isStartUp
  }

  /** Messages completed by these bytes. @throws when a length is impossible, since nothing after it can be read. */
  read(chunk: Buffer): WireMessage[] {
    this.#pending.push(chunk)
    this.#length += chunk.length
    const messages: WireMessage[] = []
    for (let message = this.#next(); message !== undefined; message = this.#next()) messages.push(message)
    return messages
  }

  #next(): WireMessage | undefined {
    const typeBytes = this.isStartUp ? 0 : 1
    if (this.#length < typeBytes + 4) return undefined
    const head = this.#peek(typeBytes + 4)
    const length = head.readUInt32BE(typeBytes)
    if (length < 4 || length > largestMessage)
      throw new Error(`Expected a PostgreSQL message, got one of ${length} bytes.`)
    if (this.#length < typeBytes + length) return undefined
    const whole = this.#take(typeBytes + length)
    const type = this.isStartUp ? '' : whole.toString('latin1', 0, 1)
    return { type, body: whole.subarray(typeBytes + 4) }
  }

  #peek(bytes: number): Buffer {
    const [first] = this.#pending
    if (first !== undefined && first.length >= bytes) return first
    const joined = Buffer.concat(this.#pending)
    this.#pending = [joined]
    return joined
  }

  #take(bytes: number): Buffer {
    const joined = this.#peek(bytes)
    const rest = joined.subarray(bytes)
    this.#pending = rest.length > 0 ? [rest, ...this.#pending.slice(1)] : this.#pending.slice(1)
    this.#length -= bytes
    return joined.subarray(0, bytes)
  }
}

/** Reads the fields of one message's body in order. */
export class BodyReader {
  readonly #body: Buffer
  #offset = 0

  constructor(body: Buffer) {
    this.#body = body
  }

  text(): string {
    const end = this.#body.indexOf(0, this.#offset)
    if (end < 0) throw new Error('Expected a text that ends with a zero byte.')
    const text = this.#body.toString('utf8', this.#offset, end)
    this.#offset = end + 1
    return text
  }

  int16(): number {
    const value = this.#body.readInt16BE(this.#offset)
    this.#offset += 2
    return value
  }

  int32(): number {
    const value = this.#body.readInt32BE(this.#offset)
    this.#offset += 4
    return value
  }

  bytes(length: number): Buffer {
    const value = this.#body.subarray(this.#offset, this.#offset + length)
    this.#offset += length
    return value
  }

  letter(): string {
    const value = this.#body.toString('latin1', this.#offset, this.#offset + 1)
    this.#offset += 1
    return value
  }

  get isAtEnd(): boolean {
    return this.#offset >= this.#body.length
  }
}
