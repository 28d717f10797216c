import type { CalledProvider, Door } from '../../subject/provider-work.ts'
import type { VisibleState } from './judge.ts'

/** What the admin API and the metrics of one instance say of a provider's breaker. */
export async function readStates(
  door: Door,
  providers: readonly CalledProvider[],
): Promise<Map<CalledProvider, VisibleState>> {
  const [listed, metrics] = await Promise.all([
    door.administrator.send('GET', '/circuit-breakers'),
    door.client.send({ path: door.client.subject.paths.metrics }),
  ])
  return new Map(
    providers.map((provider) => [
      provider,
      {
        adminApi: listed.status === 200 ? stateIn(listed.json, provider) : `status ${listed.status}`,
        metrics: metrics.status === 200 ? gaugesOf(metrics.text, provider) : `status ${metrics.status}`,
      },
    ]),
  )
}

/** Finds the state beside the provider's name, whatever the answer's shape is around the two. */
function stateIn(json: unknown, provider: string): string {
  const pending: [name: string, value: unknown][] = [['', json]]
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const [name, value] = next
    if (typeof value === 'string' && name === provider) return normalise(value)
    if (typeof value !== 'object' || value === null) continue
    const entries: [name: string, value: unknown][] = Object.entries(value)
    const isProvider = name === provider || entries.some(([, inner]) => inner === provider)
    const state = isProvider ? entries.find(([key]) => /state|status/i.test(key))?.[1] : undefined
    if (typeof state === 'string') return normalise(state)
    pending.push(...entries)
  }
  return 'not told'
}

function normalise(state: string): string {
  if (/half/i.test(state)) return 'half-open'
  if (/open/i.test(state)) return 'open'
  return /closed/i.test(state) ? 'closed' : state
}

const counting = /_(?:total|count|sum|bucket|created)$/

/** The breaker's gauges of a provider, as they stand in the text, in the order of their names. */
function gaugesOf(text: string, provider: string): string {
  const lines = text.split('\n').filter((line) => {
    const name = /^[a-zA-Z_:][\w:]*/.exec(line)?.[0] ?? ''
    return /breaker|circuit/i.test(name) && !counting.test(name) && line.includes(provider)
  })
  const ofState = lines.filter((line) => /state|status|open/i.test(line))
  return (ofState.length > 0 ? ofState : lines).toSorted().join('; ') || 'not told'
}
