import { setTimeout as sleep } from 'node:timers/promises'
import { readExposition, seriesKey } from '../../evidence/exposition.ts'
import type { Exposition, Sample } from '../../evidence/exposition.ts'
import type { AroClient } from '../../subject/client.ts'

/** One look at the metrics, and sums over its series. */
export interface Scrape extends Exposition {
  text: string
  contentType: string
  /** Sum over the series of a name that match; null where there is none. */
  sum(name: string, matches?: (sample: Sample) => boolean): number | null
  keys(): Set<string>
}

/** Reads the metrics again and again, and notes what must not happen between two readings. */
export interface Scraper {
  /** @throws when the answer is not 200. */
  scrape(): Promise<Scrape>
  /** Until a condition holds or the time is up; the last reading either way. */
  until(condition: (scrape: Scrape) => boolean | Promise<boolean>, withinMilliseconds?: number): Promise<Scrape>
  count(): number
  /** Counters that have gone down, in sentences. */
  falls(): string[]
  /** Ways in which a reading breaks the format. */
  problems(): string[]
  contentTypes(): string[]
}

/** Scrapes a subject's metrics. */
export function makeScraper(client: AroClient): Scraper {
  const falls = new Set<string>()
  const problems = new Set<string>()
  const contentTypes = new Set<string>()
  const highest = new Map<string, number>()
  let count = 0
  const scrape = async (): Promise<Scrape> => {
    const answer = await client.send({ path: client.subject.paths.metrics })
    if (answer.status !== 200)
      throw new Error(`GET ${client.subject.paths.metrics}: expected 200, got ${answer.status}`)
    count += 1
    const exposition = readExposition(answer.text)
    const contentType = answer.headers['content-type'] ?? 'none'
    contentTypes.add(contentType)
    for (const problem of exposition.problems) problems.add(problem)
    for (const { key, value } of counters(exposition)) {
      const before = highest.get(key) ?? 0
      if (value < before) falls.add(`${key} went from ${before} to ${value}`)
      highest.set(key, Math.max(before, value))
    }
    const { samples } = exposition
    return {
      ...exposition,
      text: answer.text,
      contentType,
      sum(name, matches = () => true) {
        const found = samples.filter((sample) => sample.name === name && matches(sample))
        return found.length === 0 ? null : found.reduce((total, { value }) => total + value, 0)
      },
      keys: () => new Set(samples.map(seriesKey)),
    }
  }
  return {
    scrape,
    async until(condition, withinMilliseconds = 10_000) {
      const deadline = performance.now() + withinMilliseconds
      for (;;) {
        const seen = await scrape()
        if ((await condition(seen)) || performance.now() > deadline) return seen
        await sleep(60)
      }
    },
    count: () => count,
    falls: () => [...falls],
    problems: () => [...problems],
    contentTypes: () => [...contentTypes],
  }
}

/** Series that only grow: counters, and the counts of histograms. */
const counters = ({ families }: Exposition): { key: string; value: number }[] =>
  [...families.values()].flatMap(({ type, samples }) =>
    samples.flatMap((sample) =>
      type === 'counter' || (type === 'histogram' && !sample.name.endsWith('_sum'))
        ? [{ key: seriesKey(sample), value: sample.value }]
        : [],
    ),
  )

/** How much a sum has grown; null where the metric is not there. A series that came meanwhile began at 0. */
export function growth(
  before: Scrape,
  after: Scrape,
  name: string,
  matches?: (sample: Sample) => boolean,
): number | null {
  const now = after.sum(name, matches)
  return now === null ? null : now - (before.sum(name, matches) ?? 0)
}
