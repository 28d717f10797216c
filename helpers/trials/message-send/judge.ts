import { z } from 'zod'
import type { JudgedShortfall } from '../../evidence/shortfall.ts'
import { latenciesSchema, loadFacts, partSchema } from '../../production-load/evidence.ts'
import { checkP95, checkPart, shortfallsOf } from '../../production-load/judge.ts'

/** How long messages took from the moment they should have been asked for until the provider had received them. */
export const messageTrialSchema = z.object({
  ...loadFacts,
  /** From the intended start until the provider had it: the figure that has a target. */
  p95Milliseconds: z.number().nonnegative(),
  load: partSchema,
  acknowledged: latenciesSchema,
  received: latenciesSchema,
  /** Accepted messages that had not reached the provider in time after the load. */
  missing: z.int().nonnegative(),
})

/** @see messageTrialSchema */
export type MessageTrial = z.infer<typeof messageTrialSchema>

const targetMilliseconds = 5000
const leastSamples = { release: 600, rehearsal: 40 }

/** Why the time to send messages is too long, or cannot be trusted. */
export function judgeMessages(trial: MessageTrial): JudgedShortfall[] {
  const { load, received, missing, profile } = trial
  const where = 'messages under load'
  return shortfallsOf(
    [
      ...checkP95(received, {
        milliseconds: targetMilliseconds,
        leastSamples: leastSamples[profile],
        what: 'from trigger to provider',
        where,
        mitigation: 'Look at queue latency, the number of workers that send, and how often one waits for the provider.',
      }),
      ...checkPart(load),
      [
        missing === 0,
        {
          what: `${missing} accepted messages never reached the provider`,
          expected: 'every accepted message is sent',
          where,
          mitigation: 'Store the message and its job in one transaction, and keep the job until the provider has it.',
        },
      ],
    ],
    trial,
  )
}
