import { setTimeout as sleep } from 'node:timers/promises'
import type { AroClient } from '../../subject/client.ts'
import type { Probes } from './judge.ts'

/** One answer to one probe; the status is null when there was none in time. */
export interface Probe {
  status: number | null
  /** Of performance.now(), when the probe was sent. */
  sentAt: number
  durationMilliseconds: number
}

/** Asks one path every `everyMilliseconds`, whether or not the last probe has been answered, until told to stop. */
export class Prober {
  readonly probes: Probe[] = []
  readonly #stopped = new AbortController()
  readonly #running: Promise<void>

  constructor(client: AroClient, path: string, everyMilliseconds = 50) {
    this.#running = this.#run(client, path, everyMilliseconds)
  }

  /** Stops and waits for the last answers. */
  async stop(): Promise<Probe[]> {
    this.#stopped.abort()
    await this.#running
    return this.probes
  }

  async #run(client: AroClient, path: string, everyMilliseconds: number): Promise<void> {
    const pending: Promise<void>[] = []
    while (!this.#stopped.signal.aborted) {
      pending.push(this.#probe(client, path))
      await sleep(everyMilliseconds, undefined, { signal: this.#stopped.signal }).catch(() => undefined)
    }
    await Promise.all(pending)
  }

  async #probe(client: AroClient, path: string): Promise<void> {
    const sentAt = performance.now()
    const answer = await client.send({ path, timeoutMilliseconds: 2500 }).catch(() => null)
    this.probes.push({ status: answer?.status ?? null, sentAt, durationMilliseconds: performance.now() - sentAt })
  }
}

/** Counts probes as evidence; null when there were none. */
export function countProbes(probes: readonly Probe[]): Probes | null {
  if (probes.length === 0) return null
  const statuses: Record<string, number> = {}
  for (const { status } of probes) statuses[status ?? 'none'] = (statuses[status ?? 'none'] ?? 0) + 1
  return {
    samples: probes.length,
    statuses,
    slowestMilliseconds: Math.max(...probes.map((probe) => probe.durationMilliseconds)),
  }
}

/** As {@link countProbes}. @throws when there were none. */
export function requireProbes(probes: readonly Probe[]): Probes {
  const counted = countProbes(probes)
  if (counted === null) throw new Error('Expected at least one probe, there was none.')
  return counted
}
