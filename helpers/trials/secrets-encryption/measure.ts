import { existsSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ControlContext } from '../../control.ts'
import type { FacilityMap } from '../../facilities.ts'
import { runCommand } from '../../subject/commands.ts'
import type { Administrator } from '../../subject/administrator.ts'
import type { ProviderName, Tenant } from '../../subject/facilities.ts'
import type { Instance } from '../../subject/instance.ts'
import { WatchedClient } from '../../subject/watched-client.ts'
import { requiredCommands } from '../required-commands/commands.ts'
import { Canaries, integrationProviders, makeApiKey, plantEnvironment } from './canaries.ts'
import { provokeErrors } from './errors.ts'
import type { SecretsTrial } from './judge.ts'
import { SecretSearch } from './places.ts'
import { KeyStore } from './storage.ts'
import type { StoredKey } from './storage.ts'
import { alter, alterations, move, tamper } from './tampering.ts'
import type { Tampering } from './tampering.ts'
import { openClinic, sendAndWatch } from './use.ts'
import type { Clinic, Sending } from './use.ts'
import { watchModelUse, watchPaymentUse, watchSmsUse } from './uses.ts'
import { sendRefusedRequests } from './ways-in.ts'

type Needs = ControlContext & Pick<FacilityMap, 'app' | 'database' | 'providers' | 'run'>

const backupSeconds = 30
const intactWithinMilliseconds = 15_000
/** What is not sent in this time, nor in some times that which an intact key takes, is taken as not sent at all. */
const tamperedWithinMilliseconds = 4000
const timesIntact = 3
const tamperingsInAll = alterations + 2

/** Hands secrets to the subject in every way there is, has it use and store them, and looks for them everywhere. */
export async function trySecrets(context: Needs): Promise<SecretsTrial> {
  const { app, database, providers, run, subject, progress } = context
  const startedAt = Date.now() - 1000
  const canaries = new Canaries()
  const search = new SecretSearch(canaries)
  const { tenants } = run
  plantEnvironment(canaries, run, tenants, database.proxy.url)
  const store = new KeyStore(database.url, [...tenants.map(({ id }) => id), ...integrationProviders])

  let url = app.client.url
  const client = new WatchedClient({ subject, tenants, url: () => url })
  const talkative = { environment: subject.debugEnvironment }
  const [first] = app.instances
  if (first === undefined) throw new Error('Expected a running instance, there is none.')
  const starting = app.start(talkative)
  starting.catch(() => undefined)
  await useFirst({ client, canaries, store })
  const second = await starting
  let endedProcesses = countEnded([first, second])
  await first.stop()
  url = second.url

  const clinics = await Promise.all(
    tenants.map((tenant, index) => openClinic(client, tenant, index === 0 ? 3 : 2 + tamperingsInAll)),
  )
  for (const [index, { administrator }] of clinics.entries())
    canaries.plant('login', `session token ${index + 1}`, administrator.token.split('.').at(-1) ?? administrator.token)
  const [mine, theirs] = clinics
  if (mine === undefined || theirs === undefined) throw new Error('Expected two tenants, there are fewer.')
  const refused = await sendRefusedRequests(client, mine.administrator, canaries)
  const {
    mine: own,
    theirs: foreign,
    paymentsOfTheirs,
    uses,
  } = await writeAndUse({ mine, theirs, canaries, store, context, client })
  const faults = await provokeErrors({ clinic: mine, providers, database, canaries, client })
  await search.database(database.url)
  endedProcesses += countEnded([second])
  await second.stop()
  progress('keys were stored, used and replaced')

  const tamperings = planTamperings(own, foreign, paymentsOfTheirs)
  const rowsAtStart = await tamper(database.url, foreign, tamperings[0])
  const [third, backup] = await Promise.all([app.start(talkative), backUp(context)])
  url = third.url
  const sentAt = performance.now()
  let untampered = await sendWithKey(mine, mine.customers.at(-1), context, intactWithinMilliseconds)
  // an instance that has just started may be too busy for a while
  while (!untampered.left && untampered.how === 'refused' && performance.now() - sentAt < intactWithinMilliseconds)
    untampered = await sendWithKey(mine, mine.customers.at(-1), context, intactWithinMilliseconds)
  if (!untampered.left && untampered.how !== 'dead letter') {
    throw new Error(
      `A message with an intact key did not leave within ${intactWithinMilliseconds} ms of a restart (${untampered.how}): what becomes of altered keys was not seen.`,
    )
  }
  const within = Math.max(tamperedWithinMilliseconds, timesIntact * (performance.now() - sentAt))
  // a process that has never seen the key intact has nothing else to send
  const outcomes: { tampering: Tampering; rows: number; sending: Sending }[] = []
  for (const [index, tampering] of tamperings.entries()) {
    const rows = index === 0 ? rowsAtStart : await tamper(database.url, foreign, tampering)
    const sending = await sendWithKey(theirs, theirs.customers[2 + index], context, within)
    outcomes.push({ tampering, rows, sending })
  }
  endedProcesses += countEnded([third])
  await third.stop()
  progress('stored keys were tampered with')

  const { rowsSearched, tablesSearched, columnsSearched } = await search.database(database.url)
  search.log(first, 'of the instance at the usual log level')
  search.log(second, 'of the instance at debug level')
  search.log(third, 'of the instance with keys tampered with')
  search.answers(client.answers, `${subject.paths.admin}/auth/login`)
  search.providers(providers.journal)
  await search.filesBelow(join(run.runDirectory, 'app'), startedAt, { depth: 6, name: 'working directory' })
  await search.filesBelow(subject.root, startedAt, { depth: 4, name: 'root' })
  await search.filesBelow(tmpdir(), startedAt, { depth: 1, name: 'temporary files' })
  const backupBytes = await search.file(backup, 'backup', 'the file that db:backup wrote')
  const plantedBy = (way: string): number => canaries.all.filter((canary) => canary.way === way).length
  return {
    planted: {
      environment: plantedBy('environment'),
      integrations: plantedBy('integrations API'),
      login: plantedBy('login'),
      refused,
    },
    searched: {
      databaseTimes: search.databaseTimes,
      tables: tablesSearched,
      columns: columnsSearched,
      rows: rowsSearched,
      logLines: first.output.lines.length,
      logLinesAtDebug: second.output.lines.length + third.output.lines.length,
      answers: client.answers.length,
      providerCalls: providers.journal.entries.length,
      files: search.files,
      backupBytes,
    },
    faults,
    findings: search.findings,
    storage: store.report(),
    uses,
    untamperedKeyUsed: untampered.left && untampered.key === own.plaintext,
    tamperings: outcomes.map(({ tampering, rows, sending }) => ({
      what: tampering.what,
      rows,
      outcome: nameOutcome(sending, { canaries, tenant: theirs.tenant, stored: foreign.plaintext, tampering }),
      how: sending.left ? 'sent' : sending.how,
    })),
    endedProcesses,
  }
}

