import { build } from 'hdr-histogram-js'
import type { Latency, LoadResult, LoadSample, ScenarioResult } from './result.ts'
import { arrivalTimes, durationOf } from './plan.ts'
import type { LoadPlan, LoadScenario } from './plan.ts'

// microseconds, up to ten minutes
const histogramOptions = {
  lowestDiscernibleValue: 1,
  highestTrackableValue: 600_000_000,
  numberOfSignificantValueDigits: 3,
} as const

/** Percentiles of latencies by an HDR histogram of microseconds. */
export function latencyOf(latencies: readonly number[]): Latency {
  if (latencies.length === 0) {
    const none = { minimum: null, mean: null, p50: null, p90: null, p95: null, p975: null, p99: null, maximum: null }
    return { samples: 0, ...none }
  }
  const histogram = build(histogramOptions)
  let sum = 0
  for (const latency of latencies) {
    histogram.recordValue(Math.max(1, Math.round(latency * 1000)))
    sum += latency
  }
  const at = (percentile: number): number => histogram.getValueAtPercentile(percentile) / 1000
  return {
    samples: latencies.length,
    minimum: Math.min(...minMax(latencies)),
    mean: sum / latencies.length,
    p50: at(50),
    p90: at(90),
    p95: at(95),
    p975: at(97.5),
    p99: at(99),
    maximum: Math.max(...minMax(latencies)),
  }
}

/** Counts and percentiles of one scenario from its samples. */
export function summariseScenario(
  plan: LoadPlan,
  scenario: LoadScenario,
  samples: readonly LoadSample[],
  details: { startedAt: number; dropped: number },
): ScenarioResult {
  const planned = arrivalTimes(scenario.arrival).length
  const isExpected = (sample: LoadSample): boolean =>
    sample.status !== null && scenario.expectedStatuses.includes(sample.status)
  const measured = samples.filter(
    (sample) =>
      sample.intendedAt - details.startedAt >= plan.warmupSeconds * 1000 && sample.latencyMilliseconds !== null,
  )
  const latencies = (some: readonly LoadSample[]): number[] =>
    some.flatMap((sample) => sample.latencyMilliseconds ?? [])
  const byRequest: ScenarioResult['byRequest'] = {}
  for (const { name } of scenario.requests)
    byRequest[name] = latencyOf(latencies(measured.filter((sample) => sample.request === name)))
  const end = details.startedAt + durationOf(scenario.arrival) * 1000
  const onTime = samples.filter((sample) => sample.startedAt <= end + 1000)
  return {
    name: scenario.name,
    requests: {
      planned,
      started: samples.length,
      completed: samples.filter((sample) => sample.status !== null).length,
      failed: samples.filter((sample) => !isExpected(sample)).length,
      dropped: details.dropped,
      timedOut: samples.filter((sample) => sample.error === 'timeout').length,
    },
    statuses: tally(samples.flatMap((sample) => (sample.status === null ? [] : [String(sample.status)]))),
    errors: tally(samples.flatMap((sample) => sample.error ?? [])),
    latencyMilliseconds: latencyOf(latencies(measured)),
    byRequest,
    achievedRatio: planned === 0 ? 0 : onTime.length / planned,
    perSecond: perSecond(samples, details.startedAt, isExpected),
  }
}

function perSecond(
  samples: readonly LoadSample[],
  startedAt: number,
  isExpected: (sample: LoadSample) => boolean,
): ScenarioResult['perSecond'] {
  const seconds = new Map<number, LoadSample[]>()
  for (const sample of samples) {
    const second = Math.max(0, Math.floor((sample.intendedAt - startedAt) / 1000))
    seconds.set(second, [...(seconds.get(second) ?? []), sample])
  }
  return [...seconds.entries()]
    .toSorted(([a], [b]) => a - b)
    .map(([second, some]) => ({
      second,
      started: some.length,
      failed: some.filter((sample) => !isExpected(sample)).length,
      p95: latencyOf(some.flatMap((sample) => sample.latencyMilliseconds ?? [])).p95,
    }))
}

function tally(values: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1
  return counts
}

/** Smallest and largest value without spreading a long list over the call stack. */
function minMax(values: readonly number[]): [number, number] {
  let [low, high] = [Infinity, -Infinity]
  for (const value of values) {
    if (value < low) low = value
    if (value > high) high = value
  }
  return [low, high]
}

/** Scenario results of a finished load. */
export function summarise(
  plan: LoadPlan,
  samples: readonly LoadSample[],
  details: { startedAt: number; dropped: Readonly<Record<string, number>> },
): LoadResult['scenarios'] {
  return plan.scenarios.map((scenario) =>
    summariseScenario(
      plan,
      scenario,
      samples.filter((sample) => sample.scenario === scenario.name),
      { startedAt: details.startedAt, dropped: details.dropped[scenario.name] ?? 0 },
    ),
  )
}
