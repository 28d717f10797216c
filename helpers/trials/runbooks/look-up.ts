import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import type { ControlContext } from '../../control.ts'
import { withClient } from '../../database/client.ts'
import type { FacilityMap } from '../../facilities.ts'
import { refuseDatabase } from '../../faults/database-refused.ts'
import { answerWithStatus } from '../../faults/provider-status.ts'
import { listProductionFiles } from '../../source/files.ts'
import { makeConsentedCustomers } from '../../subject/consented.ts'
import { declaredRoutes } from '../../subject/inventory.ts'
import type { InventoryRoute } from '../../subject/inventory.ts'
import type { RunbooksTrial } from './judge.ts'
import { isRoute, readSeries } from './names.ts'
import type { NamedThing } from './names.ts'

type Context = ControlContext & Pick<FacilityMap, 'app' | 'database' | 'providers'>
type Named = RunbooksTrial['named'][number]

const packageSchema = z.looseObject({
  name: z.string().default('program'),
  bin: z.union([z.string(), z.record(z.string(), z.string())]).optional(),
  scripts: z.record(z.string(), z.string()).default({}),
})

/** A thing that a runbook names, and where it does so first. */
export interface Mention {
  thing: NamedThing
  where: string
}

/** What the subject was seen to have. */
export interface Observed {
  /** Label names by metric. */
  series: ReadonlyMap<string, ReadonlySet<string>>
  /** What it logged, in lower case. */
  logged: readonly string[]
  routes: readonly InventoryRoute[]
  scripts: Readonly<Record<string, string>>
  /** Names of the programs that its package brings. */
  programs: readonly string[]
  /** All of its production source as one text. */
  source: string
}

const lettersWithinMilliseconds = 15_000
const lossMilliseconds = 700

