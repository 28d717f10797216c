import { setTimeout as sleep } from 'node:timers/promises'
import type { AroClient } from '../../subject/client.ts'

/** One write through the API, and when it was asked for and accepted, in milliseconds since the epoch. */
export interface Write {
  /** Texts that only this write has left in the database. */
  marks: string[]
  lane: number
  sentAt: number
  /** Null when it was not accepted. */
  acceptedAt: number | null
}

const lanes = 2
/** Short enough that something is committed between any two answers of the slowed database. */
const pauses = { steady: 60, fast: 12 }
const mostWrites = 200

/** Writes until it is told to stop: each lane one after the other, so that the order of what is accepted is known. */
export class SteadyWriter {
  readonly writes: Write[] = []
  #pace: keyof typeof pauses = 'steady'
  #isWriting = true
  readonly #done: Promise<void>
  readonly #client: AroClient

  constructor(client: AroClient) {
    this.#client = client
    this.#done = Promise.all(Array.from({ length: lanes }, (_, lane) => this.#write(lane))).then(() => undefined)
    this.#done.catch(() => undefined)
  }

  get accepted(): Write[] {
    return this.writes.filter(({ acceptedAt }) => acceptedAt !== null)
  }

  /** As many writes as can be from now on, or few. */
  set pace(pace: keyof typeof pauses) {
    this.#pace = pace
  }

  /** Waits until so many more have been accepted. @throws when they are not. */
  async awaitMore(count: number, withinMilliseconds = 8000): Promise<void> {
    const wanted = this.accepted.length + count
    const deadline = performance.now() + withinMilliseconds
    while (this.accepted.length < wanted) {
      if (performance.now() > deadline)
        throw new Error(
          `Expected ${count} more commands to be accepted within ${withinMilliseconds} ms, they were not.`,
        )
      await sleep(15)
    }
  }

  async stop(): Promise<void> {
    this.#isWriting = false
    await this.#done
  }

  async #write(lane: number): Promise<void> {
    while (this.#isWriting) {
      if (this.writes.length < mostWrites) {
        const command = this.#client.makeCommand()
        const { commandId, aggregate } = command.body
        const write: Write = { marks: [commandId, aggregate.id], lane, sentAt: Date.now(), acceptedAt: null }
        this.writes.push(write)
        const answer = await this.#client
          .send({ method: 'POST', path: this.#client.subject.paths.commands, ...command })
          .catch(() => undefined)
        if (answer !== undefined && answer.status < 300) write.acceptedAt = Date.now()
      }
      await sleep(pauses[this.#pace])
    }
  }
}
