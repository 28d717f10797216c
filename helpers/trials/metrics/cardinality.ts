import { randomUUID } from 'node:crypto'
import type { Administrator } from '../../subject/administrator.ts'
import type { AroClient } from '../../subject/client.ts'
import { makePerson } from '../../subject/people.ts'
import type { SubjectRequest } from '../../subject/request.ts'
import type { MetricsTrial } from './judge.ts'
import { seriesKey } from '../../evidence/exposition.ts'
import type { Scrape, Scraper } from './scrape.ts'

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

/** Sends as many requests as asked, and counts the series that came of the second half. */
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
  const first = await send(Math.floor(requests / 2))
  const before = labelSets(await scraper.scrape())
  const second = await send(requests - first)
  // what comes by itself, such as a runtime's own series, comes now and then; an id comes each time
  const added = [...labelSets(await scraper.scrape())].filter((set) => !before.has(set))
  return {
    differentIds: first + second,
    kinds: all.length,
    seriesBefore: before.size,
    newSeries: added.length,
    examples: added.slice(0, 5),
  }
}

/** Series without the bounds of buckets, so that a histogram counts once. */
const labelSets = ({ samples }: Scrape): Set<string> =>
  new Set(
    samples.map((sample) => {
      const { le: _bound, ...labels } = sample.labels
      return seriesKey({ ...sample, name: sample.name.replace(/_(?:bucket|sum|count)$/, ''), labels })
    }),
  )
