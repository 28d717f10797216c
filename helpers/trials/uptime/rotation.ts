import { setTimeout as sleep } from 'node:timers/promises'
import type { App } from '../../subject/app.ts'
import type { Instance } from '../../subject/instance.ts'
import { request } from '../../subject/request.ts'

const checkMilliseconds = 100

/** What a request through the balancer came to. */
export interface Passage<Result> {
  result: Result | undefined
  /** Of the last instance that was asked, where there was no result. */
  error: string | undefined
  passedOn: boolean
}

/**
 * A balancer in front of the instances, as the usual ones are: by turns, to those whose readiness path answers 200; to the next
 * where a connection is refused, and for what only reads also where it breaks off without an answer.
 */
export class Rotation implements AsyncDisposable {
  readonly #app: App
  readonly #readyPath: string
  readonly #members: { instance: Instance; isReady: boolean }[] = []
  readonly #ended = new AbortController()
  readonly #checking: Promise<void>
  #turn = 0

  constructor(app: App, readyPath: string) {
    this.#app = app
    this.#readyPath = readyPath
    this.#checking = this.#check()
  }

  /** Takes an instance that has said it is ready into the rotation. */
  add(instance: Instance): void {
    this.#members.push({ instance, isReady: true })
  }

  /** Takes an instance that has ended out of it. */
  remove(instance: Instance): void {
    const index = this.#members.findIndex((member) => member.instance === instance)
    if (index !== -1) this.#members.splice(index, 1)
  }

  /** Sends a request to the instance whose turn it is. */
  async pass<Result>(
    send: (instance: Instance) => Promise<Result>,
    { isReading }: { isReading: boolean },
  ): Promise<Passage<Result>> {
    const ready = this.#members.filter(({ isReady }) => isReady)
    const first = this.#turn % Math.max(1, ready.length)
    this.#turn += 1
    const inTurn = [...ready.slice(first), ...ready.slice(0, first)]
    let error = 'no instance is ready'
    for (const [index, { instance }] of inTurn.entries()) {
      try {
        return { result: await send(instance), error: undefined, passedOn: index > 0 }
      } catch (failure) {
        const code = causeOf(failure)
        error = code
        if (code !== 'ECONNREFUSED' && !(isReading && code === 'ECONNRESET')) break
      }
    }
    return { result: undefined, error, passedOn: false }
  }

  async #check(): Promise<void> {
    while (!this.#ended.signal.aborted) {
      await Promise.all(
        this.#members.map(async (member) => {
          const url = this.#app.clientOf(member.instance).url
          const answer = await request({ url, path: this.#readyPath, timeoutMilliseconds: 2000 }).catch(() => undefined)
          member.isReady = answer?.status === 200
        }),
      )
      await sleep(checkMilliseconds, undefined, { signal: this.#ended.signal }).catch(() => undefined)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort()
    await this.#checking
  }
}

/** The code of the error that a connection ended with, through the errors that wrap it. */
export function causeOf(failure: unknown): string {
  const message = failure instanceof Error ? failure.message : String(failure)
  for (let error = failure; error instanceof Error; error = error.cause) {
    if ('code' in error && typeof error.code === 'string') return error.code
  }
  // superagent tells this one in words
  return /\bE[A-Z]{5,}\b/.exec(message)?.[0] ?? message
}
