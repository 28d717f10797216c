import type { JudgedShortfall } from '../../evidence/shortfall.ts'
import type { ContentFinding, Moment, SequenceOutcome, Revival, RestoreTrials, BackupTrial } from './evidence.ts'
import { judgeDamages, judgeOccupied, judgeSabotage } from './judge-refusals.ts'

const command = { backup: 'db:backup', restore: 'db:restore --verify' }

/** Each way in which the drill did not bring back what was there, or in which a worthless backup was not refused. */
export function judgeBackup(trial: BackupTrial): JudgedShortfall[] {
  const { backup, contents, restored, failures, target } = trial
  if (backup.run.exitCode !== 0 || backup.files === 0) {
    return [
      {
        what: `db:backup made no backup while writes went on: exit code ${backup.run.exitCode}, ${backup.files} files`,
        expected: 'exit code 0 and the file that --output names',
        where: `${command.backup}: ${backup.run.words.slice(-300)}`,
        mitigation: 'Read the database in one repeatable-read transaction, which needs no locks and waits for nobody.',
      },
    ]
  }
  const shortfalls = contents.findings.map(judgeFinding)
  if (restored === null || target === null) {
    return [
      ...shortfalls,
      {
        what: `the intact backup could not be restored into a new database: ${failures.map(({ target: kind, run }) => `${kind}: exit code ${run.exitCode}`).join('; ')}`,
        expected: 'exit code 0 on an empty database, with or without the schema',
        where: `${command.restore}: ${failures.map(({ run }) => run.words.slice(-200)).join(' | ')}`,
        mitigation: 'Restore in one transaction, parents before children, and try it in every build.',
      },
    ]
  }
  return [
    ...shortfalls,
    ...judgeTables(restored.moment),
    ...judgeMoment(restored.moment),
    ...restored.structure.missing.slice(0, 12).map((line) => ({
      what: `missing from the restored database: ${line}`,
      expected: 'every table, column, default, constraint, index, trigger, function and privilege of the source',
      where: command.restore,
      mitigation: 'Restore into the schema that the migrations make, and enable again whatever the restore disables.',
    })),
    ...restored.sequences.filter(({ isPast }) => !isPast).map(judgeSequence),
    ...judgeRevival(restored.revival),
    ...(restored.trials === null ? [] : judgeTrials(restored.trials)),
  ]
}

const judgeTrials = ({ refusals, occupied, sabotage, again }: RestoreTrials): JudgedShortfall[] => [
  ...judgeDamages(refusals),
  ...judgeOccupied(occupied),
  ...judgeSabotage(sabotage),
  ...judgeAgain(again),
]

const judgeFinding = ({ kind, label, where, encoding }: ContentFinding): JudgedShortfall => ({
  what: `${kind} is readable in clear outside the database after a backup: ${label}, ${encoding}`,
  expected: 'a backup that only its key opens, and nothing left beside it',
  where,
  mitigation:
    'Encrypt the whole backup while it is written; write no plain copy, not even for a while; print no content.',
})

/** A restore may note itself, in the audit log or an event: so many rows at most, and only where others are written. */
const notedByRestore = 2

function judgeTables({ tables }: Moment): JudgedShortfall[] {
  return tables.flatMap(({ table, rowsBefore, rowsRestored, isEqual, rowsLost, rowsInvented, isStill }) => {
    const where = `table ${table}`
    const mitigation = 'Back up every table of every schema with all its rows, found in the catalog and not in a list.'
    if (rowsRestored === null)
      return [
        { what: `${table} is not restored`, expected: `the table with its ${rowsBefore} rows`, where, mitigation },
      ]
    if (rowsLost > 0 || (isStill && isEqual === false)) {
      return [
        {
          what: `${table} is not what it was: ${rowsLost} of ${rowsBefore} rows that nobody had changed are missing or altered, ${rowsRestored} rows are restored`,
          expected: isStill
            ? 'the same rows, by their ordered checksum'
            : 'all rows that were there throughout the backup',
          where,
          mitigation,
        },
      ]
    }
    if (rowsInvented <= notedByRestore) return []
    const what = `${table} has ${rowsInvented} rows that the source never had`
    return [{ what, expected: 'rows of the source alone', where, mitigation }]
  })
}

