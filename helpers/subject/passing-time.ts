import { ageDatabase } from '../database/ageing.ts'
import type { MovableClock } from '../providers/clock.ts'

/** Time that goes by for the subject without being waited for. Its processes must run with the movable clock. */
export class PassingTime {
  #ahead = 0
  #creeping: Promise<void> | undefined
  readonly #clock: MovableClock
  readonly #databaseUrl: string

  constructor(clock: MovableClock, databaseUrl: string) {
    this.#clock = clock
    this.#databaseUrl = databaseUrl
  }

  /** The subject's time in milliseconds since the epoch, as its processes have it. */
  now = (): number => Date.now() + this.#ahead

  /** How far the processes' clock is ahead of the machine's. */
  get aheadMilliseconds(): number {
    return this.#ahead
  }

  /**
   * Moves the processes' clock alone: what counts by the database's clock stays as it is. As after a machine's sleep, so that
   * what is asked of the database meanwhile does not run out of time.
   */
  async jump(milliseconds: number): Promise<void> {
    await this.#clock.jump(milliseconds)
    this.#ahead += milliseconds
  }

  /**
   * Moves on by a second, one for all who ask at the same time, and waits until the subject has done something that `breathe`
   * asks for: what is under way with the database gets its real time however busy the machine is.
   */
  creep(breathe: () => Promise<unknown>): Promise<void> {
    this.#creeping ??= this.jump(1000)
      .then(breathe)
      .then(
        () => undefined,
        () => undefined,
      )
      .finally(() => {
        this.#creeping = undefined
      })
    return this.#creeping
  }

  /**
   * Lets time go by on both clocks. What a process noted by its own clock, which is ahead, and the database has to find due,
   * is due as well afterwards.
   */
  async pass(seconds: number): Promise<void> {
    await ageDatabase(this.#databaseUrl, seconds + this.#ahead / 1000)
    await this.#clock.jump(seconds * 1000)
    this.#ahead += seconds * 1000
  }

  /** What waits for a moment in the database, noted by the processes' clock, is due afterwards. */
  async makeDue(seconds: number): Promise<void> {
    await ageDatabase(this.#databaseUrl, seconds + this.#ahead / 1000)
    await this.#clock.jump(2000)
    this.#ahead += 2000
  }
}
