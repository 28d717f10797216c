import { z } from 'zod'
import { attestedSchema, judgeEvidenceFiles } from '../../evidence/attestation.ts'
import type { JudgedShortfall } from '../../evidence/shortfall.ts'

const instant = z.iso.datetime({ offset: true })

/** Who is on call while the release goes out. */
export const onCallTrialSchema = attestedSchema.extend({
  confirmedBy: z.string(),
  examinedAt: instant,
  releaseWindow: z.object({ from: instant, to: instant }),
  shifts: z.array(z.object({ level: z.int().positive(), name: z.string(), from: instant, to: instant })),
})

/** @see onCallTrialSchema */
export type OnCallTrial = z.infer<typeof onCallTrialSchema>

const levels = [1, 2]
const mitigation = 'Complete the schedule for the release window, have it confirmed, and record it anew.'

/** Each part of the release window without somebody at either level, or with one person at both. */
export function judgeOnCall(trial: OnCallTrial): JudgedShortfall[] {
  return [...judgeEvidenceFiles(trial), ...judgeWindow(trial)]
}

function judgeWindow({ record: where, releaseWindow, shifts, examinedAt }: OnCallTrial): JudgedShortfall[] {
  const [from, to] = [Date.parse(releaseWindow.from), Date.parse(releaseWindow.to)]
  const shortfall = (what: string, expected: string): JudgedShortfall => ({ what, expected, where, mitigation })
  if (to <= from)
    return [shortfall('the release window ends before it begins', 'a release window from an earlier to a later time')]
  return [
    ...(to < Date.parse(examinedAt)
      ? [shortfall(`the release window ended at ${releaseWindow.to}`, 'a release window that is not over')]
      : []),
    ...levels.flatMap((level) =>
      gapsOf(
        shifts.filter((shift) => shift.level === level),
        from,
        to,
      ).map((gap) =>
        shortfall(
          `nobody is on call at level ${level} from ${shown(gap.from)} to ${shown(gap.to)}`,
          'a person at each of two levels for the whole release window',
        ),
      ),
    ),
    ...overlaps(shifts, from, to).map(({ name, at }) =>
      shortfall(
        `${name} is on call at two levels at once, from ${shown(at)}`,
        'two people, so that the second answers when the first does not',
      ),
    ),
  ]
}

type Shift = OnCallTrial['shifts'][number]

function gapsOf(shifts: readonly Shift[], from: number, to: number): { from: number; to: number }[] {
  const gaps: { from: number; to: number }[] = []
  let covered = from
  for (const shift of shifts.toSorted((one, other) => Date.parse(one.from) - Date.parse(other.from))) {
    const [begins, ends] = [Date.parse(shift.from), Date.parse(shift.to)]
    if (begins >= to) break
    if (begins > covered) gaps.push({ from: covered, to: begins })
    covered = Math.max(covered, ends)
  }
  if (covered < to) gaps.push({ from: covered, to })
  return gaps
}

function overlaps(shifts: readonly Shift[], from: number, to: number): { name: string; at: number }[] {
  return shifts.flatMap((one, index) =>
    shifts.slice(index + 1).flatMap((other) => {
      const begins = Math.max(Date.parse(one.from), Date.parse(other.from), from)
      const ends = Math.min(Date.parse(one.to), Date.parse(other.to), to)
      const isSame = one.level !== other.level && nameOf(one) === nameOf(other)
      return isSame && begins < ends ? [{ name: one.name, at: begins }] : []
    }),
  )
}

const nameOf = ({ name }: Shift): string => name.trim().toLowerCase().replaceAll(/\s+/g, ' ')
const shown = (time: number): string => new Date(time).toISOString()
