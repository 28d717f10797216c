import type { FollowedConnection, Statement, WireTap } from './tap.ts'
import { BodyReader } from './wire.ts'

type Prepared = Pick<Statement, 'text' | 'parameters' | 'binaryParameters'>

/** What the server still has to answer, in the order in which it will. */
type Expected =
  | { what: 'parse' | 'bind' | 'close' | 'describe'; statement?: Statement; undo?: () => void }
  | { what: 'execute' | 'simple'; statement: Statement }
  | { what: 'sync' | 'function' }
  /** The client's end of a COPY, sent before the server was seen to begin it. */
  | { what: 'copy end' }

interface Preparation {
  text: string
  /** Recorded when it was parsed; the first execution fills it in. */
  recorded: Statement | undefined
  mark: number
}

/** Follows one connection's messages in both directions and records its statements. */
export class ConnectionTap implements FollowedConnection {
  readonly number: number
  readonly #tap: WireTap
  readonly #prepared = new Map<string, Preparation>()
  readonly #portals = new Map<string, Prepared & { preparation: Preparation }>()
  #expected: Expected[] = []
  #isCopying = false
  #rows = 0
  #latest: Statement | undefined
  /** Of the last ReadyForQuery: I idle, T in a transaction, E in a failed one. */
  transactionStatus = 'I'
  /** Hears of a statement when it is sent for execution, and when it is completed. */
  onSent: ((statement: Statement) => void) | undefined
  onCompleted: ((statement: Statement) => void) | undefined

  constructor(tap: WireTap, number: number) {
    this.#tap = tap
    this.number = number
  }

  /** Whether anything has been sent that the server has not completed. */
  get isBusy(): boolean {
    return this.#isCopying || this.#expected.some(({ what }) => what !== 'copy end')
  }

  get occupation(): string | undefined {
    const running = this.#expected.find((expected) => 'statement' in expected && expected.statement !== undefined)
    if (running && 'statement' in running) return `still runs ${JSON.stringify(running.statement?.text.slice(0, 200))}`
    if (this.isBusy) return 'still waits for an answer'
    return this.transactionStatus === 'I' ? undefined : 'is in a transaction'
  }

  /** A message of the client. */
  sent(type: string, body: Buffer): void {
    const reader = new BodyReader(body)
    switch (type) {
      case 'Q':
        this.#expect({ what: 'simple', statement: this.#start(plain(reader.text()), 'simple') })
        break
      case 'P':
        this.#parse(reader.text(), reader.text())
        break
      case 'B':
        this.#bind(reader)
        break
      case 'D':
        this.#expect({ what: 'describe' })
        break
      case 'E':
        this.#execute(reader.text())
        break
      case 'C':
        this.#close(reader.letter(), reader.text())
        break
      case 'F':
        this.#expect({ what: 'function' })
        this.#tap.add(this.#statementOf({ ...functionCall(reader) }, 'extended'))
        break
      case 'S':
        // while the server reads a COPY it ignores Sync
        if (!this.#isCopying) this.#expect({ what: 'sync' })
        break
      case 'c':
      case 'f':
        if (this.#isCopying) this.#isCopying = false
        else this.#expect({ what: 'copy end' })
        break
    }
  }

  /** A message of the server. */
  received(type: string, body: Buffer): void {
    if (type === 'D') {
      this.#rows += 1
      return
    }
    this.#tap.active()
    while (this.#expected[0]?.what === 'copy end') this.#expected.shift()
    const [head] = this.#expected
    switch (type) {
      case '1':
        this.#answered('parse')
        break
      case '2':
        this.#answered('bind')
        break
      case '3':
        this.#answered('close')
        break
      case 'T':
      case 'n':
        this.#answered('describe')
        break
      case 'C':
        if (head?.what === 'simple') head.statement.rows = (head.statement.rows ?? 0) + rowsOf(body)
        else this.#executed(rowsOf(body))
        this.#rows = 0
        break
      case 's':
      case 'I':
        this.#executed(this.#rows)
        break
      case 'G':
        this.#beginCopy()
        break
      case 'E':
        this.#fail(errorOf(body))
        break
      case 'Z':
        this.transactionStatus = body.toString('latin1', 0, 1)
        this.#ready()
        break
    }
  }

  #parse(name: string, text: string): void {
    const before = this.#prepared.get(name)
    const recorded: Statement = { ...this.#statementOf(plain(text), 'extended'), executed: false }
    this.#prepared.set(name, { text, recorded, mark: this.#tap.position })
    this.#tap.add(recorded)
    const undo = (): void => {
      if (before) this.#prepared.set(name, before)
      else this.#prepared.delete(name)
    }
    this.#expect({ what: 'parse', statement: recorded, undo })
  }

  #bind(reader: BodyReader): void {
    const portal = reader.text()
    const name = reader.text()
    const preparation = this.#prepared.get(name)
    // a name that was never prepared is refused by the server
    if (preparation) this.#portals.set(portal, { text: preparation.text, ...readParameters(reader), preparation })
    else this.#portals.delete(portal)
    this.#expect({ what: 'bind' })
  }

  #execute(portalName: string): void {
    const portal = this.#portals.get(portalName)
    if (portal === undefined) {
      this.#expect({ what: 'execute', statement: { ...this.#statementOf(plain(''), 'extended'), executed: false } })
      return
    }
    const { preparation, text, parameters, binaryParameters } = portal
    const { recorded } = preparation
    preparation.recorded = undefined
    if (recorded && this.#tap.isUnmarkedSince(preparation.mark)) {
      Object.assign(recorded, { parameters, binaryParameters, executed: true, at: now() })
      this.#tap.grew(parameters)
      this.#begun(recorded)
      this.#expect({ what: 'execute', statement: recorded })
    } else {
      this.#expect({ what: 'execute', statement: this.#start({ text, parameters, binaryParameters }, 'extended') })
    }
  }

  #close(kind: string, name: string): void {
    const before = this.#prepared.get(name)
    if (kind === 'P') this.#portals.delete(name)
    else this.#prepared.delete(name)
    const undo = (): void => void (kind === 'S' && before && this.#prepared.set(name, before))
    this.#expect({ what: 'close', undo })
  }

  #beginCopy(): void {
    const end = this.#expected.findIndex(({ what }) => what === 'copy end')
    const before = end < 0 ? this.#expected : this.#expected.slice(0, end)
    // a Sync that the client sent along with the COPY is ignored by the server, which is reading the data
    this.#expected = [
      ...before.filter(({ what }) => what !== 'sync'),
      ...(end < 0 ? [] : this.#expected.slice(end + 1)),
    ]
    this.#isCopying = end < 0
  }

