import { randomUUID } from 'node:crypto'
import type { Administrator } from '../../subject/administrator.ts'
import type { AroClient } from '../../subject/client.ts'
import { makePerson } from '../../subject/people.ts'
import type { SubjectRequest } from '../../subject/request.ts'
import type { MetricsTrial } from './judge.ts'
import type { Scraper } from './scrape.ts'

type Request = Omit<SubjectRequest, 'url'>

const atOnce = 10

/** Requests that differ in nothing but an id, a name or an address: every kind with a new one each time. */
function kinds(client: AroClient, administrator: Administrator): (() => Request)[] {
  const { paths } = client.subject
  const admin = { Authorization: `Bearer ${administrator.token}` }
  const service = client.serviceHeaders()
  const json = { 'Content-Type': 'application/json' }
  return [
    () => ({ path: `${paths.admin}/appointments/${randomUUID()}`, headers: admin }),
    () => ({ path: `${paths.admin}/customers/${randomUUID()}`, headers: admin }),
    () => ({ path: `${paths.admin}/customers/${randomUUID()}/export`, headers: admin }),
    () => ({ path: `${paths.admin}/appointments?customer_id=${randomUUID()}`, headers: admin }),
    () => ({ path: `${paths.commands}/${randomUUID()}`, headers: service }),
    () => ({ path: `${paths.workflows}/${randomUUID()}`, headers: service }),
    () => ({ path: `${paths.events}?limit=1`, headers: { ...service, 'X-Correlation-Id': randomUUID() } }),
    () => ({ path: `/${randomUUID()}` }),
    () => ({ path: `/${randomUUID()}/${randomUUID()}.php?id=${randomUUID()}` }),
    () => ({ path: `${paths.admin}/${randomUUID()}`, headers: admin }),
    () => ({ path: `/v1/${randomUUID()}`, headers: service }),
    () => ({ path: `${paths.events}?limit=1`, headers: { ...service, 'X-Tenant-Id': randomUUID() } }),
    () => ({
      path: paths.health,
      headers: { 'User-Agent': `agent ${randomUUID()}`, Host: `${randomUUID()}.example.org` },
    }),
    () => ({
      method: 'POST',
      path: `${paths.admin}/auth/login`,
      headers: json,
      body: { email: makePerson().email, password: 'Not-the-password-1' },
    }),
    () => ({ method: 'POST', path: `/webhooks/${randomUUID()}`, headers: json, body: { id: randomUUID() } }),
    () => ({ method: 'DELETE', path: `${paths.admin}/customers/${randomUUID()}`, headers: admin }),
  ]
}

/** Sends a few requests of each kind, and then as many as asked: no new series may come of those. */
export async function countSeries(
  client: AroClient,
  administrator: Administrator,
  scraper: Scraper,
  requests: number,
): Promise<MetricsTrial['cardinality']> {
  const all = kinds(client, administrator)
  const send = async (count: number): Promise<number> => {
    const queue = Array.from({ length: count }, (_, index) => all[index % all.length])
    let answered = 0
    const worker = async (): Promise<void> => {
      for (let make = queue.shift(); make !== undefined; make = queue.shift()) {
        const { status } = await client.send(make())
        if (status !== 429) answered += 1
      }
    }
    await Promise.all(Array.from({ length: atOnce }, worker))
    return answered
  }
  await send(2 * all.length)
  const before = await scraper.scrape()
  const answered = await send(requests)
  const after = await scraper.scrape()
  const known = before.keys()
  // what was not asked for, such as a status that another load brings about, comes once; an id comes each time
  const added = [...after.keys()].filter((key) => !known.has(key))
  return {
    differentIds: answered,
    kinds: all.length,
    seriesBefore: known.size,
    newSeries: added.length,
    examples: added.slice(0, 5),
  }
}
