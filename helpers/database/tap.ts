import { setTimeout as sleep } from 'node:timers/promises'

/** One SQL text on its way to the server, and what became of it. */
export interface Statement {
  /** Counted over the proxy's life, from 1. */
  connection: number
  /** Milliseconds since the epoch when it was sent. */
  at: number
  text: string
  /** Bind values as text; binary ones as `\x` and hexadecimal digits, null for NULL. */
  parameters: (string | null)[]
  /** Places of the parameters that were sent in binary format. */
  binaryParameters: number[]
  kind: 'simple' | 'extended'
  /** False for what was only prepared, and for what the server skipped because an earlier statement had failed. */
  executed: boolean
  durationMilliseconds?: number
  rows?: number
  error?: { code: string; message: string }
}

/** A place in the tap's record, from which later statements are read. */
export type TapMark = number

/** What the tap asks of each connection that it follows. */
export interface FollowedConnection {
  readonly number: number
  /** What it waits for, in words, or undefined when it is idle. */
  readonly occupation: string | undefined
}

/** How much a tap keeps. */
export interface TapLimits {
  statements: number
  /** Characters of texts and parameters. */
  characters: number
}

const usualLimits: TapLimits = { statements: 200_000, characters: 128_000_000 }

/**
 * What SQL went over the wire, with its bind values. Keeps the last statements and counts those that it had to drop: who
 * looks back at more than is kept, or past a connection that could not be read, gets an error and no partial answer.
 */
export class WireTap {
  readonly #limits: TapLimits
  #statements: Statement[] = []
  #first = 0
  #characters = 0
  #lastMark = 0
  #lastActivity = performance.now()
  readonly #unreadable: { connection: number; mark: TapMark; reason: string }[] = []
  readonly #followed = new Set<FollowedConnection>()
  readonly #counts = new Map<number, number>()

  constructor(limits: Partial<TapLimits> = {}) {
    this.#limits = { ...usualLimits, ...limits }
  }

  mark(): TapMark {
    this.#lastMark = this.#first + this.#statements.length
    return this.#lastMark
  }

  /** Statements after the mark. @throws when some of them are no longer kept, or could not be read. */
  since(mark: TapMark): readonly Statement[] {
    if (mark < this.#first)
      throw new Error(
        `Expected all statements since the mark, but the wire tap has dropped ${this.#first - mark} of them. Look at shorter spans, or raise the tap's limits.`,
      )
    const unreadable = this.#unreadable.find((gap) => gap.mark >= mark)
    if (unreadable)
      throw new Error(
        `Expected all statements since the mark, but connection ${unreadable.connection} could not be read: ${unreadable.reason}`,
      )
    return this.#statements.slice(mark - this.#first)
  }

  /** All that is kept; compare {@link droppedStatements} and {@link unreadableConnections} with 0 before judging by it. */
  get statements(): readonly Statement[] {
    return this.#statements
  }

  /** Statements no longer kept. */
  get droppedStatements(): number {
    return this.#first
  }

  /** Connections that were cut because what went over them was not the PostgreSQL protocol. */
  get unreadableConnections(): number {
    return this.#unreadable.length
  }

  /** How many statements each connection has sent, dropped ones included. */
  get statementsByConnection(): ReadonlyMap<number, number> {
    return this.#counts
  }

  /**
   * Waits until no connection runs anything or is in a transaction, for the quiet time on end.
   * @throws when the time is up, naming what still runs.
   */
  async idle({ quietMilliseconds = 25, withinMilliseconds = 5000 } = {}): Promise<void> {
    const deadline = performance.now() + withinMilliseconds
    for (;;) {
      const occupied = [...this.#followed].find((connection) => connection.occupation !== undefined)
      const quiet = performance.now() - this.#lastActivity
      if (!occupied && quiet >= quietMilliseconds) return
      if (performance.now() >= deadline) {
        const still = occupied ? `connection ${occupied.number} ${occupied.occupation}` : 'statements keep coming'
        throw new Error(`Expected the database to be idle within ${withinMilliseconds} ms, but ${still}.`)
      }
      await sleep(occupied ? 5 : quietMilliseconds - quiet)
    }
  }

  /** Takes a statement into the record. */
  add(statement: Statement): void {
    this.#statements.push(statement)
    this.#characters += sizeOf(statement)
    this.#counts.set(statement.connection, (this.#counts.get(statement.connection) ?? 0) + 1)
    this.#keepWithinLimits()
  }

  /** Notes that a kept statement was given its parameters. */
  grew(parameters: readonly (string | null)[]): void {
    this.#characters += lengthOf(parameters)
    this.#keepWithinLimits()
  }

  /** Notes that something went over the wire. */
  active(): void {
    this.#lastActivity = performance.now()
  }

  /** Whether nobody has looked at the record since this place: what stands there may still change. */
  isUnmarkedSince(mark: TapMark): boolean {
    return this.#lastMark <= mark
  }

  /** The place of the next statement, without marking it. */
  get position(): TapMark {
    return this.#first + this.#statements.length
  }

  follow(connection: FollowedConnection): void {
    this.#followed.add(connection)
  }

  unfollow(connection: FollowedConnection): void {
    this.#followed.delete(connection)
  }

  giveUp(connection: number, reason: string): void {
    this.#unreadable.push({ connection, mark: this.#first + this.#statements.length, reason })
  }

  #keepWithinLimits(): void {
    this.active()
    const { statements, characters } = this.#limits
    // with some slack, so that the array is not moved for every single statement
    if (this.#statements.length <= statements * 1.1 && this.#characters <= characters * 1.1) return
    let surplus = 0
    while (
      this.#statements.length - surplus > statements ||
      (this.#characters > characters && surplus < this.#statements.length - 1)
    ) {
      const statement = this.#statements[surplus]
      if (statement) this.#characters -= sizeOf(statement)
      surplus += 1
    }
    this.#statements = this.#statements.slice(surplus)
    this.#first += surplus
  }
}

const lengthOf = (parameters: readonly (string | null)[]): number =>
  parameters.reduce((sum, parameter) => sum + (parameter?.length ?? 0), 0)

// a rough account of what else a statement holds, so that a million short ones count too
const sizeOf = ({ text, parameters }: Statement): number => text.length + lengthOf(parameters) + 100