  #fail(error: { code: string; message: string }): void {
    this.#isCopying = false
    const [head] = this.#expected
    if (head === undefined || head.what === 'function') return
    if (head.what === 'simple') {
      head.statement.error = error
      return
    }
    if (head.what === 'sync') {
      // the end of an implicit transaction fails what ran in it, e.g. a deferred constraint
      if (this.#latest) this.#latest.error = error
      return
    }
    const sync = this.#expected.findIndex(({ what }) => what === 'sync')
    const skipped = sync < 0 ? this.#expected : this.#expected.slice(0, sync)
    this.#expected = sync < 0 ? [] : this.#expected.slice(sync)
    this.#markFailed(skipped, error)
    for (const item of skipped.toReversed()) if ('undo' in item) item.undo?.()
  }

  /** After an error the server skips everything up to the next Sync. */
  #markFailed(skipped: Expected[], error: { code: string; message: string }): void {
    const statements = new Set(
      skipped.flatMap((item) => ('statement' in item && item.statement ? [item.statement] : [])),
    )
    const [failed, ...others] = statements
    if (failed) {
      failed.error = error
      this.#completed(failed)
    }
    for (const statement of others) statement.executed = false
  }

  #answered(what: Expected['what']): void {
    if (this.#expected[0]?.what === what) this.#expected.shift()
  }

  #executed(rows: number): void {
    const [head] = this.#expected
    this.#rows = 0
    if (head?.what !== 'execute') return
    this.#expected.shift()
    head.statement.rows = rows
    this.#completed(head.statement)
  }

  #ready(): void {
    const end = this.#expected.findIndex(({ what }) => what === 'sync' || what === 'simple' || what === 'function')
    if (end < 0) return
    for (const item of this.#expected.splice(0, end + 1)) if (item.what === 'simple') this.#completed(item.statement)
  }

  #expect(expected: Expected): void {
    this.#expected.push(expected)
  }

  #statementOf(prepared: Prepared, kind: Statement['kind']): Statement {
    return { connection: this.number, at: now(), ...prepared, kind, executed: true }
  }

  #start(prepared: Prepared, kind: Statement['kind']): Statement {
    const statement = this.#statementOf(prepared, kind)
    this.#tap.add(statement)
    this.#begun(statement)
    return statement
  }

  #begun(statement: Statement): void {
    this.onSent?.(statement)
  }

  #completed(statement: Statement): void {
    statement.durationMilliseconds = now() - statement.at
    this.#latest = statement
    this.onCompleted?.(statement)
  }
}

const now = (): number => performance.timeOrigin + performance.now()

const plain = (text: string): Prepared => ({ text, parameters: [], binaryParameters: [] })

/** Formats and values as Bind and FunctionCall carry them. */
function readParameters(reader: BodyReader): Pick<Statement, 'parameters' | 'binaryParameters'> {
  const formats = Array.from({ length: reader.int16() }, () => reader.int16())
  const binaryParameters: number[] = []
  const parameters = Array.from({ length: reader.int16() }, (_, index) => {
    const length = reader.int32()
    if (length < 0) return null
    const value = reader.bytes(length)
    const format = formats.length === 1 ? formats[0] : formats[index]
    if (format !== 1) return value.toString('utf8')
    binaryParameters.push(index)
    return `\\x${value.toString('hex')}`
  })
  return { parameters, binaryParameters }
}

function functionCall(reader: BodyReader): Prepared {
  return { text: `function call ${reader.int32()}`, ...readParameters(reader) }
}

const rowsOf = (body: Buffer): number => Number(/ (\d+)\0?$/.exec(body.toString('latin1'))?.[1] ?? 0)

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
