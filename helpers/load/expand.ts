import { createHmac, randomUUID } from 'node:crypto'
import type { RequestTemplate } from './plan.ts'
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
export function expandRequest(template: RequestTemplate, sequence: number, now = Date.now()): ExpandedRequest {
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

/** Chooses templates by their weight, the same way for the same seed. */
export function makeChooser(templates: readonly RequestTemplate[], seed: number): () => RequestTemplate {
  const total = templates.reduce((sum, template) => sum + template.weight, 0)
  const random = mulberry32(seed)
  return () => {
    let rest = random() * total
    const chosen = templates.find((template) => (rest -= template.weight) < 0) ?? templates[0]
    if (chosen === undefined) throw new Error('Expected at least one request template.')
    return chosen
  }
}
