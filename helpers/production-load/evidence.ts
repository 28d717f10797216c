import { z } from 'zod'
import { quantileInterval } from '../load/interval.ts'
import { doubtsOf, latenessOf } from '../load/result.ts'
import type { LoadSample, ScenarioResult } from '../load/result.ts'
import type { LoadPart, LoadTrial } from './trial.ts'

const milliseconds = z.number().nonnegative()
const count = z.int().nonnegative()

/** Whether a part of the load was what was planned, and what became of its requests. */
export const partSchema = z.object({
  part: z.string(),
  planned: z.int().positive(),
  completed: count,
  failed: count,
  dropped: count,
  /** Of the planned arrival rate, 1 when it was kept. */
  achievedRatio: z.number().nonnegative(),
  /** How late the generator sent one in a hundred. */
  lateness99Milliseconds: milliseconds,
  statuses: z.record(z.string(), count),
  errors: z.record(z.string(), count),
  /** What makes the generator's figures doubtful, in sentences. */
  doubts: z.array(z.string()),
})

/** @see partSchema */
export type PartEvidence = z.infer<typeof partSchema>

const percentileSchema = z.object({
  milliseconds,
  /** Ends of the 95 % bootstrap interval. */
  lowerMilliseconds: milliseconds,
  upperMilliseconds: milliseconds,
})

/** Latencies from the intended start, those of the warm-up left out. */
export const latenciesSchema = z.object({
  samples: count,
  p50: percentileSchema,
  p95: percentileSchema,
  p99: percentileSchema,
  maximumMilliseconds: milliseconds,
})

/** @see latenciesSchema */
export type Latencies = z.infer<typeof latenciesSchema>

/** What all evidence on the load begins with. */
export const loadFacts = {
  engine: z.string(),
  profile: z.enum(['release', 'rehearsal']),
  warmupSeconds: z.number().nonnegative(),
  /** Appointments in the database before the load began. */
  storedAppointments: z.int().positive(),
  /** Of the machine's processor time, what programs outside of this run used meanwhile; null where that is not told. */
  otherPrograms: z.object({ percent: z.number().nonnegative() }).nullable(),
}

/** @see loadFacts */
export const loadFactsOf = ({ load, profile, warmupSeconds, stored, resources }: LoadTrial) => ({
  engine: `${load.engine} ${load.engineVersion}`,
  profile,
  warmupSeconds,
  storedAppointments: stored.appointments,
  otherPrograms: resources.othersPercent === null ? null : { percent: resources.othersPercent },
})

/** The result of one part. @throws when the load had no such part. */
export function scenarioOf({ load }: LoadTrial, part: LoadPart): ScenarioResult {
  const found = load.scenarios.find(({ name }) => name === part)
  if (found === undefined) throw new Error(`The load had no ${part} in it.`)
  return found
}

/** How one part of the load went. */
export function partOf(trial: LoadTrial, part: LoadPart): PartEvidence {
  const scenario = scenarioOf(trial, part)
  const { planned, completed, failed, dropped } = scenario.requests
  return {
    part,
    planned,
    completed,
    failed,
    dropped,
    achievedRatio: scenario.achievedRatio,
    lateness99Milliseconds: latenessOf(trial.load, scenario),
    statuses: scenario.statuses,
    errors: scenario.errors,
    doubts: doubtsOf(trial.load, scenario),
  }
}

/** Samples of a part that were answered as hoped for, those of the warm-up left out. */
export function measuredSamples({ load, warmupSeconds }: LoadTrial, part: LoadPart): LoadSample[] {
  const from = load.startedAt + warmupSeconds * 1000
  return load.samples.filter(
    ({ scenario, status, intendedAt }) =>
      scenario === part && intendedAt >= from && status !== null && status >= 200 && status < 300,
  )
}

/** Percentiles with their bootstrap intervals. @throws when there is not one latency. */
export function latenciesOf(values: readonly number[], seed: number, what: string): Latencies {
  if (values.length === 0) throw new Error(`Not one ${what} could be timed: there is nothing to judge.`)
  const percentile = (quantile: number): z.infer<typeof percentileSchema> => {
    const { value, lower, upper } = quantileInterval(values, quantile, seed)
    return { milliseconds: value, lowerMilliseconds: lower, upperMilliseconds: upper }
  }
  return {
    samples: values.length,
    p50: percentile(0.5),
    p95: percentile(0.95),
    p99: percentile(0.99),
    maximumMilliseconds: quantileInterval(values, 1, seed).value,
  }
}

/** From the intended start to the moment at which each sample's effect was seen; those never seen are counted. */
export function timesToEffect(
  samples: readonly LoadSample[],
  seenAt: Readonly<Record<string, number>>,
): { values: number[]; missing: number } {
  const values = samples.flatMap(({ correlationId, intendedAt }) => {
    const at = seenAt[correlationId]
    return at === undefined ? [] : [Math.max(0, at - intendedAt)]
  })
  return { values, missing: samples.length - values.length }
}
