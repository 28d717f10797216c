import { z } from 'zod'
import type { JudgedShortfall } from '../../evidence/shortfall.ts'
import { loadFacts, partSchema } from '../../production-load/evidence.ts'
import { checkPart, shortfallsOf } from '../../production-load/judge.ts'

const megabytes = z.number().nonnegative()

/** How much memory the subject's processes held during the load. */
export const memoryTrialSchema = z.object({
  ...loadFacts,
  /** Of the limit that the subject file declares. */
  peakPercent: z.number().nonnegative(),
  peakMegabytes: megabytes,
  limitMegabytes: z.number().positive(),
  /** When the load began, and the median of its last fifth. */
  beforeMegabytes: megabytes,
  endMegabytes: megabytes,
  samples: z.int().nonnegative(),
  spannedSeconds: z.number().nonnegative(),
  parts: z.array(partSchema).min(4),
  overTime: z.array(z.object({ second: z.number(), residentMegabytes: megabytes })),
})

/** @see memoryTrialSchema */
export type MemoryTrial = z.infer<typeof memoryTrialSchema>

const targetPercent = 80
const leastSamplesPerSecond = 1

/** Why the subject needs too much memory, or that cannot be told. */
export function judgeMemory(trial: MemoryTrial): JudgedShortfall[] {
  const { peakPercent, peakMegabytes, limitMegabytes, samples, spannedSeconds, parts } = trial
  const where = 'the subject’s processes under load'
  return shortfallsOf(
    [
      [
        peakPercent < targetPercent,
        {
          what: `memory rose to ${Math.round(peakMegabytes)} MB, ${peakPercent.toFixed(1)} % of the limit (${samples} samples)`,
          expected: `less than ${targetPercent} % of ${limitMegabytes} MB`,
          where,
          mitigation:
            'Find out what is kept or read at once: a heap profile under this load shows it. Or raise the limit.',
        },
      ],
      [
        samples >= spannedSeconds * leastSamplesPerSecond,
        {
          what: `memory was looked at ${samples} times in ${Math.round(spannedSeconds)} s`,
          expected: 'at least once a second',
          where,
          mitigation: 'Run the gate on a machine with nothing else to do.',
        },
      ],
      ...parts.flatMap(checkPart),
    ],
    trial,
  )
}
