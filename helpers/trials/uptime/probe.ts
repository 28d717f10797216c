import { setTimeout as sleep } from 'node:timers/promises'
import type { Administrator } from '../../subject/administrator.ts'
import type { App } from '../../subject/app.ts'
import type { Instance } from '../../subject/instance.ts'
import type { Ledger } from '../../subject/ledger.ts'
import type { phases, UptimeTrial } from './judge.ts'
import type { Rotation } from './rotation.ts'
import { causeOf } from './rotation.ts'

type Phase = (typeof phases)[number]

const everyMilliseconds = 100
const inTimeMilliseconds = 8000

/** What requests are made with. */
export interface Stage {
  app: App
  administrator: Administrator
  ledger: Ledger
}

interface RequestKind {
  isReading: boolean
  /** @throws with what the connection ended with. */
  send(stage: Stage, instance: Instance): Promise<{ status: number }>
}

const answered = ({
  answer,
  failure,
}: {
  answer: { status: number } | undefined
  failure?: unknown
}): { status: number } => {
  if (answer === undefined) throw failure
  return answer
}

/** Requests of every kind that clients send; each needs the database. */
export const requestKinds: readonly RequestKind[] = [
  {
    isReading: true,
    send: ({ app }, instance) => {
      const client = app.clientOf(instance)
      return client.send({ path: `${client.subject.paths.events}?limit=5`, headers: client.serviceHeaders() })
    },
  },
  { isReading: false, send: async ({ app, ledger }, instance) => answered(await ledger.book(app.clientOf(instance))) },
  {
    isReading: true,
    send: ({ app, administrator }, instance) =>
      administrator.at(app.clientOf(instance)).send('GET', '/appointments?limit=5'),
  },
  {
    isReading: false,
    send: async ({ app, ledger }, instance) => answered(await ledger.command(app.clientOf(instance))),
  },
  {
    isReading: true,
    send: ({ app, administrator }, instance) =>
      administrator.at(app.clientOf(instance)).send('GET', '/customers?limit=5'),
  },
]

/** What came instead of a 2xx; undefined where one came. */
export async function complaintOf(ask: Promise<{ status: number }>): Promise<string | undefined> {
  try {
    const { status } = await ask
    return status >= 200 && status < 300 ? undefined : String(status)
  } catch (failure) {
    return causeOf(failure)
  }
}

/** Counts how often each was complained of. */
export function countComplaints(complaints: readonly (string | undefined)[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const complaint of complaints) if (complaint !== undefined) counts[complaint] = (counts[complaint] ?? 0) + 1
  return counts
}

interface Probed {
  phase: Phase
  complaint: string | undefined
  passedOn: boolean
  milliseconds: number
}

/** Sends a request of the next kind ten times a second, whatever becomes of those before. */
export class Probe {
  phase: Phase = 'steady'
  readonly #probed: Promise<Probed>[] = []
  readonly #stage: Stage
  readonly #rotation: Rotation
  readonly #ended = new AbortController()
  readonly #probing: Promise<void>

  constructor(stage: Stage, rotation: Rotation) {
    this.#stage = stage
    this.#rotation = rotation
    this.#probing = this.#run()
  }

  async #run(): Promise<void> {
    const begun = performance.now()
    for (let number = 0; !this.#ended.signal.aborted; number += 1) {
      const kind = requestKinds[number % requestKinds.length]
      if (kind !== undefined) this.#probed.push(this.#ask(kind, this.phase))
      const wait = begun + (number + 1) * everyMilliseconds - performance.now()
      await sleep(Math.max(0, wait), undefined, { signal: this.#ended.signal }).catch(() => undefined)
    }
  }

  async #ask(kind: RequestKind, phase: Phase): Promise<Probed> {
    const begun = performance.now()
    const { result, error, passedOn } = await this.#rotation.pass((instance) => kind.send(this.#stage, instance), kind)
    const milliseconds = performance.now() - begun
    const isLate = milliseconds > inTimeMilliseconds
    const complaint =
      result === undefined
        ? error
        : ((await complaintOf(Promise.resolve(result))) ?? (isLate ? 'later than 8 s' : undefined))
    return { phase, complaint, passedOn, milliseconds }
  }

  /** Ends it, and tells what became of all that was asked, by phase. */
  async end(): Promise<UptimeTrial['phases']> {
    this.#ended.abort()
    await this.#probing
    const byPhase = Map.groupBy(await Promise.all(this.#probed), ({ phase }) => phase)
    return [...byPhase].map(([phase, probed]) => ({
      phase,
      probes: probed.length,
      answered: probed.filter(({ complaint }) => complaint === undefined).length,
      lost: countComplaints(probed.map(({ complaint }) => complaint)),
      passedOn: probed.filter(({ passedOn }) => passedOn).length,
      slowestMilliseconds: Math.max(...probed.map(({ milliseconds }) => milliseconds)),
    }))
  }
}
