import { setTimeout as sleep } from 'node:timers/promises'
import type { JournalEntry } from '../../providers/journal.ts'
import type { ProviderLab } from '../../providers/lab.ts'
import type { ProviderFault } from '../../providers/provider-fault.ts'
import type { PassingTime } from '../../subject/passing-time.ts'
import type { AskedWork, CalledProvider, Door, ProviderWork } from '../../subject/provider-work.ts'

const withinMilliseconds = 10_000
/** The longest that a call may go unanswered before it must have been given up. */
const longestMoveMilliseconds = 40_000

/** One provider, with work that calls it and what has reached it. */
export class Lane {
  readonly provider: CalledProvider
  readonly #work: ProviderWork
  readonly #lab: ProviderLab
  readonly #time: PassingTime

  constructor(work: ProviderWork, lab: ProviderLab, time: PassingTime) {
    this.provider = work.provider
    this.#work = work
    this.#lab = lab
    this.#time = time
  }

  get what(): string {
    return this.#work.what
  }

  ask(door: Door): Promise<AskedWork> {
    return this.#work.ask(door)
  }

  /** Starts to follow what reaches the provider. */
  follow(): Following {
    const mark = this.#lab.journal.calls(this.provider).length
    const entries = (): readonly JournalEntry[] => this.#lab.journal.calls(this.provider).slice(mark)
    return {
      arrivals: () => entries().length,
      successes: () => entries().filter(({ answer }) => answer && 'status' in answer && answer.status < 300).length,
      entries,
    }
  }

  fault(fault: ProviderFault): ReturnType<ProviderLab['fault']> {
    return this.#lab.fault(this.provider, fault)
  }

  /** Waits for a number of calls; moves the clock along while one of those that are never answered is the last. */
  async arrive(
    following: Following,
    count: number,
    silence?: { hung: ReadonlySet<number>; breathe: () => Promise<unknown> },
  ): Promise<boolean> {
    let deadline = performance.now() + withinMilliseconds
    let moved = 0
    while (following.arrivals() < count) {
      if (performance.now() > deadline) return false
      if (silence?.hung.has(following.arrivals() - 1) && moved < longestMoveMilliseconds) {
        const startedAt = performance.now()
        await this.#time.creep(silence.breathe)
        moved += 1000
        deadline += performance.now() - startedAt
      }
      await sleep(15)
    }
    return true
  }

  /** Waits for a number of calls that the provider took effect on. */
  async succeed(following: Following, count: number): Promise<boolean> {
    const deadline = performance.now() + withinMilliseconds
    while (following.successes() < count) {
      if (performance.now() > deadline) return false
      await sleep(15)
    }
    return true
  }
}

/** What reaches a provider from one moment on. */
export interface Following {
  arrivals(): number
  /** Calls that were answered well. */
  successes(): number
  entries(): readonly JournalEntry[]
}
