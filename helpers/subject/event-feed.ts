import { setTimeout as sleep } from 'node:timers/promises'
import type { AroClient, AroEvent } from './client.ts'

const pauseMilliseconds = 25
const quietMilliseconds = 400

/** The events of the first tenant, read on from wherever reading had come to; however many wait, one reads for all. */
export class EventFeed {
  readonly items: AroEvent[] = []
  readonly #client: AroClient
  #cursor: string | undefined
  #next: Promise<void> | undefined
  #reading: Promise<void> = Promise.resolve()

  private constructor(client: AroClient, cursor: string | undefined) {
    this.#client = client
    this.#cursor = cursor
  }

  /** A feed of what comes from now on. */
  static async open(client: AroClient): Promise<EventFeed> {
    return new EventFeed(client, (await client.events()).nextCursor)
  }

  /** Reads what has come until now. */
  refresh(): Promise<void> {
    // one under way may have missed what came since it was sent
    this.#next ??= this.#reading.then(() => {
      this.#next = undefined
      this.#reading = this.#read()
      return this.#reading
    })
    return this.#next
  }

  /** Waits for an event; undefined when none has come in time. */
  async find(matches: (event: AroEvent) => boolean, withinMilliseconds = 5000): Promise<AroEvent | undefined> {
    const deadline = performance.now() + withinMilliseconds
    for (let looked = 0; ;) {
      await this.refresh()
      const found = this.items.slice(looked).find(matches)
      if (found !== undefined || performance.now() > deadline) return found
      looked = this.items.length
      await sleep(pauseMilliseconds)
    }
  }

  /** Waits until no more events come. */
  async settle(): Promise<void> {
    for (let count = -1; count < this.items.length;) {
      count = this.items.length
      await sleep(quietMilliseconds)
      await this.refresh()
    }
  }

  async #read(): Promise<void> {
    const { items, nextCursor } = await this.#client.events({ after: this.#cursor })
    this.items.push(...items)
    this.#cursor = nextCursor ?? this.#cursor
  }
}
