/** Codes of start-up messages that are no StartupMessage (PostgreSQL documentation, Message Formats). */
export const startUpCodes = { ssl: 80877103, gssEncryption: 80877104, cancel: 80877102 } as const

/** Types of the messages that each side may send (protocol 3, PostgreSQL documentation, Message Formats). */
const messageTypes = { frontend: 'BCcDdEFfHPpQSX', backend: '123ACDdcEGHIKNnRSsTtVvWZ' } as const

/** Messages whose body the tap reads; the others are stepped over, whatever their size. */
const bodiesRead = { frontend: 'BCEFPQ', backend: 'CEZ' } as const

/** Hears each message: its type letter, and its body, empty where nobody reads it. The body is valid during the call. */
export type MessageListener = (type: string, body: Buffer) => void

const nothing = Buffer.alloc(0)
const headBytes = 5

/** Cuts one direction of a started PostgreSQL connection into messages, however the bytes arrive. */
export class MessageReader {
  readonly #side: 'frontend' | 'backend'
  readonly #known: string
  readonly #read: string
  readonly #onMessage: MessageListener
  readonly #head = Buffer.alloc(headBytes)
  #headLength = 0
  #type = ''
  #missing = 0
  #parts: Buffer[] = []

  constructor(side: 'frontend' | 'backend', onMessage: MessageListener) {
    this.#side = side
    this.#known = messageTypes[side]
    this.#read = bodiesRead[side]
    this.#onMessage = onMessage
  }

  /** Takes the next bytes. @throws when they are no such messages: nothing after them can be read. */
  read(chunk: Buffer): void {
    let offset = 0
    while (offset < chunk.length) {
      if (this.#missing > 0) {
        offset = this.#readBody(chunk, offset)
        continue
      }
      const taken = Math.min(headBytes - this.#headLength, chunk.length - offset)
      chunk.copy(this.#head, this.#headLength, offset, offset + taken)
      this.#headLength += taken
      offset += taken
      if (this.#headLength === headBytes) this.#begin()
    }
  }

  #begin(): void {
    this.#headLength = 0
    this.#type = String.fromCharCode(this.#head.readUInt8(0))
    const length = this.#head.readUInt32BE(1)
    if (length < 4 || !this.#known.includes(this.#type))
      throw new Error(
        `Expected a ${this.#side} message of the PostgreSQL protocol, got type ${JSON.stringify(this.#type)} of ${length} bytes.`,
      )
    this.#missing = length - 4
    if (this.#missing === 0) this.#onMessage(this.#type, nothing)
  }

  #readBody(chunk: Buffer, offset: number): number {
    const end = Math.min(chunk.length, offset + this.#missing)
    this.#missing -= end - offset
    const isRead = this.#read.includes(this.#type)
    if (isRead && (this.#missing > 0 || this.#parts.length > 0)) this.#parts.push(chunk.subarray(offset, end))
    if (this.#missing > 0) return end
    const parts = this.#parts
    this.#parts = []
    if (!isRead) this.#onMessage(this.#type, nothing)
    else this.#onMessage(this.#type, parts.length > 0 ? Buffer.concat(parts) : chunk.subarray(offset, end))
    return end
  }
}

/** The first message of a connection, which carries no type. */
export interface StartUpMessage {
  code: number
  whole: Buffer
  /** Bytes that came after it. */
  rest: Buffer
}

// PostgreSQL's own limit, MAX_STARTUP_PACKET_LENGTH; the first bytes of TLS or HTTP read as a length far beyond it
const longestStartUp = 10_000

/** Takes the start-up message off the front of what a client has sent so far, when it is complete. @throws when it is none. */
export function takeStartUp(sent: Buffer): StartUpMessage | undefined {
  if (sent.length < 8) return undefined
  const length = sent.readUInt32BE(0)
  if (length < 8 || length > longestStartUp)
    throw new Error(`Expected a PostgreSQL start-up message, got one of ${length} bytes.`)
  if (sent.length < length) return undefined
  return { code: sent.readUInt32BE(4), whole: sent.subarray(0, length), rest: sent.subarray(length) }
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
    const value = this.#body.readUInt16BE(this.#offset)
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
    if (value.length < length) throw new Error(`Expected ${length} bytes, got ${value.length}.`)
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
