import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { z } from 'zod'
import { isLoopback } from '../../loopback.ts'
import type { Subject } from '../../subject/subject.ts'
import type { UptimeTrial } from './judge.ts'

const dayMilliseconds = 86_400_000
const days = 30
/** A monitor that was not there for a twentieth of the days may have missed all outages. */
const leastCoverage = 0.95
const stepSeconds = 300
const answerMilliseconds = 10_000

/** A history file: samples in the order of time, each for the time until the next. */
export const historySchema = z.array(
  z.strictObject({
    at: z.iso.datetime({ offset: true }),
    /** Whether it was up, or the share of the time for which it was, from 0 to 1. */
    up: z.union([z.boolean().transform(Number), z.number().min(0).max(1)]),
  }),
)

const rangeSchema = z.looseObject({
  status: z.literal('success'),
  data: z.looseObject({
    resultType: z.literal('matrix'),
    result: z.array(z.looseObject({ values: z.array(z.tuple([z.number(), z.string()])) })).length(1),
  }),
})

interface Sample {
  at: number
  up: number
}

/**
 * What the owner's monitor says of the last 30 days; null where the subject file names none.
 * @throws when it cannot be asked or read, or was not there for all of these days: no figure is better than a wrong one.
 */
export async function readMonitor(
  { root, monitor }: Pick<Subject, 'root' | 'monitor'>,
  now = Date.now(),
): Promise<UptimeTrial['monitored']> {
  if (monitor === undefined) return null
  const isFile = 'history' in monitor
  const source = isFile ? monitor.history : `${monitor.prometheusUrl}, ${monitor.query}`
  const samples = isFile ? readHistory(resolve(root, monitor.history), source) : await askPrometheus(monitor, now)
  const from = now - days * dayMilliseconds
  const recent = samples.filter(({ at }) => at >= from && at <= now).toSorted((one, other) => one.at - other.at)
  const [first] = recent
  const last = recent.at(-1)
  const covered = first === undefined || last === undefined ? 0 : last.at - first.at
  if (first === undefined || last === undefined || covered < days * dayMilliseconds * leastCoverage) {
    throw new Error(
      `The monitor (${source}) has ${(covered / dayMilliseconds).toFixed(1)} of the last ${days} days: expected at least ${days * leastCoverage}. Name one with the whole time, or none.`,
    )
  }
  const gaps = recent.map(({ at }, index) => (recent[index + 1]?.at ?? at) - at)
  const longest = Math.max(...gaps)
  if (longest > days * dayMilliseconds * (1 - leastCoverage))
    throw new Error(
      `The monitor (${source}) has nothing for ${(longest / dayMilliseconds).toFixed(1)} days in a row: nobody knows whether the service was up.`,
    )
  const upMilliseconds = recent.reduce((sum, { up }, index) => sum + up * (gaps[index] ?? 0), 0)
  return {
    source,
    from: new Date(first.at).toISOString(),
    to: new Date(last.at).toISOString(),
    samples: recent.length,
    availability: Math.min(1, upMilliseconds / covered),
  }
}

function readHistory(file: string, source: string): Sample[] {
  try {
    return historySchema.parse(JSON.parse(readFileSync(file, 'utf8'))).map(({ at, up }) => ({ at: Date.parse(at), up }))
  } catch (error) {
    const problem = error instanceof z.ZodError ? z.prettifyError(error) : error instanceof Error ? error.message : ''
    throw new Error(
      `The monitor's history (${source}) cannot be read: ${problem}. Expected a JSON list of { "at": "2026-01-31T12:00:00Z", "up": true }.`,
      { cause: error },
    )
  }
}

async function askPrometheus(
  { prometheusUrl, query }: { prometheusUrl: string; query: string },
  now: number,
): Promise<Sample[]> {
  const url = new URL('api/v1/query_range', prometheusUrl.endsWith('/') ? prometheusUrl : `${prometheusUrl}/`)
  if (!isLoopback(url.hostname))
    throw new Error(`The monitor ${prometheusUrl} is on another machine: forward its port to 127.0.0.1, and name that.`)
  const seconds = Math.floor(now / 1000)
  url.search = new URLSearchParams({
    query,
    start: String(seconds - days * 86_400),
    end: String(seconds),
    step: String(stepSeconds),
  }).toString()
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(answerMilliseconds), redirect: 'error' })
    if (!response.ok) throw new Error(`status ${response.status}`)
    const [series] = rangeSchema.parse(await response.json()).data.result
    return (series?.values ?? []).map(([at, value]) => ({
      at: at * 1000,
      up: z.coerce.number().min(0).max(1).parse(value),
    }))
  } catch (error) {
    const problem = error instanceof z.ZodError ? z.prettifyError(error) : error instanceof Error ? error.message : ''
    throw new Error(
      `The monitor ${prometheusUrl} did not tell the availability: ${problem}. Expected one series with values from 0 to 1 for the query ${query}.`,
      { cause: error },
    )
  }
}
