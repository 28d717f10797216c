import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { refusedBodies } from '../../attacks/broken-bodies.ts'
import type { ControlContext } from '../../control.ts'
import { searchDatabase } from '../../database/search.ts'
import type { FacilityMap } from '../../facilities.ts'
import { startApp } from '../../subject/app.ts'
import { compareInventory, declaredRoutes } from '../../subject/inventory.ts'
import type { AroClient } from '../../subject/client.ts'
import { kindsOf } from './cases.ts'
import type { RequestKind } from './cases.ts'
import { makeChecker } from './check.ts'
import type { Checker } from './check.ts'
import { watchChanges } from './effects.ts'
import type { ChangeWatch } from './effects.ts'
import type { ValidationTrial } from './judge.ts'
import { ownRoutes } from './own-routes.ts'
import { contractRoutes } from './routes.ts'
import type { RouteModel } from './routes.ts'
import { openWindows } from './windows.ts'
import { isRecord, write } from './wire.ts'
import { makeWorld } from './world.ts'
import type { World } from './world.ts'

type Needs = ControlContext & Pick<FacilityMap, 'database' | 'providers' | 'run'>

const atOnce = 10

/** Sends valid and invalid requests of every kind to every route, and looks at the answers and at what they left behind. */
export async function tryInputs(context: Needs): Promise<ValidationTrial> {
  const { subject, run, database, providers, signal, progress, seed, profile } = context
  await using app = await startApp({
    run,
    subject,
    signal,
    databaseUrl: database.proxy.url,
    providerUrls: providers.urls,
    labEnvironment: subject.runtime === 'node' ? providers.environmentWithClock : {},
  })
  const { client } = app
  requireInventory(subject, providers.routes)
  const world = await makeWorld(client, providers)
  const routes = [...contractRoutes(world), ...(await ownRoutes(world))]
  requireCovered(subject, routes)
  const before = subject.runtime === 'node' ? await providers.prototypes.inspect() : undefined
  let words = 0
  const word = (): string => `surplus${randomBytes(5).toString('hex')}${(words += 1)}`
  const known = await knownParameters(world, routes)
  const kinds = routes.flatMap((route) =>
    kindsOf(route, (parameter) => known.has(`${route.path} ${parameter}`), word).map((kind, index) => ({
      kind,
      index,
    })),
  )
  const watch = await watchChanges(database.url)
  await makeNotes(world, routes)
  await watch.learn()
  const windows = openWindows(subject, database, providers, watch.isNote)
  const bookings: { phone: string; name: string }[] = []
  const checker = makeChecker(client, windows, ({ expectation, route }, request, reply) => {
    if (expectation === 'accepted' && route.body?.isSignedBy === 'calendly' && reply.status < 300)
      bookings.push(personIn(request.bytes))
  })
  const runs = profile === 'release' ? { wrong: 6, valid: 25 } : { wrong: 1, valid: 4 }
  const failures: ValidationTrial['failures'] = []
  const check = async (some: readonly RequestKind[], count: number, salt: number): Promise<void> => {
    await inParallel(some, async (kind, index) => {
      const failure = await checker.check(kind, count, (seed + salt * 100_003 + index * 7919) % 2 ** 31)
      if (failure !== undefined) failures.push(failure)
    })
  }
  const changes: ValidationTrial['changes'] = []
  const counted = (): Pick<ValidationTrial, 'routes' | 'noteTables' | 'windowsPassed' | 'endedProcesses'> => ({
    routes: [...checker.counts].map(([route, counts]) => ({ route, ...counts })),
    noteTables: [...watch.notes()],
    endedProcesses: app.instances.filter((instance) => instance.exit() !== undefined).length,
    windowsPassed: windows.passed(),
  })
  const goThrough = async (): Promise<ValidationTrial> => {
    for (const [salt, route] of routes.entries()) {
      const refused = kindsFor(kinds, route, 'refused')
      await check(refused, runs.wrong, salt)
      const seen = await watch.look()
      if (seen.length > 0) changes.push(...(await findChange(watch, checker, route, refused, seen)))
    }
    progress('invalid requests to every route were sent')
    const rest = (expectation: RequestKind['expectation']): RequestKind[] =>
      routes.flatMap((route) => kindsFor(kinds, route, expectation))
    await check(rest('either'), 1, 101)
    await check(
      rest('accepted').filter(({ route }) => !isLast(route)),
      runs.valid,
      102,
    )
    // a message uses up the day's share of its customer, a dead letter can be replayed but once
    for (const kind of rest('accepted').filter(({ route }) => isLast(route))) await check([kind], 1, 103)
    progress('valid requests to every route were sent')
    const innocent = await askInnocently(world, routes)
    const stored = await findStored(client, database.url, rest('either'), innocent.texts)
    const shown = await compareShown(world, bookings)
    const polluted = before === undefined ? null : newNames(before, await providers.prototypes.inspect())
    return { ...counted(), failures, changes, stored, ...shown, polluted, innocent: innocent.outcome, cutShortAt: null }
  }
  try {
    return await goThrough()
  } catch (error) {
    if (counted().endedProcesses === 0) throw error
    // a process that requests have ended can be asked nothing more
    const cutShortAt = error instanceof Error ? error.message : String(error)
    const unasked = { stored: [], altered: [], roundTrips: 0, polluted: null, innocent: { sent: 0, wrong: [] } }
    return { ...counted(), failures, changes, ...unasked, cutShortAt }
  }
}