const fewestMeanwhile = 4
const mostWaiting = 0.6

/** Whether hardly anything could be written while the backup read, since it held what is written. */
export const isStandstill = (writes: Moment['writes']): boolean =>
  writes.acceptedMeanwhile < fewestMeanwhile &&
  writes.longestWaitMilliseconds > mostWaiting * writes.readingMilliseconds

/** Whether enough was written for a torn backup to show. */
export const isWrittenMeanwhile = (writes: Moment['writes']): boolean =>
  writes.acceptedBefore > 0 && writes.acceptedMeanwhile >= fewestMeanwhile

function judgeMoment({ transactions, writes }: Moment): JudgedShortfall[] {
  const oneMoment = {
    where: 'restored database',
    mitigation:
      'Read all tables in one transaction of isolation level repeatable read, or in several on one exported snapshot.',
  }
  const shortfalls: JudgedShortfall[] = []
  if (transactions.splitInAll > 0) {
    shortfalls.push({
      what: `the restored database is no single moment: of ${transactions.splitInAll} transactions only a part is restored: ${transactions.split.join('; ')}`,
      expected: 'each transaction whole or not at all',
      ...oneMoment,
    })
  }
  if (writes.outOfOrder > 0) {
    shortfalls.push({
      what: `the restored database is no single moment: ${writes.outOfOrder} times a later write is restored and an earlier one is not`,
      expected: 'all writes accepted before a moment, and none after it',
      ...oneMoment,
    })
  }
  if (isStandstill(writes)) {
    shortfalls.push({
      what: `writes stand still while a backup is made: one waited ${Math.round(writes.longestWaitMilliseconds)} ms of the ${Math.round(writes.readingMilliseconds)} ms, ${writes.acceptedMeanwhile} were accepted`,
      expected: 'writes go on',
      where: command.backup,
      mitigation: 'Take no locks: a repeatable-read transaction sees one moment without them.',
    })
  }
  if (writes.lostBefore > 0) {
    shortfalls.push({
      what: `${writes.lostBefore} of ${writes.acceptedBefore} writes that had been accepted before the backup began are not restored`,
      expected: 'all of them',
      ...oneMoment,
    })
  }
  if (writes.restoredAfter > 0) {
    shortfalls.push({
      what: `${writes.restoredAfter} writes sent after the backup had ended are in the restored database`,
      expected: 'nothing that is not in the backup',
      ...oneMoment,
    })
  }
  return shortfalls
}

const judgeSequence = ({ sequence, lastBefore, lastRestored, highestInUse }: SequenceOutcome): JudgedShortfall => ({
  what: `sequence ${sequence} goes on after ${lastRestored ?? 'nothing'}, though ${highestInUse === null ? `it had given out ${lastBefore}` : `${highestInUse} is in use`}`,
  expected: `the next value is past all that were given out (${lastBefore} when the backup began)`,
  where: `sequence ${sequence} in the restored database`,
  mitigation: 'Back up where each sequence stands, and set it with setval after the rows are restored.',
})

function judgeRevival({ problem, checks }: Revival): JudgedShortfall[] {
  const where = 'application on the restored database'
  const mitigation = 'Start the application on a restored database in every build, with the keys of the deployment.'
  if (problem !== null) {
    return [
      {
        what: `the application is not ready on the restored database: ${problem.slice(0, 400)}`,
        expected: 'ready',
        where,
        mitigation,
      },
    ]
  }
  return checks
    .filter(({ isMet }) => !isMet)
    .map(({ what, got }) => ({
      what: `on the restored database it does not hold that ${what}: ${got.slice(0, 300)}`,
      expected: what,
      where,
      mitigation,
    }))
}

function judgeAgain({ run, differences }: RestoreTrials['again']): JudgedShortfall[] {
  if (run.exitCode === 0 && differences.length === 0) return []
  return [
    {
      what: `after refused restores the intact backup is not restored alike: exit code ${run.exitCode}${differences.length > 0 ? `, ${differences.slice(0, 4).join('; ')}` : ''}`,
      expected: 'the same database as at the first restore',
      where: `${command.restore}: ${run.words.slice(-200)}`,
      mitigation: 'Leave nothing behind when a backup is refused: no rows, no locks, no temporary files.',
    },
  ]
}
