import type { JudgedShortfall } from '../../evidence/shortfall.ts'
import type { CommandRun, Refusal, RestoreTrials } from './evidence.ts'

const whereOf = (run: CommandRun): string => `db:restore --verify: ${run.words.slice(-200)}`

const targets = {
  nothing: 'an empty database',
  'no table': 'a database without tables',
  'other data': 'a database with data',
} as const

/** Each restore of a worthless backup that was not refused, not told, or that touched its target. */
export function judgeDamages(refusals: readonly Refusal[]): JudgedShortfall[] {
  return refusals.flatMap(({ name, target, run, isNotMade, isSaidToBeMade, changes }) => {
    if (isNotMade) return []
    const shortfalls: JudgedShortfall[] = []
    if (isSaidToBeMade) {
      shortfalls.push({
        what: `db:backup ends with 0 although the database was lost while it read: a backup ${name} is said to be made`,
        expected: 'an exit code other than 0, and no file',
        where: 'db:backup',
        mitigation:
          'Let the failure of any step fail the command, of a pipe every part, and name the file only once it is whole.',
      })
    }
    const into = targets[target]
    if (run.exitCode === 0 || run.endedBy !== 'itself') {
      shortfalls.push({
        what:
          run.endedBy === 'itself'
            ? `a backup ${name} is accepted into ${into}: exit code 0`
            : `a backup ${name} is neither restored nor refused: ended by ${run.endedBy}`,
        expected: 'refused: an exit code other than 0, and a message that says why',
        where: whereOf(run),
        mitigation:
          'Read the backup to its end before the target is touched: authenticate all of it, its versions and the list of its tables.',
      })
    } else if (run.words.trim() === '') {
      shortfalls.push({
        what: `a backup ${name} is refused without a word`,
        expected: 'a message that says why',
        where: whereOf(run),
        mitigation: 'Say what is wrong with the backup on standard error.',
      })
    }
    if (changes.length > 0 && run.exitCode !== 0) {
      shortfalls.push({
        what: `a backup ${name} was refused, and yet ${into} was touched: ${changes.slice(0, 4).join('; ')}`,
        expected: 'the target as it was',
        where: whereOf(run),
        mitigation: 'Check the whole backup first, restore in one transaction, and set sequences last.',
      })
    }
    return shortfalls
  })
}

/** A restore over data has to be refused or to replace all of it. */
export function judgeOccupied({ run, changes, leftovers, missing }: RestoreTrials['occupied']): JudgedShortfall[] {
  const isRefusedCleanly = run.exitCode !== 0 && changes.length === 0
  const isReplaced = run.exitCode === 0 && leftovers === 0 && missing === 0
  if (isRefusedCleanly || isReplaced) return []
  return [
    {
      what:
        run.exitCode === 0
          ? `the backup was restored over a database that held other data, and mixed with it: ${leftovers} rows of before are left, ${missing} of the backup are missing`
          : `the restore into a database that holds data failed with exit code ${run.exitCode}, and changed it: ${changes.slice(0, 4).join('; ')}`,
      expected: 'refused with the target as it was, or replaced whole',
      where: whereOf(run),
      mitigation: 'Refuse a target that holds rows, before and after it is locked.',
    },
  ]
}

/** A restore in which a row gets lost must not be said to be verified. */
export function judgeSabotage(sabotage: RestoreTrials['sabotage']): JudgedShortfall[] {
  if (sabotage === null || !sabotage.isSpoilt || sabotage.run.exitCode !== 0) return []
  return [
    {
      what: `--verify verifies nothing: a row of ${sabotage.table} was altered or lost while it was restored, and the exit code is 0`,
      expected: 'an exit code other than 0 when a restored table is not what was backed up',
      where: whereOf(sabotage.run),
      mitigation: 'Count and checksum each restored table in the target and compare with the backup before the commit.',
    },
  ]
}
