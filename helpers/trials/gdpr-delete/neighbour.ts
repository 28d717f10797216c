import type { Administrator } from '../../subject/administrator.ts'

/** Values of a person's export that are there each time it is asked for. */
export async function stableValues(administrator: Administrator, customerId: string): Promise<ReadonlySet<string>> {
  const [once, twice] = [
    await exportedValues(administrator, customerId),
    await exportedValues(administrator, customerId),
  ]
  return new Set([...once].filter((value) => twice.has(value)))
}

/** Those that are no longer there. */
export async function missingValues(
  administrator: Administrator,
  customerId: string,
  stable: ReadonlySet<string>,
): Promise<string[]> {
  const now = await exportedValues(administrator, customerId)
  return [...stable].filter((value) => !now.has(value))
}

async function exportedValues(administrator: Administrator, customerId: string): Promise<Set<string>> {
  const answer = await administrator.send('GET', `/customers/${customerId}/export`)
  if (answer.status !== 200) throw new Error(`GET /customers/{id}/export: expected 200, got ${answer.status}`)
  return new Set(leavesOf(answer.json).filter((value) => value.length > 3))
}

const leavesOf = (value: unknown): string[] =>
  typeof value === 'object' && value !== null ? Object.values(value).flatMap(leavesOf) : [String(value)]
