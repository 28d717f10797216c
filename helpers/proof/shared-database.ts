import { existsSync, realpathSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'
import { openRun } from '../open-run.ts'
import { readImportGraph } from '../source/import-graph.ts'
import { loadSubject } from '../subject/load.ts'
import type { Subject } from '../subject/subject.ts'

/** One database server for all runs of the gate, with the reference application's schema in a template. */
export interface SharedDatabase extends AsyncDisposable {
  /**
   * What tells a run of the gate to use it; with the template where the subject differs from the reference application only in
   * files that take no part in its migration.
   */
  environmentFor(changedFiles: readonly string[]): Record<string, string>
}

/** Folders that no migration reads: code is followed by its imports. */
const codeAndText = /^(?:src|docs|tests|release)\//

/** Starts the server that ARO_GATE_DATABASE names, embedded when it names none. @throws when there is no database. */
export async function startSharedDatabase(subjectFile: string): Promise<SharedDatabase> {
  process.env.ARO_GATE_DATABASE ??= 'embedded'
  const { run, close } = await openRun(subjectFile)
  const { database } = run
  if (!database.ready) {
    await close()
    throw new Error(`The proof has no database: ${database.problem}`)
  }
  const migrating = migratingFiles(await loadSubject(subjectFile))
  const server = { ARO_GATE_DATABASE: database.description.adminUrl }
  return {
    environmentFor: (changedFiles) =>
      changedFiles.every((file) => codeAndText.test(file) && !migrating.has(file))
        ? { ...server, ARO_GATE_PROOF_TEMPLATE: database.template }
        : server,
    [Symbol.asyncDispose]: close,
  }
}

/** Files that the migration's command names, and all that these import, relative to the subject's root. */
function migratingFiles({ root, migrate }: Subject): ReadonlySet<string> {
  const realRoot = realpathSync(root)
  const isFile = (path: string): boolean => existsSync(path) && statSync(path).isFile()
  const found = new Set((migrate?.command ?? []).map((part) => join(realRoot, part)).filter(isFile))
  for (const file of found) {
    for (const { to } of readImportGraph(realRoot, [file]).edges) if (to !== null && isFile(to)) found.add(to)
  }
  return new Set([...found].map((file) => relative(realRoot, file)))
}
