import { loadFactsOf, partOf } from '../../production-load/evidence.ts'
import { loadParts } from '../../production-load/trial.ts'
import type { LoadContext } from '../../production-load/run.ts'
import { productionLoad } from '../../production-load/shared.ts'
import type { ProcessorTrial } from './judge.ts'

const mostPoints = 60

/** Looks at the processor time that the subject's processes used while the production load was at its highest. */
export async function measureProcessor(context: LoadContext): Promise<ProcessorTrial> {
  const trial = await productionLoad(context, loadParts)
  const { from, to } = trial.plateau
  const { processors } = trial.limits
  const during = trial.resources.samples.filter(({ at }) => at >= from && at <= to)
  const [first] = during
  const last = during.at(-1)
  if (first === undefined || last === undefined || last.at <= first.at) {
    throw new Error('The processor time of the subject was not sampled while the load was at its highest.')
  }
  const usedSeconds = Math.max(0, last.processorSeconds - first.processorSeconds)
  const plateauSeconds = (last.at - first.at) / 1000
  const step = Math.ceil(trial.resources.samples.length / mostPoints)
  const points = trial.resources.samples.filter((_sample, index) => index % step === 0)
  const planned = trial.load.samples.filter(({ intendedAt }) => intendedAt >= from && intendedAt <= to)
  const isAnswered = ({ intendedAt, latencyMilliseconds }: (typeof planned)[number]): boolean =>
    latencyMilliseconds !== null && intendedAt + latencyMilliseconds <= to
  return {
    ...loadFactsOf(trial),
    averagePercent: (usedSeconds / plateauSeconds / processors) * 100,
    processors,
    usedSeconds,
    plateauSeconds,
    plannedPlateauSeconds: (to - from) / 1000,
    samples: during.length,
    plannedRequests: planned.length,
    answeredRequests: planned.filter(isAnswered).length,
    parts: loadParts.map((part) => partOf(trial, part)),
    overTime: points.slice(1).flatMap((point, index) => {
      const before = points[index]
      if (before === undefined) return []
      const share = (point.processorSeconds - before.processorSeconds) / ((point.at - before.at) / 1000)
      return [
        {
          second: Math.round((point.at - trial.load.startedAt) / 100) / 10,
          usedPercent: Math.max(0, Math.round((share / processors) * 1000) / 10),
        },
      ]
    }),
  }
}