const isLast = ({ path }: RouteModel): boolean => path.endsWith('/dead-letters/{id}/replay')

const kindsFor = (
  kinds: readonly { kind: RequestKind }[],
  route: RouteModel,
  expectation: RequestKind['expectation'],
): RequestKind[] =>
  kinds.flatMap(({ kind }) => (kind.route === route && kind.expectation === expectation ? [kind] : []))

async function inParallel<Item>(
  items: readonly Item[],
  work: (item: Item, index: number) => Promise<void>,
): Promise<void> {
  const queue = [...items.entries()]
  const worker = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) await work(next[1], next[0])
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
}

function requireInventory(subject: Needs['subject'], served: ReadonlySet<string>): void {
  const { undeclared } = compareInventory(subject, served)
  if (undeclared.length > 0) {
    const listed = undeclared.map(({ route, where }) => `${route} (${where})`).slice(0, 5)
    throw new Error(
      `Routes that nobody declared cannot be tried: ${listed.join(', ')}. Add them to routes in the subject file.`,
    )
  }
}

function requireCovered(subject: Needs['subject'], routes: readonly RouteModel[]): void {
  const covered = new Set(routes.map(({ method, path }) => `${method} ${path}`))
  const left = declaredRoutes(subject).filter(({ method, path }) => !covered.has(`${method} ${path}`))
  if (left.length > 0)
    throw new Error(
      `No requests can be made for ${left.map(({ method, path }) => `${method} ${path}`).join(', ')}: describe them in the subject’s OpenAPI document, named by openapi in the subject file.`,
    )
}

/** Parameters that a route is seen to heed, or that the contract gives it. */
async function knownParameters(world: World, routes: readonly RouteModel[]): Promise<Set<string>> {
  const { paths } = world.client.subject
  const known = new Set<string>()
  const itemsAt = async (route: RouteModel, query: string): Promise<number> => {
    const { headers = {} } = await route.genuine('existing')
    const { json } = await world.client.send({ path: `${route.path}${query}`, headers })
    return isRecord(json) && Array.isArray(json.items) ? json.items.length : 0
  }
  for (const route of routes) {
    const isOfContract = [`${paths.admin}/appointments`, paths.events].includes(route.path)
    const isPaged = !isOfContract && 'limit' in route.query
    const isHeeded = isPaged && (await itemsAt(route, '')) > 1 && (await itemsAt(route, '?limit=1')) === 1
    if (!isOfContract && !isHeeded) continue
    for (const parameter of Object.keys(route.query)) known.add(`${route.path} ${parameter}`)
  }
  return known
}

/** Asks what can have no effect, in every way: what this leaves behind are notes that somebody asked. */
async function makeNotes(world: World, routes: readonly RouteModel[]): Promise<void> {
  const { client } = world
  const [unreadable] = refusedBodies
  for (const route of routes) {
    const genuine = await route.genuine('existing')
    const isReading = !route.isChanging && route.body === undefined
    const alteration =
      unreadable === undefined || isReading
        ? {}
        : { body: { ...unreadable.spoil({ a: 'b' }), contentType: typeOf(route) } }
    const request = write(client, route, genuine, undefined, alteration, Date.now)
    const { method, path, headers, bytes } = request
    const body = bytes === undefined ? {} : { body: bytes }
    if (isReading) await client.send({ method, path, headers })
    else if (route.body !== undefined) await client.send({ method, path, headers, ...body })
    const { Authorization: _left, ...anonymous } = headers
    await client.send({ method, path: `${path}-nowhere`, headers, ...body })
    if (genuine.headers?.Authorization !== undefined) await client.send({ method, path, headers: anonymous, ...body })
  }
  await client.send({
    method: 'POST',
    path: `${client.subject.paths.admin}/auth/login`,
    headers: { 'Content-Type': 'application/json' },
    body: { email: 'nobody@example.org', password: 'Not-the-password-1' },
  })
}

