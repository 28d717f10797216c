import { execFile } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { promisify } from 'node:util'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { processStartTicks } from './ledger.ts'
import type { LedgerEntry, ProcessEntry } from './ledger.ts'

const run = promisify(execFile)

/** What could not be removed, in sentences; empty when all is gone. */
export type Leftovers = string[]

/** Ends and removes everything listed: processes first, then databases and containers, then folders. */
export async function reap(entries: readonly LedgerEntry[], graceMilliseconds = 3000): Promise<Leftovers> {
  const leftovers: Leftovers = []
  const attempt = async (what: string, action: () => Promise<unknown>): Promise<void> => {
    try {
      await action()
    } catch (error) {
      leftovers.push(`${what}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  const processes = entries.filter((entry) => entry.kind === 'process')
  const databases = entries.filter((entry) => entry.kind === 'database')
  const [controls, servers] = [
    processes.filter((p) => p.owner === 'control'),
    processes.filter((p) => p.owner === 'run'),
  ]
  await Promise.all(
    controls.map((entry) => attempt(`process ${entry.pid}`, () => endProcess(entry, graceMilliseconds))),
  )
  for (const entry of databases) await attempt(`database ${entry.name}`, () => dropDatabase(entry.adminUrl, entry.name))
  await Promise.all(servers.map((entry) => attempt(`process ${entry.pid}`, () => endProcess(entry, graceMilliseconds))))
  for (const entry of entries) {
    if (entry.kind === 'container') await attempt(`container ${entry.id}`, () => removeContainer(entry.id))
    if (entry.kind === 'directory') await attempt(`folder ${entry.path}`, () => removeDirectory(entry.path))
  }
  return leftovers
}

async function endProcess(entry: ProcessEntry, graceMilliseconds: number): Promise<void> {
  if (!isSameProcess(entry)) return
  signalProcess(entry, entry.signal)
  const deadline = performance.now() + graceMilliseconds
  while (isSameProcess(entry)) {
    if (performance.now() > deadline) signalProcess(entry, 'SIGKILL')
    if (performance.now() > deadline + 2000) throw new Error('still runs 2 s after SIGKILL')
    await sleep(20)
  }
}

const isSameProcess = (entry: ProcessEntry): boolean => processStartTicks(entry.pid) === entry.startTicks

function signalProcess(entry: ProcessEntry, signal: NodeJS.Signals): void {
  try {
    process.kill(entry.group ? -entry.pid : entry.pid, signal)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}

async function dropDatabase(adminUrl: string, name: string): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl, connectionTimeoutMillis: 2000 })
  client.on('error', () => undefined)
  try {
    await client.connect()
  } catch {
    return // the server has gone, and its databases with it
  }
  try {
    await client.query(`DROP DATABASE IF EXISTS "${name.replaceAll('"', '""')}" WITH (FORCE)`)
  } finally {
    await client.end()
  }
}

const removeContainer = (id: string): Promise<unknown> => run('docker', ['rm', '--force', '--volumes', id])

const removeDirectory = (path: string): Promise<void> => rm(path, { recursive: true, force: true, maxRetries: 5 })
