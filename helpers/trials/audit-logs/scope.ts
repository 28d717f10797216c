import type { Administrator } from '../../subject/administrator.ts'
import { readAuditLog } from '../../subject/audit-log.ts'
import type { AuditEntry } from '../../subject/audit-log.ts'
import type { AroClient } from '../../subject/client.ts'
import type { AuditTrial } from './judge.ts'

/** Asks for the log as everybody who may not see it, and to change it as the administrator, who may not do that either. */
export async function tryScope(
  client: AroClient,
  { administrator, other }: { administrator: Administrator; other: Administrator },
  parts: { entries: readonly AuditEntry[]; names: readonly string[]; otherNames: readonly string[] },
): Promise<AuditTrial['scope']> {
  const path = `${client.subject.paths.admin}/audit-logs`
  const service = client.serviceHeaders()
  const strangers: [string, Record<string, string>][] = [
    ['nobody', {}],
    ['a service by its token', service],
    ['who makes a token up', { Authorization: `Bearer ${administrator.token.slice(0, -4)}AAAA` }],
  ]
  const refused = await Promise.all(
    strangers.map(async ([who, headers]) => {
      const { status, text } = await client.send({ path, headers })
      return { who, status, isAnything: parts.names.some((name) => text.includes(name)) }
    }),
  )
  const ids = parts.entries
    .slice(0, 1)
    .flatMap((entry) => Object.entries(entry).flatMap(([name, value]) => idIn(name, value)))
  const ways = [...ids.map((id) => `/audit-logs/${id}`), '/audit-logs'].flatMap((below) =>
    ['DELETE', 'PUT', 'PATCH', 'POST'].map((method) => ({ method, below })),
  )
  const changes = await Promise.all(
    ways.map(async ({ method, below }) => {
      const body = method === 'DELETE' ? undefined : { action: 'forged', actor: 'nobody' }
      const { status } = await administrator.send(method, below, body)
      return {
        request: `${method} ${below.replace(/\/[^/]*$/, (last) => (last === '/audit-logs' ? last : '/{id}'))}`,
        status,
      }
    }),
  )
  const otherLog = await readAuditLog(other)
  const text = JSON.stringify(otherLog)
  const own = JSON.stringify(await readAuditLog(administrator))
  return {
    refused,
    changes,
    otherTenant: {
      entries: otherLog.length,
      isOwnSeen: parts.otherNames.some((name) => text.includes(name)),
      strangersSeen: parts.names.filter((name) => text.includes(name)).length,
      isSeenByTheFirst: parts.otherNames.some((name) => own.includes(name)),
    },
  }
}

const idIn = (name: string, value: unknown): string[] =>
  /^(?:id|sequence|entry_?id|number|position)$/i.test(name) && (typeof value === 'string' || typeof value === 'number')
    ? [encodeURIComponent(String(value))]
    : []
