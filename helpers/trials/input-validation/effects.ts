import { setTimeout as sleep } from 'node:timers/promises'
import { compareFingerprints, fingerprintDatabase } from '../../database/snapshot.ts'
import type { DatabaseFingerprint } from '../../database/snapshot.ts'

/** Tells changes that requests made from notes that the subject takes of any request at all. */
export interface ChangeWatch {
  /** Tables, with schema, in which the subject notes what nobody could have understood, or writes by itself. */
  notes(): readonly string[]
  isNote(table: string): boolean
  /** What has changed in the other tables since the last look, in sentences. */
  look(): Promise<string[]>
  /** As {@link ChangeWatch.look}, and whatever has changed is a note from now on. */
  learn(): Promise<void>
}

const quietMilliseconds = 150
const settleMilliseconds = 4000

/** Waits until queued work is done, and starts watching. Tables that never come to rest are taken for notes. */
export async function watchChanges(url: string): Promise<ChangeWatch> {
  const notes = new Set<string>()
  let last = await fingerprintDatabase(url)
  const tablesIn = (differences: readonly string[]): string[] =>
    differences.map((difference) => /^(\S+?):? /.exec(difference)?.[1] ?? difference)
  const compare = async (): Promise<string[]> => {
    const now: DatabaseFingerprint = await fingerprintDatabase(url)
    const differences = compareFingerprints(last, now)
    last = now
    return differences
  }
  const learn = async (): Promise<void> => {
    for (const table of tablesIn(await compare())) notes.add(table)
  }
  const deadline = performance.now() + settleMilliseconds
  let differences = ['not looked yet']
  while (differences.length > 0 && performance.now() < deadline) {
    await sleep(quietMilliseconds)
    differences = await compare()
  }
  for (const table of tablesIn(differences)) notes.add(table)
  return {
    notes: () => [...notes].toSorted(),
    isNote: (table) => notes.has(table),
    learn,
    async look() {
      return (await compare()).filter((difference) => !tablesIn([difference]).some((table) => notes.has(table)))
    },
  }
}