const typeOf = ({ body }: RouteModel): string =>
  body?.encoding === 'form' ? 'application/x-www-form-urlencoded' : 'application/json'

/** Sends the kinds one by one, with other values, to find the one that changes something. */
async function findChange(
  watch: ChangeWatch,
  checker: Checker,
  route: RouteModel,
  kinds: readonly RequestKind[],
  seen: readonly string[],
): Promise<ValidationTrial['changes']> {
  const name = `${route.method} ${route.path}`
  await sleep(200)
  await watch.look()
  const found: ValidationTrial['changes'] = []
  for (const [index, kind] of kinds.entries()) {
    await checker.check(kind, 1, 104_729 + index)
    const [change] = await watch.look()
    if (change !== undefined) found.push({ route: name, kind: kind.name, change })
    if (found.length === 3) break
  }
  return found.length > 0 ? found : [{ route: name, kind: 'which of them could not be found', change: seen.join(', ') }]
}

/** Reads everything once more, and brings in one more customer. */
async function askInnocently(
  world: World,
  routes: readonly RouteModel[],
): Promise<{ outcome: ValidationTrial['innocent']; texts: string[] }> {
  const wrong: string[] = []
  const texts: string[] = []
  const readings = routes.filter(({ method }) => method === 'GET')
  for (const route of readings) {
    const genuine = await route.genuine('existing')
    const { method, path, headers } = write(world.client, route, genuine, undefined, {}, Date.now)
    const answer = await world.client.send({ method, path, headers })
    if (answer.status !== 200) wrong.push(`${method} ${route.path} answers ${answer.status}`)
    texts.push(answer.text)
  }
  await world.fresh().catch((error: unknown) => wrong.push(error instanceof Error ? error.message : String(error)))
  return { outcome: { sent: readings.length + 1, wrong }, texts }
}

/** Where texts that nobody asked to be stored have come to lie: in a column of their own, or in what others are shown. */
async function findStored(
  client: AroClient,
  url: string,
  kinds: readonly RequestKind[],
  shown: readonly string[],
): Promise<ValidationTrial['stored']> {
  const canaries = kinds.flatMap((kind) => kind.canaries.map((canary) => ({ canary, kind })))
  const { findings } = await searchDatabase(
    url,
    canaries.map(({ canary }) => canary),
  )
  const events = JSON.stringify((await client.events()).items)
  const places = [...shown, events]
  return canaries.flatMap(({ canary, kind }) => {
    const where = [
      ...findings
        .filter(({ label, table }) => label === canary && !isArchive(kind, table))
        .map(({ table, column }) => `${table}.${column}`),
      ...(places.some((text) => text.includes(canary)) ? ['an answer of the API'] : []),
    ]
    const [first] = where
    if (first === undefined) return []
    return [
      { route: `${kind.route.method} ${kind.route.path}`, kind: kind.name, where: [...new Set(where)].join(', ') },
    ]
  })
}

/** What a provider has sent may be kept whole, as it came. */
const isArchive = ({ route }: RequestKind, table: string): boolean =>
  route.body?.isSignedBy !== undefined && /webhook|deliver|inbox|raw|archive|log/i.test(table)

function personIn(bytes: Buffer | undefined): { phone: string; name: string } {
  const json: unknown = JSON.parse(bytes?.toString() ?? 'null')
  const data = isRecord(json) && isRecord(json.data) ? json.data : {}
  const customer = isRecord(data.customer) ? data.customer : {}
  return { phone: String(customer.phone), name: String(customer.name) }
}

async function compareShown(
  { administrator }: World,
  bookings: readonly { phone: string; name: string }[],
): Promise<Pick<ValidationTrial, 'altered' | 'roundTrips'>> {
  const altered: ValidationTrial['altered'] = []
  // of two who were given one number, the later stays
  const latest = new Map(bookings.map(({ phone, name }) => [phone, name]))
  for (const [phone, name] of latest) {
    const customer = await administrator.awaitCustomer(phone)
    const shown = typeof customer.name === 'string' ? customer.name : null
    if (shown !== name) altered.push({ field: 'the name of a customer', sent: name, shown })
  }
  return { altered, roundTrips: latest.size }
}

const newNames = (before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>): string[] =>
  [...after].flatMap(([name, count]) => (count > (before.get(name) ?? 0) ? [name] : []))
