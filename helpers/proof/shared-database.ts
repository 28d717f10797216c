import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { startDatabaseServer } from '../database/server.ts'
import { parseDatabaseSetting } from '../database/setting.ts'
import { noteProcess, noteResource } from '../reaper/ledger.ts'

/** One database server for all runs of the gate. */
export interface SharedDatabase extends AsyncDisposable {
  /** What tells a run of the gate to use it. */
  environment: Record<string, string>
}

/** Starts the server that ARO_GATE_DATABASE names, embedded when it names none, and notes it in the run's ledger. */
export async function startSharedDatabase(runDirectory: string): Promise<SharedDatabase> {
  const directory = join(runDirectory, 'database')
  mkdirSync(directory, { recursive: true })
  const recipe = parseDatabaseSetting({
    ...process.env,
    ARO_GATE_DATABASE: process.env.ARO_GATE_DATABASE ?? 'embedded',
  })
  const server = await startDatabaseServer({ ...recipe, directory })
  const { adminUrl, processIds, containerIds } = server.describe()
  for (const pid of processIds) noteProcess(runDirectory, { pid, signal: 'SIGQUIT', group: false, owner: 'run' })
  for (const id of containerIds) noteResource(runDirectory, { kind: 'container', id, owner: 'run' })
  return {
    environment: { ARO_GATE_DATABASE: adminUrl },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}
