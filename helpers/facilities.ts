import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { ControlDatabase } from './database/control-database.ts'
import type { ProviderLab } from './providers/lab.ts'
import { noteResource } from './reaper/ledger.ts'
import type { GateRun } from './run.ts'
import type { App } from './subject/app.ts'
import type { Subject } from './subject/subject.ts'

/** Everything a control may need, by the name under which it asks for it. */
export interface FacilityMap {
  /** The subject running on `database` and `providers`. */
  app: App
  database: ControlDatabase
  providers: ProviderLab
  /** The run's settings, for controls that start programs of their own. */
  run: GateRun
}

/** @see FacilityMap */
export type FacilityName = keyof FacilityMap

/** What was started for one control. */
export interface OpenedFacilities<Name extends FacilityName> {
  facilities: Pick<FacilityMap, Name>
  /** What happened beside the measuring that makes its result worthless, in sentences. */
  problems(): string[]
  /** Ends everything, last started first. @throws when something cannot be ended. */
  close(): Promise<void>
}

/** What facilities are opened with. */
export interface FacilityContext {
  run: GateRun
  subject: Subject
  signal: AbortSignal
}

/** Starts what a control needs, and only that. @throws when something cannot be started, after ending the rest. */
export async function openFacilities<Name extends FacilityName>(
  needs: readonly Name[],
  context: FacilityContext,
): Promise<OpenedFacilities<Name>> {
  const stack = new AsyncDisposableStack()
  const wanted: ReadonlySet<FacilityName> = new Set(needs)
  const { run } = context
  try {
    const opened: Partial<FacilityMap> = { run }
    if (wanted.has('app') || wanted.has('database')) opened.database = await openDatabase(run, stack)
    if (wanted.has('app') || wanted.has('providers')) opened.providers = await openProviders(run, stack)
    if (opened.database && opened.providers && wanted.has('app')) {
      opened.app = stack.use(await openApp(context, opened.database, opened.providers))
    }
    return {
      // every wanted name was opened above; the map's type cannot say so
      facilities: opened as Pick<FacilityMap, Name>,
      problems: () => problemsOf(opened),
      close: () => stack.disposeAsync(),
    }
  } catch (error) {
    await stack.disposeAsync()
    throw error
  }
}

async function openDatabase(run: GateRun, stack: AsyncDisposableStack): Promise<ControlDatabase> {
  if (!run.database.ready) throw new Error(`There is no database: ${run.database.problem}`)
  // imported when wanted: a control that needs none of it starts in half the time
  const [{ cloneTemplate }, { startDatabaseProxy }, { controlDatabase }] = await Promise.all([
    import('./database/template.ts'),
    import('./database/proxy.ts'),
    import('./database/control-database.ts'),
  ])
  const clone = stack.use(
    await cloneTemplate(run.database.description, run.database.template, {
      onNamed: (name, adminUrl) =>
        noteResource(run.runDirectory, { kind: 'database', adminUrl, name, owner: 'control' }),
    }),
  )
  const proxy = stack.use(await startDatabaseProxy({ target: clone.url }))
  return controlDatabase(clone, proxy)
}

async function openProviders(run: GateRun, stack: AsyncDisposableStack): Promise<ProviderLab> {
  const { startProviderLab } = await import('./providers/lab.ts')
  const directory = join(run.runDirectory, 'providers')
  mkdirSync(directory, { recursive: true })
  return stack.use(await startProviderLab({ tenants: run.tenants, directory }))
}

async function openApp(context: FacilityContext, database: ControlDatabase, providers: ProviderLab): Promise<App> {
  const { startApp } = await import('./subject/app.ts')
  const { run, subject, signal } = context
  return startApp({
    run,
    subject,
    signal,
    databaseUrl: database.proxy.url,
    providerUrls: providers.urls,
    labEnvironment: subject.runtime === 'node' ? providers.environment : {},
  })
}

function problemsOf({ app, providers }: Partial<FacilityMap>): string[] {
  const escapes = (providers?.escapes ?? []).map(
    (escape) => `The subject called ${escape.host}:${escape.port}, where no provider is known: the call was refused.`,
  )
  const silent =
    app && providers && app.client.subject.runtime === 'node' && providers.processes.length === 0
      ? ['No process of the subject loaded the preload that closes its network; is its start command a Node program?']
      : []
  return [...escapes, ...silent]
}
