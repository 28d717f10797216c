import { z } from 'zod'
import type { JudgedShortfall } from '../../evidence/shortfall.ts'
import { loadFacts, partSchema } from '../../production-load/evidence.ts'
import { checkPart, shortfallsOf } from '../../production-load/judge.ts'

/** How much processor time the subject's processes used while the rate was at its highest. */
export const processorTrialSchema = z.object({
  ...loadFacts,
  /** Of the processors that the subject file declares. */
  averagePercent: z.number().nonnegative(),
  processors: z.number().positive(),
  usedSeconds: z.number().nonnegative(),
  plateauSeconds: z.number().positive(),
  plannedPlateauSeconds: z.number().positive(),
  samples: z.int().nonnegative(),
  /** Of the requests that were to start in that time, and how many of them were answered in it. */
  plannedRequests: z.int().positive(),
  answeredRequests: z.int().nonnegative(),
  parts: z.array(partSchema).min(4),
  overTime: z.array(z.object({ second: z.number(), usedPercent: z.number().nonnegative() })),
})

/** @see processorTrialSchema */
export type ProcessorTrial = z.infer<typeof processorTrialSchema>

const targetPercent = 70
const leastSamplesPerSecond = 1
const leastPlateauShare = 0.9
const leastAnsweredShare = 0.9

/** Why the subject needs too much processor time, or that cannot be told. */
export function judgeProcessor(trial: ProcessorTrial): JudgedShortfall[] {
  const { averagePercent, usedSeconds, processors, samples, parts } = trial
  const where = 'the subject’s processes under load'
  return shortfallsOf(
    [
      [
        averagePercent < targetPercent,
        {
          what: `CPU use was ${averagePercent.toFixed(1)} % on average (${usedSeconds.toFixed(1)} s used in ${trial.plateauSeconds.toFixed(1)} s, ${samples} samples)`,
          expected: `less than ${targetPercent} % of ${processors} ${processors === 1 ? 'processor' : 'processors'}`,
          where,
          mitigation:
            'A processor profile under this load shows what computes. Or give it more processors, or more instances.',
        },
      ],
      [
        samples >= trial.plateauSeconds * leastSamplesPerSecond &&
          trial.plateauSeconds >= trial.plannedPlateauSeconds * leastPlateauShare,
        {
          what: `CPU time was looked at ${samples} times in ${trial.plateauSeconds.toFixed(1)} s of the ${trial.plannedPlateauSeconds} s at the highest rate`,
          expected: 'at least once a second, over nine tenths of that time',
          where,
          mitigation: 'Run the gate on a machine with nothing else to do.',
        },
      ],
      [
        trial.answeredRequests >= trial.plannedRequests * leastAnsweredShare,
        {
          what: `${trial.answeredRequests} of the ${trial.plannedRequests} requests at the highest rate were answered in that time: what the others cost is not in its CPU use`,
          expected: `at least ${leastAnsweredShare * 100} %`,
          where,
          mitigation: 'Let the subject answer sooner, or run the gate on a machine with nothing else to do.',
        },
      ],
      ...parts.flatMap(checkPart),
    ],
    trial,
  )
}
