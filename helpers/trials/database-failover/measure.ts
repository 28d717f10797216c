import type { ControlDatabase } from '../../database/control-database.ts'
import { ageDatabase } from '../../database/ageing.ts'
import { searchDatabase } from '../../database/search.ts'
import { blackholeDatabase } from '../../faults/database-blackhole.ts'
import { delayDatabase } from '../../faults/database-delay.ts'
import { refuseDatabase } from '../../faults/database-refused.ts'
import type { ProviderLab } from '../../providers/lab.ts'
import type { GateRun } from '../../run.ts'
import type { App } from '../../subject/app.ts'
import { Ledger } from '../../subject/ledger.ts'
import type { LedgerEntry } from '../../subject/ledger.ts'
import { reconcile } from '../../subject/reconciliation.ts'
import type { Reconciliation } from '../../subject/reconciliation.ts'
import { planCuts, tryCut } from './cuts.ts'
import type { FailoverTrial } from './judge.ts'
import { tryOutage } from './outages.ts'
import { burst, burstThrough } from './pool.ts'
import { countAnswers, isSuccess, requestKinds } from './requests.ts'
import type { Asking } from './requests.ts'
import { terminateIdle, terminateInUse } from './terminations.ts'

const extent = {
  release: { outageMilliseconds: 5000, writes: 8 },
  rehearsal: { outageMilliseconds: 2500, writes: 4 },
} as const
const slowMilliseconds = 60
const steadyRounds = 2
const leastCuts = 4
const mostBursts = 3

/** Ends, cuts, refuses, silences and slows the subject's connections one way after the other, and keeps account of all it took. */
export async function tryFailover(
  { app, database, providers }: { app: App; database: ControlDatabase; providers: ProviderLab },
  { profile }: Pick<GateRun, 'profile'>,
  progress: (message: string) => void,
): Promise<FailoverTrial> {
  const { client } = app
  const { proxy } = database
  const { outageMilliseconds, writes } = extent[profile]
  const administrator = await client.administrator()
  const ledger = new Ledger()
  const known = await ledger.book(client)
  const asking: Asking = { client, administrator, ledger, knownPhone: known.phone ?? '' }
  await administrator.awaitCustomer(asking.knownPhone)
  const steadyRequests = await beSteady(asking)
  const before = await burstThrough(asking, proxy)
  const hasEnded = (): boolean => app.instances.some((instance) => instance.exit() !== undefined)
  const trial: FailoverTrial = {
    steadyRequests,
    outages: [],
    terminations: [],
    cuts: [],
    slow: null,
    pool: null,
    endedProcesses: 0,
    withoutEffect: 0,
    halfWritten: [],
    account: null,
  }
  /** What is broken for good cannot be tried further; what was seen is enough. */
  const isBeyondHelp = (): boolean => {
    trial.endedProcesses = app.instances.filter((instance) => instance.exit() !== undefined).length
    return (
      hasEnded() ||
      trial.terminations.some(({ isReadyAgain }) => !isReadyAgain) ||
      trial.outages.some(({ acceptsAfterMilliseconds }) => acceptsAfterMilliseconds === null)
    )
  }
  for (const terminate of [terminateIdle, terminateInUse]) {
    trial.terminations.push(await terminate(asking, database))
    if (isBeyondHelp()) return trial
  }
  progress(
    `${trial.terminations.map(({ terminated }) => terminated).join(' and ')} connections were ended by the server`,
  )
  for (const plan of planCuts(writes)) {
    const cut = await tryCut(asking, database, plan)
    if (cut.tookHold) trial.cuts.push(cut)
    if (isBeyondHelp()) return trial
  }
  progress(`${trial.cuts.length} connections were cut at a statement`)
  for (const lose of [refuseDatabase, blackholeDatabase]) {
    trial.outages.push(await tryOutage(asking, () => lose(proxy), outageMilliseconds))
    if (isBeyondHelp()) return trial
  }
  progress(`${trial.outages.length} outages`)
  trial.slow = await beSlow(asking, database)
  requireFaults([...trial.outages, ...trial.terminations, trial.slow])
  if (trial.cuts.length < leastCuts)
    throw new Error(
      `${trial.cuts.length} connections were cut at a statement, expected ${leastCuts}: does the subject commit?`,
    )
  if (isBeyondHelp()) return trial
  trial.account = await settleUp(asking, database, providers)
  let after = await burstThrough(asking, proxy)
  // a busy machine may spoil a burst, a pool that has shrunk spoils every one
  for (let tries = 1; tries < mostBursts && isWorse(after, before); tries += 1)
    after = await burstThrough(asking, proxy)
  trial.pool = {
    mostInUseBefore: before.mostInUse,
    mostInUseAfter: after.mostInUse,
    openBefore: before.open,
    openAfter: after.open,
    burst,
    burstRefusedAfter: Math.max(0, after.refused - before.refused),
  }
  return { ...trial, ...(await findHalves(ledger, database, trial.account)) }
}

