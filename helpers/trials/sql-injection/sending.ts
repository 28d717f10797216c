import type { SqlInjection } from '../../attacks/sql-injections.ts'
import type { Answer } from '../../subject/request.ts'
import type { Probe, Texts } from './probes.ts'

/** A request that is to be sent. */
export interface Hostile {
  probe: Probe
  texts: Texts
  injection?: SqlInjection
}

/** A request that was answered. */
export interface Sent extends Hostile {
  answer: Answer
}

const atOnce = 6

/** Sends all requests, some at once, in their order. */
export async function sendAll(requests: readonly Hostile[]): Promise<Sent[]> {
  const sent: Sent[] = []
  const waiting = [...requests.entries()]
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [index, request] = next
      sent[index] = { ...request, answer: await request.probe.send(request.texts) }
    }
  }
  await Promise.all(Array.from({ length: atOnce }, work))
  return sent
}