const countEnded = (instances: readonly Instance[]): number =>
  instances.filter((instance) => instance.exit() !== undefined).length

/** Writes one provider's API key. @throws when the genuine request is refused. */
export async function writeKey(administrator: Administrator, provider: ProviderName, apiKey: string): Promise<void> {
  const { status, text } = await administrator.send('PUT', `/integrations/${provider}`, { apiKey })
  if (status >= 300)
    throw new Error(`PUT /integrations/${provider}: expected 200, got ${status}: ${text.slice(0, 200)}`)
}

/** The first of two processes that write keys: a nonce counted from the start of a process would come twice. */
async function useFirst({ client, canaries, store }: Pick<Writing, 'client' | 'canaries' | 'store'>): Promise<void> {
  const administrator = await client.administrator()
  canaries.plant('login', 'session token', administrator.token.split('.').at(-1) ?? administrator.token)
  const key = canaries.plant('integrations API', 'first stored Stripe key', makeApiKey.stripe(), ['stripe'])
  await store.locate(key, () => writeKey(administrator, 'stripe', key))
}

interface Writing {
  mine: Clinic
  theirs: Clinic
  canaries: Canaries
  store: KeyStore
  context: Needs
  client: WatchedClient
}

/** Writes keys over and over: the same ones for all tenants, other ones, the same again, and at last each its own. */
async function writeAndUse({ mine, theirs, canaries, store, context, client }: Writing): Promise<{
  mine: StoredKey
  theirs: StoredKey
  paymentsOfTheirs: StoredKey
  uses: SecretsTrial['uses']
}> {
  const plant = (what: string, provider: ProviderName): string =>
    canaries.plant('integrations API', `${what} ${provider} key`, makeApiKey[provider](), [provider])
  const long = plant('second stored', 'stripe')
  await store.locate(long, () => writeKey(theirs.administrator, 'stripe', long))
  const common = new Map(integrationProviders.map((provider) => [provider, plant('common', provider)]))
  const writeAll = async (keyOf: (provider: ProviderName) => string | undefined): Promise<void> => {
    const writes = [mine, theirs].flatMap(({ administrator }) =>
      integrationProviders.map((provider) => writeKey(administrator, provider, keyOf(provider) ?? '')),
    )
    await Promise.all(writes)
  }
  await store.rewrite(() => writeAll((provider) => common.get(provider)))
  const uses = [
    await watchSmsUse(mine, { expected: common.get('twilio') ?? '', after: 'the first write', canaries, context }),
  ]
  await writeAll((provider) => plant('passing', provider))
  await store.rewrite(() => writeAll((provider) => common.get(provider)))
  const watch = ({ administrator }: Clinic, provider: ProviderName, key: string): Promise<StoredKey> =>
    store.watch(key, () => writeKey(administrator, provider, key))
  const [own, foreign] = [plant('my', 'twilio'), plant('their', 'twilio')]
  const [stripe, paymentsOf, llm] = [plant('my', 'stripe'), plant('their', 'stripe'), plant('my', 'llm')]
  const stored = {
    mine: await watch(mine, 'twilio', own),
    theirs: await watch(theirs, 'twilio', foreign),
    paymentsOfTheirs: await watch(theirs, 'stripe', paymentsOf),
  }
  await writeKey(mine.administrator, 'stripe', stripe)
  await writeKey(mine.administrator, 'llm', llm)
  const after = 'the key was replaced'
  const watched = await Promise.all([
    watchSmsUse(mine, { expected: own, after, canaries, context }),
    watchSmsUse(theirs, { expected: foreign, after, canaries, context }),
    watchModelUse(client, mine, { expected: llm, after, canaries, context }),
    watchPaymentUse(client, mine, { expected: stripe, after, canaries, context }),
  ])
  return { ...stored, uses: [...uses, ...watched.filter((use) => use !== undefined)] }
}

