import { isAbsolute, resolve } from 'node:path'
import type { TestProject } from 'vitest/node'
import { openRun } from './open-run.ts'
import { runKey } from './run.ts'

/** Opens the run before the first control and closes it after the last. */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const named = process.env.ARO_GATE_SUBJECT ?? project.getProvidedContext().aroGateSubject
  const { run, close } = await openRun(isAbsolute(named) ? named : resolve(project.vitest.config.root, named))
  project.provide(runKey, run)
  return close
}
