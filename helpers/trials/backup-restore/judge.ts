import { z } from 'zod'
import type { JudgedShortfall } from '../../evidence/shortfall.ts'
import { judgeDamages, judgeOccupied, judgeSabotage } from './judge-refusals.ts'

const count = z.int().nonnegative()
const positive = z.int().positive()
const milliseconds = z.number().nonnegative()

const runSchema = z.object({
  exitCode: z.int().nullable(),
  endedBy: z.enum(['itself', 'signal', 'time limit', 'not started']),
  durationMilliseconds: milliseconds,
  /** What the command said, without what npm adds; its last lines. */
  words: z.string(),
})

/** How one run of a command ended. */
export type CommandRun = z.infer<typeof runSchema>

const findingSchema = z.object({
  kind: z.enum(['secret', 'personal data']),
  label: z.string().min(1),
  where: z.string().min(1),
  encoding: z.string().min(1),
})

/** A text that is readable where it must not be. */
export type ContentFinding = z.infer<typeof findingSchema>

const tableSchema = z.object({
  table: z.string().min(1),
  /** At the beginning of the backup, at its end, and in the restored database; null where it has no such table. */
  rowsBefore: count,
  rowsAfter: count,
  rowsRestored: count.nullable(),
  /** Whether nothing in it changed from before the backup until after it. */
  isStill: z.boolean(),
  /** Whether the restored rows, in order, have the checksum of the source's; only where nothing changed. */
  isEqual: z.boolean().nullable(),
  /** Rows that were there from before the backup until after it, and are not restored. */
  rowsLost: count,
  /** Restored rows that the source never had. */
  rowsInvented: count,
})

/** One table of the source, and what became of it. */
export type TableOutcome = z.infer<typeof tableSchema>

const momentSchema = z.object({
  tables: z.array(tableSchema).min(5),
  /** Transactions of the source that changed two rows or more while the backup was made, as they are restored. */
  transactions: z.object({
    whole: count,
    absent: count,
    /** Of which some rows are restored and others are not, each in a sentence; the first of them. */
    split: z.array(z.string()),
    splitInAll: count,
  }),
  writes: z.object({
    /** Accepted before the backup began, and of these not restored. */
    acceptedBefore: positive,
    lostBefore: count,
    /** Accepted while the backup read the database, and how many of these are restored. */
    acceptedMeanwhile: count,
    restoredMeanwhile: count,
    /** How long the backup read, and how long the one write waited that waited longest in this time. */
    readingMilliseconds: milliseconds,
    longestWaitMilliseconds: milliseconds,
    /** Sent after the backup had ended, and of these restored. */
    sentAfter: positive,
    restoredAfter: count,
    /** Pairs of which the later write is restored and the one accepted before it was sent is not. */
    outOfOrder: count,
  }),
})

/** Whether what was restored is one moment of the source. */
export type Moment = z.infer<typeof momentSchema>

const sequenceSchema = z.object({
  sequence: z.string().min(1),
  /** The last value given out in the source when the backup began; in the restored database, null when none is. */
  lastBefore: z.string(),
  lastRestored: z.string().nullable(),
  /** The highest number in the column that it fills, in the restored database. */
  highestInUse: z.string().nullable(),
  isPast: z.boolean(),
})

/** Where a sequence goes on after the restore. */
export type SequenceOutcome = z.infer<typeof sequenceSchema>

const revivalSchema = z.object({
  /** Why the application was not ready on the restored database; null when it was. */
  problem: z.string().nullable(),
  readyAfterMilliseconds: milliseconds.nullable(),
  checks: z.array(z.object({ what: z.string().min(1), isMet: z.boolean(), got: z.string() })),
})

/** The application on the restored database. */
export type Revival = z.infer<typeof revivalSchema>

const refusalSchema = z.object({
  name: z.string().min(1),
  /** What the target held. */
  target: z.enum(['nothing', 'other data']),
  run: runSchema,
  /** Whether the backup itself was refused to be made, for one that the subject makes. */
  isNotMade: z.boolean(),
  /** Whether `db:backup` reported success although the database was lost while it read. */
  isSaidToBeMade: z.boolean(),
  /** What differs in the target afterwards. */
  changes: z.array(z.string()),
})

/** A restore that had to be refused. */
export type Refusal = z.infer<typeof refusalSchema>

const trialsSchema = z.object({
  refusals: z.array(refusalSchema).min(8),
  /** The intact backup over data: what changed, what was left of before, what is missing of the backup. */
  occupied: z.object({ run: runSchema, changes: z.array(z.string()), leftovers: count, missing: count }),
  sabotage: z
    .object({
      table: z.string().min(1),
      run: runSchema,
      /** Whether the row was lost in the end. */
      isLost: z.boolean(),
    })
    .nullable(),
  again: z.object({ run: runSchema, differences: z.array(z.string()) }),
})

/** Restores that have to be refused, and those beside them that have not. */
export type RestoreTrials = z.output<typeof trialsSchema>

const restoredSchema = z.object({
  rows: positive,
  run: runSchema,
  moment: momentSchema,
  structure: z.object({ compared: positive, missing: z.array(z.string()) }),
  sequences: z.array(sequenceSchema),
  revival: revivalSchema,
  /** Null in a rehearsal in which what was restored falls short already. */
  trials: trialsSchema.nullable(),
})

/** A drill: a backup while writes go on, the loss of the database, and the restore, among restores that must be refused. */
export const backupTrialSchema = z.object({
  source: z.object({
    tables: positive,
    rows: positive,
    rowsMadeByCopying: count,
    bookings: positive,
    letters: positive,
  }),
  backup: z.object({ run: runSchema, files: count, bytes: count }),
  contents: z.object({
    canaries: positive,
    /** Texts that the backup's bytes were read as: as they are, decoded, uncompressed. */
    readings: count,
    filesBeside: count,
    findings: z.array(findingSchema),
  }),
  /** What the target of a restore has to be; null when the intact backup could be restored into none. */
  target: z.enum(['migrated', 'blank']).nullable(),
  /** Restores of the intact backup that failed. */
  failures: z.array(z.object({ target: z.enum(['migrated', 'blank']), run: runSchema })),
  restored: restoredSchema.nullable(),
  figures: z.object({
    /** From the last accepted write that is restored to the end of the backup; null when none is. */
    recoveryPointMilliseconds: z.number().nullable(),
    /** From the start of the restore until the application is ready; null when it never was. */
    recoveryTimeMilliseconds: milliseconds.nullable(),
    backupSecondsPer10000Rows: milliseconds,
    restoreSecondsPer10000Rows: milliseconds.nullable(),
  }),
})

/** @see backupTrialSchema */
export type BackupTrial = z.infer<typeof backupTrialSchema>

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
  what: `${kind} is readable outside the database after a backup: ${label}, ${encoding}`,
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
