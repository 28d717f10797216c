import { z } from 'zod'
import type { JudgedShortfall } from '../../evidence/shortfall.ts'

const milliseconds = z.number().nonnegative()

/** One endpoint asked over and over during one phase. */
export const probesSchema = z.object({
  samples: z.int().positive(),
  /** How often each status came; `none` when there was no answer within 2 s. */
  statuses: z.record(z.string(), z.int().positive()),
  slowestMilliseconds: milliseconds,
})

/** @see probesSchema */
export type Probes = z.infer<typeof probesSchema>

const outageSchema = z.object({
  dependency: z.string(),
  fault: z.string(),
  /** What shows that the fault was in force. */
  proof: z.string(),
  faultTookHold: z.boolean(),
  faultEnded: z.boolean(),
  /** From the fault's start to the first 503 of readiness; null when there was none. */
  unreadyAfterMilliseconds: milliseconds.nullable(),
  /** From the fault's end to the first 200 of readiness; null when there was none. */
  readyAgainAfterMilliseconds: milliseconds.nullable(),
  /** Readiness after the first 503, while the fault lasted. */
  readyMeanwhile: probesSchema.nullable(),
  healthMeanwhile: probesSchema,
})

/** What `/health` and `/ready` said in good times, under load, and without each dependency. */
export const healthTrialSchema = z.object({
  steady: z.object({ health: probesSchema, ready: probesSchema }),
  load: z.object({ requests: z.int().positive(), health: probesSchema, ready: probesSchema }),
  outages: z.array(outageSchema).min(2),
  /** Texts found in answers or headers that tell an outsider too much. */
  leaks: z.array(z.object({ where: z.string(), what: z.string() })),
  endedProcesses: z.int().nonnegative(),
})

/** @see healthTrialSchema */
export type HealthTrial = z.infer<typeof healthTrialSchema>

const answerLimit = 1000
const unreadyLimit = 5000

/** Each way in which the endpoints say something else than what is the case, or say it too late. */
export function judgeHealth(trial: HealthTrial): JudgedShortfall[] {
  return [
    ...judgeAvailable('/health', 'in steady state', trial.steady.health),
    ...judgeAvailable('/ready', 'in steady state', trial.steady.ready),
    ...judgeAvailable('/health', 'under load', trial.load.health),
    ...judgeAvailable('/ready', 'under load', trial.load.ready),
    ...trial.outages.flatMap(judgeOutage),
    ...trial.leaks.map(({ where, what }) => ({
      what: `an unauthenticated answer leaks ${what}`,
      expected: 'status words only: no secret, address or version',
      where,
      mitigation: 'Answer with fixed words, and keep server and version headers off.',
    })),
    ...(trial.endedProcesses > 0
      ? [
          {
            what: 'the process ended while a dependency was away',
            expected: 'the process lives on and reports unready',
            where: 'subject process',
            mitigation: 'Handle error events of the pool and of clients in use.',
          },
        ]
      : []),
  ]
}

function judgeAvailable(path: string, when: string, probes: Probes): JudgedShortfall[] {
  const where = `GET ${path} ${when}`
  const shortfalls: JudgedShortfall[] = []
  const others = otherThan('200', probes)
  if (others !== '') {
    shortfalls.push({
      what: `answered ${others} of ${probes.samples} probes`,
      expected: '200 every time',
      where,
      mitigation:
        'Answer from the process itself (health) and from dependencies really asked, with a short time-out (ready).',
    })
  }
  if (probes.slowestMilliseconds > answerLimit) {
    shortfalls.push({
      what: `took ${Math.round(probes.slowestMilliseconds)} ms at worst`,
      expected: `at most ${answerLimit} ms`,
      where,
      mitigation: 'Keep the endpoints off queues, pools and locks that load can fill.',
    })
  }
  return shortfalls
}

function judgeOutage(outage: HealthTrial['outages'][number]): JudgedShortfall[] {
  const without = `without ${outage.dependency} (${outage.fault})`
  const shortfalls: JudgedShortfall[] = []
  if (outage.unreadyAfterMilliseconds === null || outage.unreadyAfterMilliseconds > unreadyLimit) {
    shortfalls.push({
      what:
        outage.unreadyAfterMilliseconds === null
          ? `readiness never turned 503 ${without}`
          : `readiness turned 503 only after ${Math.round(outage.unreadyAfterMilliseconds)} ms ${without}`,
      expected: `503 within ${unreadyLimit} ms`,
      where: `GET /ready ${without}`,
      mitigation: 'Ask the dependency itself (a query, not its address or a flag), with a time-out below 2 s.',
    })
  }
  const wavering = outage.readyMeanwhile === null ? '' : otherThan('503', outage.readyMeanwhile)
  if (wavering !== '') {
    shortfalls.push({
      what: `readiness wavered ${without}: ${wavering}`,
      expected: '503 as long as the dependency is away',
      where: `GET /ready ${without}`,
      mitigation: 'Ask the dependency each time, or keep the last answer for no longer than it holds.',
    })
  }
  if (outage.readyAgainAfterMilliseconds === null) {
    shortfalls.push({
      what: `readiness did not come back after ${outage.dependency} did`,
      expected: '200 again within 10 s, without a restart',
      where: `GET /ready ${without}`,
      mitigation: 'Let the pool connect anew, and drop connections that broke.',
    })
  }
  return [...shortfalls, ...judgeAvailable('/health', without, outage.healthMeanwhile)]
}

const otherThan = (status: string, probes: Probes): string =>
  Object.entries(probes.statuses)
    .filter(([seen]) => seen !== status)
    .map(([seen, count]) => `${seen} (${count} times)`)
    .join(', ')
