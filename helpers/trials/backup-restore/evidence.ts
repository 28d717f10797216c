import { z } from 'zod'

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
  target: z.enum(['nothing', 'no table', 'other data']),
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
      /** Whether the row was lost, or said something else, in the end. */
      isSpoilt: z.boolean(),
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
