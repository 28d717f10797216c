/** All values of a document, as texts. */
export const leavesOf = (value: unknown): string[] =>
  typeof value === 'object' && value !== null ? Object.values(value).flatMap(leavesOf) : [String(value)]

/** How many consents a document tells, wherever it lists them: the longest list under a name that speaks of consent. */
export function consentsIn(value: unknown, name = ''): number {
  if (typeof value !== 'object' || value === null) return 0
  if (Array.isArray(value)) {
    const items: unknown[] = value
    const own = /consent/i.test(name) ? items.filter((item) => typeof item === 'object' && item !== null).length : 0
    return Math.max(own, ...items.map((item) => consentsIn(item)))
  }
  // what lists them may lie within, such as { consents: { history: [...] } }
  return Math.max(
    0,
    ...Object.entries(value).map(([key, held]) => consentsIn(held, /consent/i.test(name) ? name : key)),
  )
}
