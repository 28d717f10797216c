import { fingerprintDatabase, compareFingerprints } from '../../database/snapshot.ts'
import type { DatabaseFingerprint } from '../../database/snapshot.ts'
import { readStructure } from '../../database/structure.ts'
import { cloneTemplate } from '../../database/template.ts'
import type { DatabaseClone } from '../../database/template.ts'
import { noteResource } from '../../reaper/ledger.ts'
import type { Needs } from './tools.ts'

/** What a target of a restore holds: the schema that the migrations make, or nothing at all. */
export type TargetKind = 'migrated' | 'blank'

/** Makes the databases of a trial, and drops them all. */
export class Targets implements AsyncDisposable {
  readonly #needs: Needs
  readonly #stack = new AsyncDisposableStack()

  constructor(needs: Needs) {
    this.#needs = needs
  }

  /** A new database to restore into. */
  make(kind: TargetKind): Promise<DatabaseClone> {
    return this.copyOf(kind === 'migrated' ? this.#database().template : 'template0')
  }

  /** A copy of a database that nobody is connected to. */
  async copyOf(name: string): Promise<DatabaseClone> {
    const { runDirectory } = this.#needs.run
    const clone = await cloneTemplate(this.#database().description, name, {
      onNamed: (made, adminUrl) =>
        noteResource(runDirectory, { kind: 'database', adminUrl, name: made, owner: 'control' }),
    })
    return this.#stack.use(clone)
  }

  #database(): Extract<Needs['run']['database'], { ready: true }> {
    const { database } = this.#needs.run
    if (!database.ready) throw new Error(`There is no database: ${database.problem}`)
    return database
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync()
  }
}

/** All that a restore might have touched. */
export interface TargetState {
  fingerprint: DatabaseFingerprint
  structure: string[]
}

/** Looks at a target. */
export async function describeTarget(url: string): Promise<TargetState> {
  const [fingerprint, structure] = await Promise.all([fingerprintDatabase(url), readStructure(url)])
  return { fingerprint, structure }
}

/** What differs between two looks at a target, in sentences. */
export function compareTargets(before: TargetState, after: TargetState): string[] {
  const [was, is] = [new Set(before.structure), new Set(after.structure)]
  const places = new Map(before.fingerprint.sequences.map(({ sequence, lastValue }) => [sequence, lastValue]))
  return [
    ...compareFingerprints(before.fingerprint, after.fingerprint),
    ...after.fingerprint.sequences.flatMap(({ sequence, lastValue }) =>
      places.has(sequence) && places.get(sequence) !== lastValue
        ? [`${sequence} stands at ${lastValue ?? 'nothing'}, it stood at ${places.get(sequence) ?? 'nothing'}`]
        : [],
    ),
    ...before.structure.filter((line) => !is.has(line)).map((line) => `gone: ${line}`),
    ...after.structure.filter((line) => !was.has(line)).map((line) => `new: ${line}`),
  ]
}

/** Tables in which the migrations leave rows, such as their own names. */
export const tablesOfSchema = ({ fingerprint }: TargetState): Set<string> =>
  new Set(fingerprint.tables.filter(({ rows }) => rows > 0).map(({ table }) => table))
