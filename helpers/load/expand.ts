import { createHmac, randomUUID } from 'node:crypto'
import { arrivalTimes } from './plan.ts'
import type { LoadScenario, RequestTemplate } from './plan.ts'
import { mulberry32 } from '../random.ts'

/** A request ready to be sent. */
export interface ExpandedRequest {
  name: string
  method: string
  url: string
  headers: Record<string, string>
  body: string | undefined
  correlationId: string
}

/** Fills in a template's placeholders; every request carries an X-Correlation-Id by which its effects are found. */
export function expandRequest(
  template: RequestTemplate,
  { sequence, ordinal }: { sequence: number; ordinal: number },
  now = Date.now(),
): ExpandedRequest {
  const correlationId = randomUUID()
  const values: Record<string, (argument: string) => string> = {
    uuid: () => randomUUID(),
    correlationId: () => correlationId,
    sequence: () => String(sequence),
    unix: () => String(Math.floor(now / 1000)),
    iso: () => new Date(now).toISOString(),
    isoFuture: (hours) => new Date(now + Number(hours) * 3_600_000).toISOString(),
    random: (range) => {
      const [low = '0', high = '1'] = range.split(':')
      const value = Number(low) + Math.floor(Math.random() * (Number(high) - Number(low) + 1))
      return String(value).padStart(low.length, '0')
    },
    pick: (choices) => {
      const all = choices.split('|')
      return all[Math.floor(Math.random() * all.length)] ?? ''
    },
    each: (choices) => {
      const all = choices.split('|')
      return all[ordinal % all.length] ?? ''
    },
  }
  const fill = (text: string, extra: Record<string, string> = {}): string =>
    text.replaceAll(/\{\{(\w+)(?::([^}]*))?\}\}/g, (whole, name: string, argument?: string) => {
      return extra[name] ?? values[name]?.(argument ?? '') ?? whole
    })
  const body = template.body === undefined ? undefined : fill(template.body)
  const headers: Record<string, string> = { 'x-correlation-id': correlationId }
  for (const [name, value] of Object.entries(template.headers)) headers[name.toLowerCase()] = fill(value)
  const { signature } = template
  if (signature !== undefined) {
    const content = fill(signature.content, { body: body ?? '' })
    const digest = createHmac(signature.algorithm, signature.key).update(content).digest(signature.encoding)
    headers[signature.header.toLowerCase()] = fill(signature.value, { digest })
  }
  return { name: template.name, method: template.method, url: fill(template.url), headers, body, correlationId }
}

/** Which of a scenario's requests is sent at an arrival, and how many of its kind were sent before. */
export interface Choice {
  index: number
  ordinal: number
}

/** The request of each arrival, chosen by weight; the same for the same seed, whichever engine sends them. */
export function chooseRequests(scenario: LoadScenario, seed: number): Choice[] {
  const { requests } = scenario
  const total = requests.reduce((sum, template) => sum + template.weight, 0)
  const random = mulberry32(seed)
  const sent = requests.map(() => 0)
  return arrivalTimes(scenario.arrival).map(() => {
    let rest = random() * total
    const index = Math.max(
      0,
      requests.findIndex((template) => (rest -= template.weight) < 0),
    )
    const ordinal = sent[index] ?? 0
    sent[index] = ordinal + 1
    return { index, ordinal }
  })
}