type Burst = Awaited<ReturnType<typeof burstThrough>>

const isWorse = (after: Burst, before: Burst): boolean =>
  after.refused > before.refused || after.mostInUse < before.mostInUse * 0.7

/** @throws when a fault did not take hold, or did not end. */
function requireFaults(faults: readonly { fault: string; proof: string; tookHold: boolean; ended: boolean }[]): void {
  for (const { fault, proof, tookHold, ended } of faults) {
    if (!tookHold) throw new Error(`The fault "${fault}" did not take hold (${proof}): nothing can be said about it.`)
    if (!ended) throw new Error(`The fault "${fault}" did not end (${proof}): nothing can be said about the recovery.`)
  }
}

/** @throws when something is refused although nothing is wrong. */
async function beSteady(asking: Asking): Promise<number> {
  let requests = 0
  for (let round = 0; round < steadyRounds; round += 1) {
    for (const [name, ask] of Object.entries(requestKinds)) {
      const asked = await ask(asking)
      if (!isSuccess(asked))
        throw new Error(`${name}: expected a 2xx before any fault, got ${asked.answer?.status ?? 'no answer'}.`)
      requests += 1
    }
  }
  return requests
}

async function beSlow(asking: Asking, { proxy }: ControlDatabase): Promise<NonNullable<FailoverTrial['slow']>> {
  await using fault = await delayDatabase(proxy, slowMilliseconds)
  const asked = await Promise.all(Object.values(requestKinds).map((ask) => ask(asking)))
  await fault.end()
  const { what: proof, tookHold, ended } = fault.proof()
  return { fault: fault.name, proof, tookHold, ended, answers: countAnswers('a request of each kind', asked) }
}

/** Work that is waiting gets time to be done; should it be held by a connection that is gone, time goes by for that too. */
function settleUp(asking: Asking, database: ControlDatabase, providers: ProviderLab): Promise<Reconciliation> {
  return reconcile(asking.ledger, { ...asking, journal: providers.journal }, [
    { withinMilliseconds: 12_000 },
    { withinMilliseconds: 5000, help: () => ageDatabase(database.url, 61) },
    { withinMilliseconds: 5000, help: () => ageDatabase(database.url, 5 * 3600) },
  ])
}

/** Where notes of a request may lie that had no effect. */
const noteTables = /audit|log|rate|limit|attempt/i

/** Looks for traces of what was never accepted and never took effect. */
async function findHalves(
  ledger: Ledger,
  database: ControlDatabase,
  account: Reconciliation,
): Promise<Pick<FailoverTrial, 'withoutEffect' | 'halfWritten'>> {
  const nameOf = ({ kind, marker }: LedgerEntry): string => `${kind} ${marker}`
  const effected = new Set(account.effectedThoughRefused)
  const failed = [...ledger.of('refused'), ...ledger.of('unanswered')].filter((entry) => !effected.has(nameOf(entry)))
  const needles = Object.fromEntries(
    failed.flatMap((entry) =>
      [entry.marker, ...(entry.unsigned?.traces ?? [])].map((text) => [text, nameOf(entry)] as const),
    ),
  )
  const { findings } = await searchDatabase(database.url, Object.keys(needles))
  const halfWritten = findings
    .filter(({ table }) => !noteTables.test(table))
    .map(({ label, table, column }) => ({ request: needles[label] ?? label, where: `${table}.${column}` }))
  return { withoutEffect: failed.length, halfWritten }
}
