import type { JudgedShortfall } from '../evidence/shortfall.ts'
import type { Latencies, PartEvidence } from './evidence.ts'

/** A condition and what to say where it does not hold. */
export type Check = [isMet: boolean, shortfall: JudgedShortfall]

const busyPercent = 25

/** The shortfalls of the checks that do not hold; each says so where the machine was busy with something else. */
export function shortfallsOf(
  checks: readonly Check[],
  { otherPrograms }: { otherPrograms: { percent: number } | null },
): JudgedShortfall[] {
  const beside =
    otherPrograms === null || otherPrograms.percent < busyPercent
      ? ''
      : `; meanwhile programs outside of this run used ${Math.round(otherPrograms.percent)} % of the machine`
  return checks.flatMap(([isMet, shortfall]) => (isMet ? [] : [{ ...shortfall, what: `${shortfall.what}${beside}` }]))
}

const largestFailedShare = 0.01
const leastAchievedRatio = 0.99

/** Whether a part's requests were answered as hoped for, and sent as planned. */
export function checkPart(load: PartEvidence): Check[] {
  const failedShare = load.failed / load.planned
  const where = `${load.part} under load`
  return [
    [
      failedShare < largestFailedShare,
      {
        what: `${load.failed} of ${load.planned} requests failed (${(failedShare * 100).toFixed(1)} %; statuses ${JSON.stringify(load.statuses)}, errors ${JSON.stringify(load.errors)})`,
        expected: 'fewer than 1 %',
        where,
        mitigation: 'Look at the statuses and at the subject’s log.',
      },
    ],
    [
      load.dropped === 0 && load.achievedRatio >= leastAchievedRatio && load.doubts.length === 0,
      {
        what: `the load was not what was planned: ${(load.achievedRatio * 100).toFixed(1)} % of the rate, ${load.dropped} dropped${load.doubts.map((doubt) => `; ${doubt}`).join('')}`,
        expected: 'at least 99 % of the planned rate, nothing dropped, the generator in time',
        where,
        mitigation: 'Let the subject answer sooner, or run the gate on a machine with nothing else to do.',
      },
    ],
  ]
}

/** Whether p95, judged by the upper end of its interval, keeps to a target, and enough was measured to say so. */
export function checkP95(
  { samples, p95 }: Latencies,
  target: { milliseconds: number; leastSamples: number; what: string; where: string; mitigation: string },
): Check[] {
  const { what, where, mitigation } = target
  return [
    [
      p95.upperMilliseconds <= target.milliseconds,
      {
        what: `p95 ${what} is ${Math.round(p95.milliseconds)} ms (up to ${Math.round(p95.upperMilliseconds)} ms with 95 % confidence, ${samples} samples)`,
        expected: `at most ${target.milliseconds} ms`,
        where,
        mitigation,
      },
    ],
    [
      samples >= target.leastSamples,
      {
        what: `only ${samples} samples ${what}`,
        expected: `at least ${target.leastSamples}`,
        where,
        mitigation: 'Find out why so few were answered as they should be.',
      },
    ],
  ]
}
