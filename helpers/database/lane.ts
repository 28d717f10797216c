/** How a lane writes: false when the other side cannot take more for now. */
export interface LaneTarget {
  write(chunk: Buffer): boolean
  finish(): void
}

/** Whether bytes wait for now, and for how long they have to. */
export interface LaneRule {
  isHeld(): boolean
  delayMilliseconds(): number
  /** Told of each chunk that has to wait. */
  onWait(reason: 'held' | 'delayed'): void
}

type Waiting = { chunk: Buffer | 'end'; dueAt: number }

// beyond this the sender is made to wait, as a full socket would
const mostWaitingBytes = 4 * 1024 * 1024

/** One direction of a connection: passes bytes on in their order, now or later. */
export class Lane {
  readonly #target: LaneTarget
  readonly #rule: LaneRule
  #waiting: Waiting[] = []
  #waitingBytes = 0
  #timer: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(target: LaneTarget, rule: LaneRule) {
    this.#target = target
    this.#rule = rule
  }

  /** Passes a chunk on. Returns false when the sender had better wait. */
  push(chunk: Buffer): boolean {
    if (this.#isClosed) return true
    const delay = this.#rule.delayMilliseconds()
    const isHeld = this.#rule.isHeld()
    if (!isHeld && delay === 0 && this.#waiting.length === 0) return this.#target.write(chunk)
    if (isHeld) this.#rule.onWait('held')
    else if (delay > 0) this.#rule.onWait('delayed')
    this.#waiting.push({ chunk, dueAt: performance.now() + delay })
    this.#waitingBytes += chunk.length
    this.release()
    return this.#waitingBytes < mostWaitingBytes
  }

  /** Ends the other side once everything before has gone on. */
  end(): void {
    if (this.#isClosed) return
    this.#waiting.push({ chunk: 'end', dueAt: performance.now() + this.#rule.delayMilliseconds() })
    this.release()
  }

  /** Passes on what need not wait any longer. */
  release(): void {
    clearTimeout(this.#timer)
    for (let [next] = this.#waiting; next !== undefined && !this.#isClosed; [next] = this.#waiting) {
      if (this.#rule.isHeld()) return
      const wait = this.#rule.delayMilliseconds() === 0 ? 0 : next.dueAt - performance.now()
      if (wait > 0) {
        this.#timer = setTimeout(() => this.release(), Math.ceil(wait))
        return
      }
      this.#waiting.shift()
      if (next.chunk === 'end') {
        this.#target.finish()
      } else {
        this.#waitingBytes -= next.chunk.length
        this.#target.write(next.chunk)
      }
    }
  }

  /** Drops what still waits. */
  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
    this.#waiting = []
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0
  }
}