/** Leads the subject through a provider's and the database's failure, and reads what it then shows of itself. */
export async function observeSubject({ app, database, providers, subject, signal }: Context): Promise<Observed> {
  const administrator = await app.client.administrator()
  const [person] = await makeConsentedCustomers(app.client, administrator, 1)
  if (person === undefined) throw new Error('Expected a customer.')
  await using outage = await providers.fault('twilio', answerWithStatus({ status: 503 }))
  await administrator.queueMessage(person.customer.id, 'See you tomorrow. Reply STOP to unsubscribe')
  await until('a dead letter after a provider has failed', signal, async () => {
    const letters = await administrator.send('GET', '/dead-letters')
    return letters.text.includes(person.customer.id) || /"items":\s*\[\s*\{/.test(letters.text)
  })
  await outage.end()
  await using loss = await refuseDatabase(database.proxy)
  await sleep(lossMilliseconds)
  await loss.end()
  await until('readiness once the database is back', signal, async () => {
    const answer = await app.client.send({ path: subject.paths.ready })
    return answer.status === 200
  })
  const metrics = await app.client.send({ path: subject.paths.metrics })
  const { bin, name, scripts } = packageSchema.parse(readJson(join(subject.root, 'package.json')))
  return {
    series: readSeries(metrics.text),
    logged: app.instances.flatMap(({ output }) => output.lines.map(({ text }) => text.toLowerCase())),
    routes: providers.routes.size > 0 ? [...providers.routes].map(asRoute) : declaredRoutes(subject),
    scripts,
    programs: typeof bin === 'string' ? [name] : Object.keys(bin ?? {}),
    source: listProductionFiles(subject.root)
      .map((file) => readFileSync(file, 'utf8'))
      .join('\n'),
  }
}

const readJson = (file: string): unknown => (existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {})

function asRoute(served: string): InventoryRoute {
  const [method = '', path = ''] = served.split(' ')
  return { method, path: path.replaceAll(/:(\w+)/g, '{$1}'), group: 'own' }
}

async function until(what: string, signal: AbortSignal, isReached: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + lettersWithinMilliseconds
  while (!(await isReached().catch(() => false))) {
    signal.throwIfAborted()
    if (performance.now() > deadline) throw new Error(`Waited ${lettersWithinMilliseconds / 1000} s for ${what}.`)
    await sleep(50)
  }
}

/** Looks for each thing that the runbooks name, by its text. */
export async function lookUp(
  names: ReadonlyMap<string, Mention>,
  context: Context,
  observed: Observed,
): Promise<RunbooksTrial['named']> {
  const found: Named[] = []
  for (const [text, { thing, where }] of names) {
    if (thing.kind === 'word' || (thing.kind === 'endpoint' && !isOfSubject(thing, observed))) continue
    found.push({ kind: thing.kind, name: text, where, ...(await look(thing, context, observed)) })
  }
  return found
}

/** A path that begins as none of the routes do is one in the file system. */
const isOfSubject = ({ method, path }: NamedThing & { kind: 'endpoint' }, { routes }: Observed): boolean =>
  method !== null || routes.some((route) => route.path.split('/')[1] === path.split('/')[1])

type Seen = Pick<Named, 'isThere' | 'seen'>

async function look(thing: Exclude<NamedThing, { kind: 'word' }>, context: Context, observed: Observed): Promise<Seen> {
  switch (thing.kind) {
    case 'metric':
      return lookForMetric(thing, context, observed)
    case 'log event': {
      const wanted = thing.name.toLowerCase()
      if (observed.logged.some((line) => line.includes(wanted))) return { isThere: true, seen: 'it was logged' }
      const isWritten = ["'", '"', '`'].some((quote) => observed.source.includes(`${quote}${thing.name}${quote}`))
      return {
        isThere: isWritten,
        seen: isWritten ? 'it is in the source' : 'it was not logged and is not in the source',
      }
    }
    case 'endpoint':
      return lookForEndpoint(thing, context, observed)
    case 'script': {
      const line = observed.scripts[thing.name]
      return { isThere: line !== undefined, seen: line ?? 'package.json has no such script' }
    }
    case 'command': {
      const isKnown = ["'", '"', '`'].some((quote) => observed.source.includes(`${quote}${thing.name}`))
      return { isThere: isKnown, seen: isKnown ? 'its name is in the source' : 'the source does not hold its name' }
    }
    case 'variable': {
      const isRead = new RegExp(String.raw`\b${thing.name}\b`).test(observed.source)
      return { isThere: isRead, seen: isRead ? 'the source reads it' : 'nothing in the source reads it' }
    }
  }
}

async function lookForMetric(
  { name, labels }: NamedThing & { kind: 'metric' },
  { database }: Context,
  { series }: Observed,
): Promise<Seen> {
  const known = series.get(name)
  if (known !== undefined) {
    const strange = labels.filter((label) => !known.has(label))
    return strange.length === 0
      ? { isThere: true, seen: 'it is exported' }
      : { isThere: false, seen: `it is exported without the label ${strange.join(', ')}` }
  }
  // a table or column is written like a metric
  const isStored = await isInSchema(database.url, name)
  return { isThere: isStored, seen: isStored ? 'the database has it' : 'it is not among the exported metrics' }
}

const isInSchema = (url: string, name: string): Promise<boolean> =>
  withClient(url, async (client) => {
    const { rowCount } = await client.query(
      'select 1 from information_schema.columns where table_name = $1 or column_name = $1 limit 1',
      [name],
    )
    return (rowCount ?? 0) > 0
  })

async function lookForEndpoint(
  { method, path }: NamedThing & { kind: 'endpoint' },
  { app, subject }: Context,
  { routes }: Observed,
): Promise<Seen> {
  if (!isRoute(routes, method, path)) return { isThere: false, seen: 'the subject has no such route' }
  if ((method ?? 'GET') !== 'GET' || path.includes('{')) return { isThere: true, seen: 'the subject has the route' }
  const isForAdministrators = path.startsWith(`${subject.paths.admin}/`)
  const answer = isForAdministrators
    ? await (await app.client.administrator()).send('GET', path.slice(subject.paths.admin.length))
    : await app.client.send({ path, headers: app.client.serviceHeaders() })
  return { isThere: answer.status !== 404, seen: `it answers ${answer.status}` }
}
