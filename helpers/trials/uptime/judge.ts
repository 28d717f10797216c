import { z } from 'zod'
import type { JudgedShortfall } from '../../evidence/shortfall.ts'
import { reconciliationSchema } from '../../subject/reconciliation.ts'

const count = z.int().nonnegative()

/** The parts of the time in which the subject is probed. */
export const phases = ['steady', 'restarting', 'afterwards'] as const

const phaseSchema = z.object({
  phase: z.enum(phases),
  probes: z.int().positive(),
  /** Answered with a 2xx in time. */
  answered: count,
  /** What came instead, with how often. */
  lost: z.record(z.string(), count),
  /** Probes that the balancer gave to another instance, as the first one took no connection. */
  passedOn: count,
  slowestMilliseconds: z.number().nonnegative(),
})

const restartSchema = z.object({
  instance: z.int().positive(),
  /** Requests at this instance without an answer yet when it was told to stop. */
  underWay: count,
  /** Of all that it had got by then, those with an answer other than a 2xx, or with none. */
  dropped: z.record(z.string(), count),
  exit: z.object({ code: z.int().nullable(), signal: z.string().nullable() }),
  stoppedInMilliseconds: z.number().nonnegative(),
  /** Requests that its replacement got as soon as it said that it was ready. */
  first: z.object({ asked: z.int().positive(), failed: z.record(z.string(), count) }),
  readyInMilliseconds: z.number().nonnegative(),
})

/** What a monitor of the owner's says of the last days. */
export const monitoredSchema = z.object({
  source: z.string(),
  from: z.string(),
  to: z.string(),
  samples: z.int().positive(),
  /** Share of the time, from 0 to 1. */
  availability: z.number().min(0).max(1),
})

/** How available the subject was while its instances were replaced one after the other. */
export const uptimeTrialSchema = z.object({
  phases: z.array(phaseSchema).length(phases.length),
  restarts: z.array(restartSchema).min(2),
  /** What came of the work that was accepted meanwhile. */
  account: reconciliationSchema,
  /** Null where the subject file names no monitor. */
  monitored: monitoredSchema.nullable(),
})

/** @see uptimeTrialSchema */
export type UptimeTrial = z.infer<typeof uptimeTrialSchema>

const leastAvailability = 0.995

/** Each way in which a client was let down by a restart, and an availability below the target. */
export function judgeUptime({ phases: seen, restarts, account, monitored }: UptimeTrial): JudgedShortfall[] {
  return [
    ...judgeProbes(seen),
    ...restarts.flatMap(judgeRestart),
    ...judgeAccount(account),
    ...(monitored === null || monitored.availability >= leastAvailability
      ? []
      : [
          {
            what: `the availability was ${percent(monitored.availability)} from ${monitored.from} to ${monitored.to}`,
            expected: `at least ${percent(leastAvailability)} over 30 days`,
            where: monitored.source,
            mitigation: 'Find what the outages of these days had in common before anything new goes into production.',
          },
        ]),
  ]
}

function judgeProbes(seen: UptimeTrial['phases']): JudgedShortfall[] {
  const probes = seen.reduce((sum, phase) => sum + phase.probes, 0)
  const answered = seen.reduce((sum, phase) => sum + phase.answered, 0)
  if (answered >= probes * leastAvailability) return []
  const losses = seen
    .filter((phase) => phase.answered < phase.probes)
    .map(({ phase, lost }) => `${phase}: ${tell(lost)}`)
  return [
    {
      what: `${probes - answered} of ${probes} probes were not answered with a 2xx, availability ${percent(answered / probes)}`,
      expected: `at least ${percent(leastAvailability)} while two instances are replaced one after the other`,
      where: losses.join('; '),
      mitigation:
        'On SIGTERM take no new connections, answer what is under way, and only then end; be ready only once every route can be served.',
    },
  ]
}

function judgeRestart({ instance, dropped, exit, stoppedInMilliseconds, first }: UptimeTrial['restarts'][number]) {
  const shortfalls: JudgedShortfall[] = []
  const where = `restart of instance ${instance}`
  if (total(dropped) > 0) {
    shortfalls.push({
      what: `${total(dropped)} requests that were under way were dropped when the instance was told to stop: ${tell(dropped)}`,
      expected: 'each request that was taken is answered before the process ends',
      where,
      mitigation: 'On SIGTERM close the server, wait for the requests under way and the jobs that run, then the pool.',
    })
  }
  if (exit.signal === 'SIGKILL' || (exit.code !== null && ![0, 143].includes(exit.code))) {
    shortfalls.push({
      what:
        exit.signal === 'SIGKILL'
          ? `the instance did not end within ${Math.round(stoppedInMilliseconds / 1000)} s of SIGTERM and had to be killed`
          : `the instance ended with exit code ${exit.code} when it was told to stop by SIGTERM`,
      expected: 'an end in time, with exit code 0',
      where,
      mitigation:
        'End by itself once all is settled: no timer, connection or worker may keep the process, none may throw.',
    })
  }
  if (total(first.failed) > 0) {
    shortfalls.push({
      what: `${total(first.failed)} of the first ${first.asked} requests failed although the new instance said it was ready: ${tell(first.failed)}`,
      expected: 'ready only when every route can be served',
      where: `replacement of instance ${instance}`,
      mitigation: 'Answer 200 on the readiness path only once keys, pool and routes are there.',
    })
  }
  return shortfalls
}

function judgeAccount({ accepted, unaccounted, repeated }: UptimeTrial['account']): JudgedShortfall[] {
  const mitigation = 'Let a job that is under way end before the process does, or be taken over under the same key.'
  const where = 'work accepted while instances were replaced'
  const shortfalls: JudgedShortfall[] = []
  if (unaccounted.length > 0) {
    shortfalls.push({
      what: `${unaccounted.length} of ${accepted} accepted requests had no effect, and are lost: ${unaccounted.slice(0, 3).join(', ')}`,
      expected: 'everything that was accepted comes about, whichever instance ends',
      where,
      mitigation,
    })
  }
  if (repeated.length > 0) {
    shortfalls.push({
      what: `${repeated.length} accepted requests took effect twice: ${repeated.slice(0, 3).join(', ')}`,
      expected: 'each effect once',
      where,
      mitigation,
    })
  }
  return shortfalls
}

const total = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((sum, times) => sum + times, 0)

const tell = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([what, times]) => `${what} (${times})`)
    .join(', ')

const percent = (share: number): string => `${(Math.floor(share * 10_000) / 100).toFixed(2)} %`
