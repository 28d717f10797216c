import { readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { dirname, join, relative, sep } from 'node:path'
import type { ControlContext } from '../../control.ts'
import type { FacilityMap } from '../../facilities.ts'
import { readImportGraph } from '../../source/import-graph.ts'
import { layerNames, readLayers } from '../../source/layers.ts'
import type { LayeredSource, LayerName } from '../../source/layers.ts'
import { readTables } from '../../source/tables.ts'
import { startApp } from '../../subject/app.ts'
import type { App } from '../../subject/app.ts'
import { errorEnvelopeSchema } from '../../subject/client.ts'
import { copySubject } from '../../subject/copy.ts'
import type { BoundariesTrial } from './judge.ts'
import { findViolations } from './reach.ts'

type Needs = ControlContext & Pick<FacilityMap, 'database' | 'providers' | 'run'>

/** Follows every import of the subject's source, and starts it without the files of its profiles. */
export async function readBoundaries(context: Needs): Promise<BoundariesTrial> {
  const { subject, progress } = context
  const { root } = subject
  const source = readLayers(subject)
  const graph = readImportGraph(root, source.layerOf.keys())
  const isLayered = (file: string): boolean => (source.layerOf.get(file) ?? null) !== null
  const broken = graph.unfollowed.filter(({ site, from }) => site.isWhole && isLayered(from))
  if (graph.unreadable.length > 0 || broken.length > 0) {
    const names = [
      ...graph.unreadable,
      ...broken.map(({ from, site }) => `${relative(root, from)}:${site.line} imports ${site.specifier}`),
    ]
    throw new Error(
      `Source that cannot be followed, so that what it reaches is not known: ${names.slice(0, 5).join('; ')}`,
    )
  }
  progress(`${graph.files} files and ${graph.edges.length} imports were read`)
  const filesOf = (layer: LayerName): number => [...source.layerOf.values()].filter((one) => one === layer).length
  return {
    files: Object.fromEntries(layerNames.map((layer) => [layer, filesOf(layer)])) as BoundariesTrial['files'],
    unlayered: [...source.layerOf.values()].filter((layer) => layer === null).length,
    imports: graph.edges.length,
    violations: findViolations(root, graph, source),
    computed: graph.unfollowed.flatMap(({ from, site }) => {
      const layer = source.layerOf.get(from) ?? null
      return layer === null || site.isWhole
        ? []
        : [{ layer, where: `${relative(root, from)}:${site.line}:${site.column}` }]
    }),
    tables: findSharedTables(root, source),
    withoutProfiles: await startWithoutProfiles(context, source),
  }
}

/** Tables of the core that SQL of a profile names. */
function findSharedTables(root: string, { layerOf }: LayeredSource): BoundariesTrial['tables'] {
  const usesOf = (layer: LayerName): { table: string; where: string }[] =>
    [...layerOf]
      .filter(([, one]) => one === layer)
      .flatMap(([file]) =>
        readTables(file, readFileSync(file, 'utf8')).map(({ table, line }) => ({
          table,
          where: `${relative(root, file)}:${line}`,
        })),
      )
  const ofCore = new Map(usesOf('core').map(({ table, where }) => [table, where]))
  return usesOf('profiles').flatMap(({ table, where }) => {
    const coreWhere = ofCore.get(table)
    return coreWhere === undefined ? [] : [{ table, where, coreWhere }]
  })
}

/** Starts a whole copy of the subject first: only then does it mean something when the core alone does not start. */
async function startWithoutProfiles(
  { subject, run, database, providers, signal }: Needs,
  { layerOf }: LayeredSource,
): Promise<BoundariesTrial['withoutProfiles']> {
  const copy = join(run.runDirectory, 'without-profiles')
  await copySubject(subject.root, copy)
  const start = (): Promise<App> =>
    startApp({
      run,
      signal,
      subject: { ...subject, root: copy },
      databaseUrl: database.proxy.url,
      providerUrls: providers.urls,
      labEnvironment: subject.runtime === 'node' ? providers.environment : {},
    })
  const whole = await start()
  await whole[Symbol.asyncDispose]()
  const removed = [...layerOf].flatMap(([file, layer]) => (layer === 'profiles' || layer === 'ui' ? [file] : []))
  const packages = new Set(removed.map((file) => packageOf(file, subject.root, layerOf)))
  for (const path of packages) await rm(join(copy, relative(subject.root, path)), { recursive: true, force: true })
  const nothing = { readyStatus: null, eventsStatus: null, commandStatus: null, commandCode: null }
  try {
    await using app = await start()
    return { removedFiles: removed.length, startProblem: null, ...(await askCore(app)) }
  } catch (error) {
    const startProblem = (error instanceof Error ? error.message : String(error)).replaceAll(copy, '.').slice(0, 400)
    return { removedFiles: removed.length, startProblem, ...nothing }
  }
}

/** The outermost folder around a profile's file that holds no source but profiles' and their UI's; else the file itself. */
function packageOf(file: string, root: string, layerOf: LayeredSource['layerOf']): string {
  const holdsOthers = (folder: string): boolean =>
    [...layerOf].some(([path, layer]) => path.startsWith(folder + sep) && layer !== 'profiles' && layer !== 'ui')
  let path = file
  while (dirname(path) !== root && !holdsOthers(dirname(path))) path = dirname(path)
  return path
}

async function askCore({
  client,
}: App): Promise<Omit<BoundariesTrial['withoutProfiles'], 'removedFiles' | 'startProblem'>> {
  const { paths } = client.subject
  const { headers, body } = client.makeCommand()
  const ready = await client.send({ path: paths.ready })
  const events = await client.send({ path: paths.events, headers: client.serviceHeaders() })
  const command = await client.send({ method: 'POST', path: paths.commands, headers, body })
  const envelope = errorEnvelopeSchema.safeParse(command.json)
  return {
    readyStatus: ready.status,
    eventsStatus: events.status,
    commandStatus: command.status,
    commandCode: envelope.success ? envelope.data.error.code : null,
  }
}