/** What is done to the other clinic's stored key, one after the other. */
function planTamperings(mine: StoredKey, theirs: StoredKey, paymentsOfTheirs: StoredKey): Tampering[] {
  return [
    ...Array.from({ length: alterations }, (_, variation) => alter(theirs, variation)),
    move(mine, theirs, "another tenant's stored key in its place"),
    move(paymentsOfTheirs, theirs, 'the stored key of another provider in its place'),
  ]
}

async function sendWithKey(
  clinic: Clinic,
  customer: Clinic['customers'][number] | undefined,
  { providers }: Needs,
  withinMilliseconds: number,
): Promise<Sending> {
  if (customer === undefined) throw new Error('Expected a customer, there is none.')
  return sendAndWatch(clinic, customer, providers, withinMilliseconds)
}

function nameOutcome(
  sending: Sending,
  known: { canaries: Canaries; tenant: Tenant; stored: string; tampering: Tampering },
): SecretsTrial['tamperings'][number]['outcome'] {
  if (!sending.left) return 'not sent'
  const { key } = sending
  if (key === known.stored) return 'sent with the stored key'
  if (key === known.tampering.otherKey) return 'sent with the key from the other place'
  if (key === known.tenant.webhookSecrets.twilio) return 'sent with the key of the environment'
  return known.canaries.all.some(({ text }) => text === key)
    ? 'sent with an earlier key'
    : 'sent with no key that was ever written'
}

/** Has the subject write a backup. @returns its path. @throws when there is none, since it could not be searched then. */
async function backUp({ app, subject, run, database, signal }: Needs): Promise<string> {
  const file = join(await mkdtemp(join(run.runDirectory, 'backup-')), 'aro-gate-backup.db')
  const required = requiredCommands(file).find(({ name }) => name === 'db:backup')
  const { exitCode, output } = await runCommand({
    command: subject.commands['db:backup'] ?? required?.command ?? [],
    directory: subject.root,
    environment: { ...app.environment(database.url), HOME: homedir(), NODE_ENV: '', NODE_OPTIONS: '' },
    timeLimitSeconds: backupSeconds,
    runDirectory: run.runDirectory,
    owner: 'control',
    signal,
  })
  if (exitCode !== 0 || !existsSync(file)) {
    throw new Error(
      `Expected db:backup to write ${file}, so that it can be searched for secrets; it ended with ${exitCode}: ${output.slice(-300)}`,
    )
  }
  return file
}
