import { BodyReader } from './wire.ts'
import type { WireMessage } from './wire.ts'

/** One execution of an SQL text, as it went over the wire. */
export interface Statement {
  /** Counted over the proxy's life, from 1. */
  connection: number
  /** Milliseconds since the epoch when it was sent. */
  at: number
  text: string
  /** Bind values; binary ones as `\x` and hexadecimal digits, null for NULL. */
  parameters: (string | null)[]
  kind: 'simple' | 'extended'
  durationMilliseconds?: number
  rows?: number
  error?: { code: string; message: string }
}

/** A place in the tap's record, from which later statements are read. */
export type TapMark = number

const keptStatements = 200_000

/** What SQL went over the wire, with its bind values; keeps the last statements and counts those it had to drop. */
export class WireTap {
  readonly #statements: Statement[] = []
  #first = 0
  /** Statements no longer kept: a control that looks back further than what is kept must not judge. */
  droppedStatements = 0

  add(statement: Statement): void {
    this.#statements.push(statement)
    if (this.#statements.length > keptStatements * 1.2) {
      const surplus = this.#statements.length - keptStatements
      this.#statements.splice(0, surplus)
      this.#first += surplus
      this.droppedStatements += surplus
    }
  }

  mark(): TapMark {
    return this.#first + this.#statements.length
  }

  /** Statements after the mark. @throws when some of them are no longer kept. */
  since(mark: TapMark): readonly Statement[] {
    if (mark < this.#first)
      throw new Error(`The wire tap no longer keeps ${this.#first - mark} statements after this mark.`)
    return this.#statements.slice(mark - this.#first)
  }

  get statements(): readonly Statement[] {
    return this.#statements
  }
}

/** Follows one connection's messages and adds its statements to a tap. */
export class ConnectionTap {
  readonly #tap: WireTap
  readonly #connection: number
  readonly #prepared = new Map<string, string>()
  readonly #portals = new Map<string, Pick<Statement, 'text' | 'parameters'>>()
  /** Sent and not yet completed, in order; the server completes them in the same order. */
  readonly #running: Statement[] = []
  /** Of the last ReadyForQuery: I idle, T in a transaction, E in a failed one. */
  transactionStatus = 'I'

  constructor(tap: WireTap, connection: number) {
    this.#tap = tap
    this.#connection = connection
  }

  /** Whether anything has been sent that the server has not completed. */
  get isBusy(): boolean {
    return this.#running.length > 0
  }

  sent({ type, body }: WireMessage): void {
    const reader = new BodyReader(body)
    switch (type) {
      case 'Q':
        this.#start({ text: reader.text(), parameters: [] }, 'simple')
        break
      case 'P':
        this.#prepared.set(reader.text(), reader.text())
        break
      case 'B':
        this.#bind(reader)
        break
      case 'E': {
        const portal = this.#portals.get(reader.text())
        if (portal !== undefined) this.#start(portal, 'extended')
        break
      }
      case 'C': {
        const names = reader.letter() === 'S' ? this.#prepared : this.#portals
        names.delete(reader.text())
        break
      }
    }
  }

  received({ type, body }: WireMessage): void {
    const [current] = this.#running
    switch (type) {
      case 'C': {
        // one simple query may hold several commands: it is complete with ReadyForQuery
        const rows = Number(/(\d+)\0?$/.exec(body.toString('latin1'))?.[1] ?? 0)
        if (current) current.rows = (current.rows ?? 0) + rows
        if (current?.kind === 'extended') this.#complete()
        break
      }
      case 's':
      case 'I':
        if (current?.kind === 'extended') this.#complete()
        break
      case 'E':
        if (current) current.error = errorOf(body)
        break
      case 'Z':
        this.transactionStatus = body.toString('latin1', 0, 1)
        // after an error the server skips what was sent up to the Sync that this answers
        while (this.#running.length > 0) this.#complete()
        break
    }
  }

  #bind(reader: BodyReader): void {
    const portal = reader.text()
    const text = this.#prepared.get(reader.text()) ?? ''
    const formats = Array.from({ length: reader.int16() }, () => reader.int16())
    const parameters = Array.from({ length: reader.int16() }, (_, index) => {
      const length = reader.int32()
      if (length < 0) return null
      const value = reader.bytes(length)
      const format = formats.length === 1 ? formats[0] : formats[index]
      return format === 1 ? `\\x${value.toString('hex')}` : value.toString('utf8')
    })
    this.#portals.set(portal, { text, parameters })
  }

  #start(what: Pick<Statement, 'text' | 'parameters'>, kind: Statement['kind']): void {
    const statement: Statement = {
      connection: this.#connection,
      at: performance.timeOrigin + performance.now(),
      ...what,
      kind,
    }
    this.#running.push(statement)
    this.#tap.add(statement)
  }

  #complete(): void {
    const statement = this.#running.shift()
    if (statement) statement.durationMilliseconds = performance.timeOrigin + performance.now() - statement.at
  }
}

function errorOf(body: Buffer): { code: string; message: string } {
  const reader = new BodyReader(body)
  const error = { code: '', message: '' }
  for (let field = reader.letter(); field !== '\0' && !reader.isAtEnd; field = reader.letter()) {
    const value = reader.text()
    if (field === 'C') error.code = value
    if (field === 'M') error.message = value
  }
  return error
}
