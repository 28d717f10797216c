import { z } from 'zod'
import type { JudgedShortfall } from '../../evidence/shortfall.ts'
import { latenciesSchema, loadFacts, partSchema } from '../../production-load/evidence.ts'
import { checkP95, checkPart, shortfallsOf } from '../../production-load/judge.ts'

/** How long webhooks took from the moment they should have been sent until their event was visible. */
export const processingTrialSchema = z.object({
  ...loadFacts,
  /** From the intended start until the event was visible: the figure that has a target. */
  p95Milliseconds: z.number().nonnegative(),
  load: partSchema,
  acknowledged: latenciesSchema,
  processed: latenciesSchema,
  /** Accepted webhooks whose event was not visible in time after the load. */
  missing: z.int().nonnegative(),
  /** How often the Event API could not be read meanwhile. */
  eventReadingFailures: z.int().nonnegative(),
})

/** @see processingTrialSchema */
export type ProcessingTrial = z.infer<typeof processingTrialSchema>

const targetMilliseconds = 2000
const leastSamples = { release: 3000, rehearsal: 60 }

/** Why the time to process webhooks is too long, or cannot be trusted. */
export function judgeProcessing(trial: ProcessingTrial): JudgedShortfall[] {
  const { load, processed, missing, profile } = trial
  const where = 'webhooks under load'
  return shortfallsOf(
    [
      ...checkP95(processed, {
        milliseconds: targetMilliseconds,
        leastSamples: leastSamples[profile],
        what: 'from sending to processed',
        where,
        mitigation: 'Look at queue latency, the number of workers, and queries on the way from webhook to event.',
      }),
      ...checkPart(load),
      [
        missing === 0,
        {
          what: `${missing} accepted webhooks were never processed`,
          expected: 'every accepted webhook has its event',
          where,
          mitigation: 'Store the webhook and its job in one transaction before acknowledging.',
        },
      ],
    ],
    trial,
  )
}
