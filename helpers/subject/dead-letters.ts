import { z } from 'zod'
import type { Administrator } from './administrator.ts'

const deadLetterSchema = z.looseObject({
  id: z.union([z.string(), z.number()]).transform(String),
  attempts: z.int().nullish(),
  payload: z.unknown(),
  error: z.unknown(),
  correlationId: z.unknown(),
})
const pageSchema = z.looseObject({ items: z.array(deadLetterSchema) })
const pageSize = 100

/** A dead letter as the admin API shows it. */
export type DeadLetter = z.infer<typeof deadLetterSchema>

/** All dead letters of a tenant, page by page. @throws when the list is refused or is none. */
export async function listDeadLetters(administrator: Administrator): Promise<DeadLetter[]> {
  const letters = new Map<string, DeadLetter>()
  for (let page = 1; ; page += 1) {
    const answer = await administrator.send('GET', `/dead-letters?page=${page}&limit=${pageSize}`)
    if (answer.status !== 200) throw new Error(`GET /dead-letters: expected 200, got ${answer.status}`)
    const { items } = pageSchema.parse(answer.json)
    const known = letters.size
    for (const letter of items) letters.set(letter.id, letter)
    // an API without pages gives the same again
    if (items.length < pageSize || letters.size === known) return [...letters.values()]
  }
}

/** Whether a letter still waits for somebody: one that was replayed may stay on the list, marked so. */
export function isOpen(letter: DeadLetter): boolean {
  const marks = Object.entries(letter).filter(([name]) => /replay|resolv|clos|status|state/i.test(name))
  return !marks.some(([, value]) => isMark(value))
}

const isMark = (value: unknown): boolean =>
  typeof value === 'string' ? /^\d{4}-|replay|resolv|clos|done|deliver|complet/i.test(value) : value === true

/** Whether a letter is about one of these texts: a correlation id, a message's id, a word of its body. */
export function isAbout(letter: DeadLetter, texts: readonly string[]): boolean {
  const content = JSON.stringify(letter)
  return texts.some((text) => text !== '' && content.includes(text))
}
