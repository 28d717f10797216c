import { z } from 'zod'
import type { Administrator } from './administrator.ts'

const pageSchema = z.looseObject({ items: z.array(z.record(z.string(), z.unknown())) })
const pageSize = 100
const mostPages = 100

/** An entry of the audit log as the admin API shows it. */
export type AuditEntry = Record<string, unknown>

/** All audit entries of a tenant, each once, the latest first. @throws when they cannot be read. */
export async function readAuditLog(administrator: Administrator): Promise<AuditEntry[]> {
  // by their text: reading is audited, so that a page may repeat what the page before it has shown
  const entries = new Map<string, AuditEntry>()
  for (let page = 1; page <= mostPages; page += 1) {
    const answer = await administrator.send('GET', `/audit-logs?page=${page}&limit=${pageSize}`)
    if (answer.status !== 200) throw new Error(`GET /audit-logs: expected 200, got ${answer.status}`)
    const { items } = pageSchema.parse(answer.json)
    for (const item of items) entries.set(JSON.stringify(item), item)
    if (items.length < pageSize) return [...entries.values()]
  }
  throw new Error(`GET /audit-logs: expected an end within ${mostPages} pages of ${pageSize}, there is none.`)
}
