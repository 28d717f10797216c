import { readStoredRows } from '../../database/rows.ts'
import type { SequencePlace, StoredRows } from '../../database/rows.ts'
import type { DatabaseClone } from '../../database/template.ts'
import type { BackupTrial, CommandRun, RestoreTrials, SequenceOutcome } from './evidence.ts'
import { compareTargets, describeTarget } from './targets.ts'
import type { TargetKind, Targets, TargetState } from './targets.ts'
import { restore } from './tools.ts'
import type { BackupFiles, Needs } from './tools.ts'

/** The first restore that worked, and those that did not. */
export interface IntactRestore {
  failures: BackupTrial['failures']
  restored: { kind: TargetKind; target: DatabaseClone; run: CommandRun } | undefined
}

/** Restores into a database with the schema, or, for a subject that brings it along, into one without. */
export async function restoreIntact(needs: Needs, targets: Targets, files: BackupFiles): Promise<IntactRestore> {
  const failures: BackupTrial['failures'] = []
  for (const kind of ['migrated', 'blank'] as const) {
    const target = await targets.make(kind)
    const run = await restore(needs, files, target.url)
    if (run.exitCode === 0) return { failures, restored: { kind, target, run } }
    failures.push({ target: kind, run })
  }
  return { failures, restored: undefined }
}

/** Restores over a copy of the source, which has rows that the backup has not. */
export async function restoreOverData(
  needs: Needs,
  files: BackupFiles,
  { url, restoredRows }: { url: string; restoredRows: StoredRows },
): Promise<RestoreTrials['occupied']> {
  const [before, rowsBefore] = await Promise.all([describeTarget(url), readStoredRows(url)])
  const run = await restore(needs, files, url)
  const [after, rowsAfter] = await Promise.all([describeTarget(url), readStoredRows(url)])
  let [leftovers, missing] = [0, 0]
  for (const [table, rows] of restoredRows) {
    const wanted = textsOf(rows)
    const were = textsOf(rowsBefore.get(table) ?? [])
    const are = textsOf(rowsAfter.get(table) ?? [])
    for (const text of are) if (were.has(text) && !wanted.has(text)) leftovers += 1
    for (const text of wanted) if (!are.has(text)) missing += 1
  }
  return { run, changes: compareTargets(before, after), leftovers, missing }
}

const textsOf = (rows: readonly { text: string }[]): Set<string> => new Set(rows.map(({ text }) => text))

/** Restores the intact backup once more. */
export async function restoreAgain(
  needs: Needs,
  targets: Targets,
  { files, kind, first, ofSchema }: { files: BackupFiles; kind: TargetKind; first: TargetState; ofSchema: Set<string> },
): Promise<RestoreTrials['again']> {
  const target = await targets.make(kind)
  const run = await restore(needs, files, target.url)
  if (run.exitCode !== 0) return { run, differences: [] }
  const second = await describeTarget(target.url)
  const compared = ({ fingerprint, structure }: TargetState): TargetState => ({
    fingerprint: { ...fingerprint, tables: fingerprint.tables.filter(({ table }) => !ofSchema.has(table)) },
    structure,
  })
  return { run, differences: compareTargets(compared(first), compared(second)) }
}

/** Whether each sequence that was in use goes on past what was given out. */
export function compareSequences(
  before: readonly SequencePlace[],
  restored: readonly SequencePlace[],
): SequenceOutcome[] {
  const now = new Map(restored.map((place) => [place.sequence, place]))
  return before.flatMap(({ sequence, last }) => {
    if (last === null) return []
    const place = now.get(sequence)
    const [lastRestored, highest] = [place?.last ?? null, place?.highest ?? null]
    // what its column holds is what must not come again; where it holds nothing, what was given out before
    const isPast = lastRestored !== null && lastRestored >= (highest ?? last)
    return [
      {
        sequence,
        lastBefore: String(last),
        lastRestored: lastRestored === null ? null : String(lastRestored),
        highestInUse: highest === null ? null : String(highest),
        isPast,
      },
    ]
  })
}
