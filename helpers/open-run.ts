import { randomUUID } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { startDatabaseServer } from './database/server.ts'
import type { DatabaseServer } from './database/server.ts'
import { parseDatabaseSetting } from './database/setting.ts'
import { createTemplate } from './database/template.ts'
import { noteProcess, noteResource } from './reaper/ledger.ts'
import { startReaper } from './reaper/reaper.ts'
import type { GateRun } from './run.ts'
import { readSettings } from './settings.ts'
import { runCommand } from './subject/commands.ts'
import { environmentFor } from './subject/environment.ts'
import type { Facilities } from './subject/facilities.ts'
import { loadSubject } from './subject/load.ts'
import type { Subject } from './subject/subject.ts'
import { makeDeploymentSecrets, makeTenants } from './subject/tenants.ts'

const migrationSeconds = 60

/** A run that controls can be examined in. */
export interface OpenedRun {
  run: GateRun
  /** Ends and removes all that the run has left. */
  close(): Promise<void>
}

/**
 * Prepares what all controls share: the run's folder, tenants, and the database server with the subject's schema, unless
 * it is known that no control of the run needs one; a given template of the database server has the schema already. A database that cannot be had is told to the controls, which then are
 * unverified. @throws for settings that cannot be read.
 */
export async function openRun(
  subjectFile: string,
  { needsDatabase = true, template }: { needsDatabase?: boolean; template?: string | undefined } = {},
): Promise<OpenedRun> {
  const settings = readSettings(process.env)
  const reaper = startReaper()
  const run: GateRun = {
    ...settings,
    runId: randomUUID(),
    runDirectory: reaper.runDirectory,
    subjectFile,
    tenants: makeTenants(2),
    secrets: makeDeploymentSecrets(),
    database: { ready: false, problem: 'The database server was not started.' },
  }
  // inherited by the workers and by every process of the subject: what starts often is compiled once
  process.env.NODE_COMPILE_CACHE ??= join(reaper.runDirectory, 'compiled')
  let server: DatabaseServer | undefined
  try {
    if (needsDatabase) {
      const subject = await loadSubject(run.subjectFile)
      server = await startServer(run)
      run.database =
        template === undefined
          ? await prepareDatabase(run, subject, server)
          : { ready: true, description: server.describe(), template }
    }
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error)
    run.database = { ready: false, problem }
    console.error(`The gate goes on without a database; what needs one is unverified. ${problem}`)
  }
  return {
    run,
    async close() {
      // the library that started it would otherwise wait at the process's end for one that the reaper has ended
      if (server?.describe().kind === 'embedded') await server[Symbol.asyncDispose]()
      await reaper.finish()
    },
  }
}

async function startServer(run: GateRun): Promise<DatabaseServer> {
  const recipe = parseDatabaseSetting(process.env)
  const directory = join(run.runDirectory, 'database')
  mkdirSync(directory, { recursive: true })
  const server = await startDatabaseServer({ ...recipe, directory })
  noteServer(run.runDirectory, server.describe())
  return server
}

async function prepareDatabase(run: GateRun, subject: Subject, server: DatabaseServer): Promise<GateRun['database']> {
  const description = server.describe()
  const template = await createTemplate(description, { migrate: (databaseUrl) => migrate(subject, run, databaseUrl) })
  if (description.kind === 'url') {
    noteResource(run.runDirectory, {
      kind: 'database',
      adminUrl: description.adminUrl,
      name: template.name,
      owner: 'run',
    })
  }
  return { ready: true, description, template: template.name }
}

function noteServer(runDirectory: string, description: ReturnType<DatabaseServer['describe']>): void {
  for (const pid of description.processIds) {
    // SIGQUIT is PostgreSQL's immediate shutdown: no checkpoint is written for data that is removed next
    noteProcess(runDirectory, { pid, signal: 'SIGQUIT', group: false, owner: 'run' })
  }
  for (const id of description.containerIds) noteResource(runDirectory, { kind: 'container', id, owner: 'run' })
}

async function migrate(subject: Subject, run: GateRun, databaseUrl: string): Promise<void> {
  if (subject.migrate === undefined) return
  const directory = join(run.runDirectory, 'migration')
  mkdirSync(directory, { recursive: true })
  const nowhere = 'http://127.0.0.1:1'
  const facilities: Facilities = {
    host: '127.0.0.1',
    port: 1,
    databaseUrl,
    providerUrls: { twilio: nowhere, calendly: nowhere, stripe: nowhere, openclaw: nowhere, llm: nowhere },
    tenants: run.tenants,
    secrets: run.secrets,
    directory,
  }
  const { command } = subject.migrate
  const result = await runCommand({
    command,
    directory: subject.root,
    environment: environmentFor(subject, facilities),
    timeLimitSeconds: migrationSeconds,
    runDirectory: run.runDirectory,
    owner: 'run',
  })
  if (result.exitCode !== 0) {
    const ending = result.endedBy === 'itself' ? `exit code ${result.exitCode}` : result.endedBy
    throw new Error(
      `The subject's migration failed: ${command.join(' ')} in ${subject.root}: ${ending}. Its last lines:\n${result.output.slice(-2000)}`,
    )
  }
}
