import { z } from 'zod'

const milliseconds = z.number().nonnegative()
const count = z.int().nonnegative()

/** Latencies from the intended start; percentiles are null when there is no sample, never 0. */
export const latencySchema = z.strictObject({
  samples: count,
  minimum: milliseconds.nullable(),
  mean: milliseconds.nullable(),
  p50: milliseconds.nullable(),
  p90: milliseconds.nullable(),
  p95: milliseconds.nullable(),
  p975: milliseconds.nullable(),
  p99: milliseconds.nullable(),
  maximum: milliseconds.nullable(),
})

const sampleSchema = z.strictObject({
  correlationId: z.string(),
  scenario: z.string(),
  request: z.string(),
  /** Milliseconds since the epoch when the plan wanted it sent. */
  intendedAt: z.number(),
  startedAt: z.number(),
  /** From the intended start to the whole answer; null when there was none. */
  latencyMilliseconds: milliseconds.nullable(),
  status: z.int().nullable(),
  error: z.string().nullable(),
})

/** One request of a load and what became of it. */
export type LoadSample = z.infer<typeof sampleSchema>

const scenarioResultSchema = z.strictObject({
  name: z.string(),
  requests: z.strictObject({
    planned: count,
    started: count,
    completed: count,
    failed: count,
    dropped: count,
    timedOut: count,
  }),
  statuses: z.record(z.string(), count),
  errors: z.record(z.string(), count),
  latencyMilliseconds: latencySchema,
  byRequest: z.record(z.string(), latencySchema),
  /** Requests started in the planned time as a share of those planned. */
  achievedRatio: z.number().nonnegative(),
  perSecond: z.array(z.strictObject({ second: count, started: count, failed: count, p95: milliseconds.nullable() })),
})

/** What a load has measured; the same for both engines. */
export const loadResultSchema = z.strictObject({
  engine: z.enum(['builtin', 'k6']),
  engineVersion: z.string(),
  startedAt: z.number(),
  finishedAt: z.number(),
  scenarios: z.array(scenarioResultSchema),
  generator: z.strictObject({
    eventLoopLagMilliseconds: z.strictObject({ p99: milliseconds, maximum: milliseconds }).nullable(),
    cpuSeconds: z.number().nonnegative().nullable(),
  }),
  samples: z.array(sampleSchema),
})

/** @see loadResultSchema */
export type LoadResult = z.infer<typeof loadResultSchema>
export type ScenarioResult = LoadResult['scenarios'][number]
export type Latency = z.infer<typeof latencySchema>

const largestLagMilliseconds = 500

/** Why a scenario's numbers may not be trusted, in sentences; none when they may. */
export function doubtsOf(result: LoadResult, scenario: ScenarioResult, leastAchievedRatio = 0.99): string[] {
  const { requests, achievedRatio, latencyMilliseconds } = scenario
  const lag = result.generator.eventLoopLagMilliseconds
  const doubts: string[] = []
  if (latencyMilliseconds.samples === 0) doubts.push('no request was answered: there is nothing to measure')
  // one request missing is within the rounding of a plan's end, however short the plan is
  if (achievedRatio < leastAchievedRatio && requests.planned - requests.completed > 1) {
    doubts.push(`only ${(achievedRatio * 100).toFixed(1)} % of the planned rate was reached`)
  }
  if (requests.dropped > 0) doubts.push(`${requests.dropped} requests were dropped because too many were under way`)
  if (lag !== null && lag.p99 > largestLagMilliseconds) {
    doubts.push(`the generator itself was late: its event loop lagged ${Math.round(lag.p99)} ms (p99)`)
  }
  return doubts
}
