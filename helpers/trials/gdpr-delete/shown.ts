import type { Administrator } from '../../subject/administrator.ts'
import { readAuditLog } from '../../subject/audit-log.ts'
import type { ErasureTrial } from './judge.ts'
import type { KnownPerson, KnownPersonStage } from '../../subject/known-person.ts'

const erasing = /eras|delet|remov|forg[eo]t|anonymi|purg/i

/** Everything that the subject shows of its data. */
export async function readEverything(
  { client, administrator }: KnownPersonStage,
  erased: readonly KnownPerson[],
): Promise<{ name: string; text: string }[]> {
  const { paths } = client.subject
  const pages = [
    '/customers?limit=100',
    '/appointments?limit=100',
    '/dead-letters?limit=100',
    '/dashboard',
    '/metrics',
    '/circuit-breakers',
  ]
  const shown = pages.map(async (path) => ({
    name: `GET ${path.replace(/\?.*/, '')}`,
    text: (await administrator.send('GET', path)).text,
  }))
  const ofServices = erased.map(async ({ commandId }) => ({
    name: `GET ${paths.commands}/{commandId}`,
    text: (await client.send({ path: `${paths.commands}/${commandId}`, headers: client.serviceHeaders() })).text,
  }))
  return [
    ...(await Promise.all([...shown, ...ofServices])),
    { name: 'GET /audit-logs', text: JSON.stringify(await readAuditLog(administrator)) },
    { name: `GET ${paths.events}`, text: JSON.stringify((await client.events()).items) },
    { name: `GET ${paths.metrics}`, text: (await client.send({ path: paths.metrics })).text },
  ]
}

/** Ids of what stays as a record of what happened; a few of them are enough to know its tables by. */
export async function idsOfRecords({ client }: KnownPersonStage, erased: readonly KnownPerson[]): Promise<string[]> {
  const events = (await client.events()).items.map(({ eventId }) => eventId)
  return [...events.slice(0, 20), ...erased.map(({ commandId }) => commandId)]
}

/** Asks for all that has to be gone. */
export function askForTheGone(
  administrator: Administrator,
  erased: readonly KnownPerson[],
): Promise<ErasureTrial['gone']> {
  const requests = erased.flatMap(({ customerId, appointmentId }) => [
    ['GET', '/customers/{id}', customerId] as const,
    ['GET', '/customers/{id}/export', customerId] as const,
    ['GET', '/appointments/{id}', appointmentId] as const,
    ['DELETE', '/customers/{id}', customerId] as const,
  ])
  return Promise.all(
    requests.map(async ([method, path, id]) => {
      const { status } = await administrator.send(method, path.replace('{id}', id))
      return { request: `${method} ${path}`, status }
    }),
  )
}

/** Entries of deletions that were carried out. */
export async function countErasures(administrator: Administrator): Promise<number> {
  const entries = await readAuditLog(administrator)
  // what was refused may be noted as well
  return entries.filter((entry) => {
    const text = JSON.stringify(entry)
    return erasing.test(text) && !/refus|den(?:y|ied)|forbid|unauthori|fail/i.test(text)
  }).length
}
