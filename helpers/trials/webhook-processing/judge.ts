import { z } from 'zod'
import type { JudgedShortfall } from '../../evidence/shortfall.ts'

const milliseconds = z.number().nonnegative()
const count = z.int().nonnegative()

/** How long webhooks took from the moment they should have been sent until their event was visible. */
export const processingTrialSchema = z.object({
  engine: z.string(),
  profile: z.enum(['release', 'rehearsal']),
  load: z.object({
    planned: z.int().positive(),
    completed: count,
    failed: count,
    dropped: count,
    /** Of the planned arrival rate, 1 when it was kept. */
    achievedRatio: z.number().nonnegative(),
    statuses: z.record(z.string(), count),
    /** What makes the generator's figures doubtful, in sentences. */
    doubts: z.array(z.string()),
  }),
  /** From the intended start until the event was visible: the figure that has a target. */
  p95Milliseconds: milliseconds,
  /** Upper end of the 95 % bootstrap interval of p95, by which the target is judged. */
  p95UpperMilliseconds: milliseconds,
  acknowledged: z.object({ p95Milliseconds: milliseconds, samples: count }),
  processed: z.object({
    samples: z.int().positive(),
    /** Accepted webhooks whose event was not visible in time after the load. */
    missing: count,
    p50Milliseconds: milliseconds,
    p99Milliseconds: milliseconds,
    maximumMilliseconds: milliseconds,
  }),
})

/** @see processingTrialSchema */
export type ProcessingTrial = z.infer<typeof processingTrialSchema>

const targetMilliseconds = 2000
const largestFailedShare = 0.01
const leastAchievedRatio = 0.99
const leastSamples = { release: 3000, rehearsal: 60 }

/** Why the time to process webhooks is too long, or cannot be trusted. */
export function judgeProcessing({
  p95Milliseconds,
  p95UpperMilliseconds,
  load,
  processed,
  profile,
}: ProcessingTrial): JudgedShortfall[] {
  const where = 'webhooks under load'
  const failedShare = load.failed / load.planned
  const checks: [isMet: boolean, shortfall: Omit<JudgedShortfall, 'where'>][] = [
    [
      p95UpperMilliseconds <= targetMilliseconds,
      {
        what: `p95 from sending to processed is ${Math.round(p95Milliseconds)} ms (up to ${Math.round(p95UpperMilliseconds)} ms with 95 % confidence, ${processed.samples} samples)`,
        expected: `at most ${targetMilliseconds} ms`,
        mitigation: 'Look at queue latency, the number of workers, and queries on the way from webhook to event.',
      },
    ],
    [
      failedShare < largestFailedShare,
      {
        what: `${load.failed} of ${load.planned} requests failed (${(failedShare * 100).toFixed(1)} %; statuses ${JSON.stringify(load.statuses)})`,
        expected: 'fewer than 1 %',
        mitigation: 'Look at the statuses and at the subject’s log.',
      },
    ],
    [
      processed.missing === 0,
      {
        what: `${processed.missing} accepted webhooks were never processed`,
        expected: 'every accepted webhook has its event',
        mitigation: 'Store the webhook and its job in one transaction before acknowledging.',
      },
    ],
    [
      load.dropped === 0 && load.achievedRatio >= leastAchievedRatio && load.doubts.length === 0,
      {
        what: `the load was not what was planned: ${(load.achievedRatio * 100).toFixed(1)} % of the rate, ${load.dropped} dropped${load.doubts.map((doubt) => `; ${doubt}`).join('')}`,
        expected: 'at least 99 % of the planned rate, nothing dropped',
        mitigation: 'Let the subject answer sooner, or run the gate on a machine with nothing else to do.',
      },
    ],
    [
      processed.samples >= leastSamples[profile],
      {
        what: `only ${processed.samples} samples`,
        expected: `at least ${leastSamples[profile]}`,
        mitigation: 'Find out why so few webhooks were processed.',
      },
    ],
  ]
  return checks.flatMap(([isMet, shortfall]) => (isMet ? [] : [{ ...shortfall, where }]))
}
