import { z } from 'zod'
import { isLoopback } from '../loopback.ts'

const rate = z.number().nonnegative().max(10_000)

const signatureSchema = z.strictObject({
  header: z.string().min(1),
  /** The header's value, e.g. `t={{unix}},v1={{digest}}`. */
  value: z.string().includes('{{digest}}'),
  algorithm: z.enum(['sha256', 'sha1']),
  key: z.string(),
  /** What is signed, e.g. `{{unix}}.{{body}}`. */
  content: z.string(),
  encoding: z.enum(['hex', 'base64']),
})

const requestSchema = z.strictObject({
  name: z.string().min(1),
  weight: z.number().positive().default(1),
  method: z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']),
  url: z
    .url()
    .refine((url) => isLoopback(new URL(url).hostname), 'expected a url on this machine: load goes nowhere else'),
  headers: z.record(z.string(), z.string()).default({}),
  body: z.string().optional(),
  signature: signatureSchema.optional(),
})

const scenarioSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9_-]+$/),
  /** Requests per second, whatever the answers do; each stage ramps to its rate, a stage of 0 s jumps to it. */
  arrival: z.strictObject({
    startRate: rate,
    stages: z.array(z.strictObject({ durationSeconds: z.number().nonnegative().max(3600), targetRate: rate })).min(1),
  }),
  requests: z.array(requestSchema).min(1),
  expectedStatuses: z.array(z.int()).min(1),
})

/**
 * A load: what arrives when. Texts may hold {{uuid}}, {{correlationId}} (the same throughout one request), {{sequence}},
 * {{unix}}, {{iso}}, {{isoFuture:<hours>}}, {{random:<low>:<high>}} and {{pick:a|b}}; signatures also {{body}}.
 */
export const loadPlanSchema = z.strictObject({
  name: z.string().min(1),
  seed: z.int().nonnegative(),
  /** Distinct loopback addresses that requests come from, in turn. */
  clients: z.int().min(1).max(60_000),
  maximumInFlight: z.int().min(1).max(20_000).default(2000),
  requestTimeoutMilliseconds: z.int().min(100).max(120_000).default(30_000),
  /** Requests of the first seconds are sent and kept out of the percentiles. */
  warmupSeconds: z.number().nonnegative().default(0),
  scenarios: z.array(scenarioSchema).min(1),
})

/** A plan as its author writes it. */
export type LoadPlanInput = z.input<typeof loadPlanSchema>
/** A checked plan. */
export type LoadPlan = z.output<typeof loadPlanSchema>
export type LoadScenario = LoadPlan['scenarios'][number]
export type RequestTemplate = LoadScenario['requests'][number]
export type Arrival = LoadScenario['arrival']

/** The production gate's load: 30 s ramp to 10, 60 s at 50, 30 s down; a rehearsal takes a tenth of the time. */
export function productionArrival(profile: 'release' | 'rehearsal', share = 1): Arrival {
  const scale = profile === 'release' ? 1 : 0.1
  return {
    startRate: 0,
    stages: [
      { durationSeconds: 30 * scale, targetRate: 10 * share },
      { durationSeconds: 0, targetRate: 50 * share },
      { durationSeconds: 60 * scale, targetRate: 50 * share },
      { durationSeconds: 30 * scale, targetRate: 0 },
    ],
  }
}

/** Seconds that an arrival lasts. */
export const durationOf = (arrival: Arrival): number =>
  arrival.stages.reduce((sum, stage) => sum + stage.durationSeconds, 0)

/**
 * When each request has to start, in milliseconds from the beginning: where the integral of the rate passes each whole
 * number, as k6's ramping-arrival-rate does it.
 */
export function arrivalTimes(arrival: Arrival): number[] {
  const times: number[] = []
  let elapsed = 0
  let started = 0
  let from = arrival.startRate
  for (const { durationSeconds, targetRate } of arrival.stages) {
    const area = ((from + targetRate) / 2) * durationSeconds
    for (let next = times.length + 1; next <= started + area + 1e-9; next += 1) {
      times.push((elapsed + secondsTo(next - started, from, targetRate, durationSeconds)) * 1000)
    }
    started += area
    elapsed += durationSeconds
    from = targetRate
  }
  return times
}

/** Seconds after which a rate that goes linearly from one value to another has let `count` requests start. */
function secondsTo(count: number, from: number, to: number, duration: number): number {
  const slope = (to - from) / duration
  if (Math.abs(slope) < 1e-12) return count / from
  const root = Math.sqrt(Math.max(0, from * from + 2 * slope * count))
  return (root - from) / slope
}
