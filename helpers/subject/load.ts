import { existsSync, statSync } from 'node:fs'
import { isAbsolute, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { z } from 'zod'
import { subjectSchema } from './subject.ts'
import type { Subject } from './subject.ts'

/** A subject file that cannot be used; the message says what was expected, what was found and what to write. */
export class SubjectFileError extends Error {
  override name = 'SubjectFileError'
}

/**
 * Reads and checks the subject file at `path` (relative paths start at `directory`).
 * @throws SubjectFileError when it is missing, cannot be imported, or does not describe a subject.
 */
export async function loadSubject(path: string, directory = process.cwd()): Promise<Subject> {
  const file = isAbsolute(path) ? path : resolve(directory, path)
  if (!existsSync(file)) {
    throw new SubjectFileError(
      `Expected a subject file, found nothing at ${file}. Set ARO_GATE_SUBJECT, or the plugin's subject option, to a file that says: export default defineSubject({ ... }).`,
    )
  }
  const subject = parseSubject(await importDefault(file), file)
  if (!existsSync(subject.root) || !statSync(subject.root).isDirectory()) {
    throw new SubjectFileError(`${file}: root: expected an existing folder, got ${JSON.stringify(subject.root)}.`)
  }
  return subject
}

/** Checks what a subject file exports. @throws SubjectFileError with one line for each problem. */
export function parseSubject(value: unknown, file: string): Subject {
  const parsed = subjectSchema.safeParse(value)
  if (parsed.success) return parsed.data
  throw new SubjectFileError(`${file} does not describe a subject:\n${z.prettifyError(parsed.error)}`)
}

async function importDefault(file: string): Promise<unknown> {
  let module: { default?: unknown }
  try {
    module = (await import(/* @vite-ignore */ pathToFileURL(file).href)) as { default?: unknown }
  } catch (error) {
    throw new SubjectFileError(
      `${file} cannot be imported: ${error instanceof Error ? error.message : String(error)}`,
      {
        cause: error,
      },
    )
  }
  if (module.default === undefined) {
    throw new SubjectFileError(`${file} has no default export; write: export default defineSubject({ ... }).`)
  }
  return module.default
}
