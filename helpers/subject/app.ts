import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { randomUUID } from 'node:crypto'
import type { GateRun } from '../run.ts'
import { AroClient } from './client.ts'
import { freePort } from '../loopback.ts'
import { environmentFor } from './environment.ts'
import type { Facilities, Tenant } from './facilities.ts'
import { startInstance } from './instance.ts'
import type { Instance } from './instance.ts'
import type { Subject } from './subject.ts'

/** The subject, running: one instance at first, more when a control starts them. */
export interface App extends AsyncDisposable {
  client: AroClient
  /** All instances started so far, also those that have ended. */
  instances: readonly Instance[]
  /** Starts a further instance on the same database and providers. @throws as {@link startInstance} does. */
  start(overrides?: StartOverrides): Promise<Instance>
  /** Speaks to one instance instead of the first. */
  clientOf(instance: Instance): AroClient
  /** The environment in which the subject's own commands run, beside this app and on its port, or on another instance's. */
  environment(databaseUrl?: string, secrets?: GateRun['secrets'], instance?: Instance): Record<string, string>
}

/** What one instance is given instead of what the others have. */
export interface StartOverrides {
  tenants?: readonly Tenant[]
  /** Variables beside those of the subject file, or in their place. */
  environment?: Record<string, string>
  /** Direct address of another database. */
  databaseUrl?: string
  /** How far its clock is ahead from the start, where it is started with the movable clock. */
  clockAheadMilliseconds?: number
}

/** What an app is started with. */
export interface AppRecipe {
  run: GateRun
  subject: Subject
  databaseUrl: string
  providerUrls: Facilities['providerUrls']
  /** Environment of the provider lab: preload and certificate authority. */
  labEnvironment: Record<string, string>
  signal: AbortSignal
}

/** Starts the subject as its subject file says, with one instance that is ready. */
export async function startApp(recipe: AppRecipe): Promise<App> {
  const { run, subject } = recipe
  const instances: Instance[] = []
  const facilitiesFor = (port: number, overrides: StartOverrides): Facilities => {
    const directory = join(run.runDirectory, 'app', randomUUID())
    mkdirSync(directory, { recursive: true })
    return {
      host: '127.0.0.1',
      port,
      databaseUrl: overrides.databaseUrl ?? recipe.databaseUrl,
      providerUrls: recipe.providerUrls,
      tenants: overrides.tenants ?? run.tenants,
      secrets: run.secrets,
      directory,
    }
  }
  const start = async (overrides: StartOverrides = {}): Promise<Instance> => {
    const port = await freePort()
    const instance = await startInstance({
      command: subject.start.command,
      environment: {
        ...environmentFor(subject, facilitiesFor(port, overrides), {
          ...recipe.labEnvironment,
          ...(overrides.clockAheadMilliseconds === undefined
            ? {}
            : { ARO_GATE_LAB_CLOCK_AHEAD: String(overrides.clockAheadMilliseconds) }),
        }),
        ...overrides.environment,
      },
      directory: subject.root,
      url: `http://127.0.0.1:${port}`,
      readyPath: subject.paths.ready,
      readyWithinMilliseconds: subject.start.readyWithinSeconds * 1000,
      stopWithinMilliseconds: subject.start.stopWithinSeconds * 1000,
      runDirectory: run.runDirectory,
      signal: recipe.signal,
    })
    instances.push(instance)
    return instance
  }
  const first = await start()
  return {
    client: new AroClient({ subject, tenants: run.tenants, url: () => first.url }),
    instances,
    start,
    clientOf: (instance) => new AroClient({ subject, tenants: run.tenants, url: () => instance.url }),
    environment: (databaseUrl = recipe.databaseUrl, secrets = run.secrets, { url } = first) =>
      environmentFor(subject, { ...facilitiesFor(Number(new URL(url).port), {}), databaseUrl, secrets }),
    async [Symbol.asyncDispose]() {
      await Promise.all(instances.map((instance) => instance[Symbol.asyncDispose]()))
    },
  }
}
