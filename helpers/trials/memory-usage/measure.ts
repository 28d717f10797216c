import { loadFactsOf, partOf } from '../../production-load/evidence.ts'
import { loadParts } from '../../production-load/trial.ts'
import type { LoadContext } from '../../production-load/run.ts'
import { productionLoad } from '../../production-load/shared.ts'
import type { MemoryTrial } from './judge.ts'

const mostPoints = 60

/** Looks at the memory of the subject's processes during the production load. */
export async function measureMemory(context: LoadContext): Promise<MemoryTrial> {
  const trial = await productionLoad(context, loadParts)
  const { samples, highWaterMegabytes } = trial.resources
  const held = samples.map(({ residentMegabytes }) => residentMegabytes)
  const [first] = samples
  const last = samples.at(-1)
  if (first === undefined || last === undefined) throw new Error('The memory of the subject was not sampled.')
  const peakMegabytes = Math.max(...held, highWaterMegabytes ?? 0)
  const { memoryMegabytes } = trial.limits
  const step = Math.ceil(samples.length / mostPoints)
  const ending = held.slice(Math.floor(held.length * 0.8)).toSorted((a, b) => a - b)
  return {
    ...loadFactsOf(trial),
    peakPercent: (peakMegabytes / memoryMegabytes) * 100,
    peakMegabytes,
    limitMegabytes: memoryMegabytes,
    beforeMegabytes: first.residentMegabytes,
    endMegabytes: ending[Math.floor(ending.length / 2)] ?? last.residentMegabytes,
    samples: samples.length,
    spannedSeconds: (last.at - first.at) / 1000,
    parts: loadParts.map((part) => partOf(trial, part)),
    overTime: samples
      .filter((_sample, index) => index % step === 0)
      .map(({ at, residentMegabytes }) => ({
        second: Math.round((at - trial.load.startedAt) / 100) / 10,
        residentMegabytes: Math.round(residentMegabytes),
      })),
  }
}
