import type { Fault } from '../faults/fault.ts'
import type { Exchange } from './exchange.ts'
import type { JournalEntry } from './journal.ts'

/** A way in which a provider fails. */
export interface ProviderFault {
  name: string
  /** How many requests it meets; all until it is ended when left out. */
  times?: number
  /** Which requests it meets; all when left out. */
  matches?(entry: JournalEntry): boolean
  /** Does to a request what the fault is; `hit` counts from 0. */
  apply(exchange: Exchange, hit: number): Promise<void> | void
}

/** A provider's faults in force, the last one started coming first. */
export class ProviderFaults {
  readonly #active: { fault: ProviderFault; hits: number }[] = []

  /** Puts a fault in force until it is ended. */
  start(fault: ProviderFault): Fault {
    const running = { fault, hits: 0 }
    this.#active.unshift(running)
    let endedAt: number | undefined
    const end = async (): Promise<void> => {
      if (endedAt !== undefined) return
      this.#active.splice(this.#active.indexOf(running), 1)
      endedAt = Date.now()
    }
    return {
      name: fault.name,
      startedAt: Date.now(),
      proof: () => ({
        tookHold: running.hits > 0,
        observations: running.hits,
        what: `${running.hits} requests met: ${fault.name}`,
        ended: endedAt !== undefined,
        ...(endedAt === undefined ? {} : { endedAt }),
      }),
      end,
      [Symbol.asyncDispose]: end,
    }
  }

  /** The fault that a request meets, with its number, or undefined. */
  next(entry: JournalEntry): { fault: ProviderFault; hit: number } | undefined {
    const running = this.#active.find(
      ({ fault, hits }) => (fault.times === undefined || hits < fault.times) && (fault.matches?.(entry) ?? true),
    )
    if (running === undefined) return undefined
    running.hits += 1
    return { fault: running.fault, hit: running.hits - 1 }
  }
}
