import { setTimeout as sleep } from 'node:timers/promises'
import { ageDatabase } from '../../database/ageing.ts'
import type { ControlDatabase } from '../../database/control-database.ts'
import { delayDatabase } from '../../faults/database-delay.ts'
import { answerLate } from '../../faults/provider-slow.ts'
import type { ProviderLab } from '../../providers/lab.ts'
import type { GateRun } from '../../run.ts'
import type { App } from '../../subject/app.ts'
import { makeConsentedCustomers } from '../../subject/consented.ts'
import type { ConsentedCustomer } from '../../subject/consented.ts'
import { listDeadLetters } from '../../subject/dead-letters.ts'
import type { Instance } from '../../subject/instance.ts'
import { Ledger } from '../../subject/ledger.ts'
import { reconcile } from '../../subject/reconciliation.ts'
import type { Subject } from '../../subject/subject.ts'
import type { UptimeTrial } from './judge.ts'
import { readMonitor } from './monitor.ts'
import { complaintOf, countComplaints, Probe, requestKinds } from './probe.ts'
import type { Stage } from './probe.ts'
import { Rotation } from './rotation.ts'

const extent = {
  release: { aroundMilliseconds: 10_000, rounds: 2 },
  rehearsal: { aroundMilliseconds: 1500, rounds: 1 },
} as const
const instances = 2
/** So slow that requests are under way for long enough to meet the signal. */
const slow = { databaseMilliseconds: 25, providerMilliseconds: 700, beforeSignalMilliseconds: 50 }
const messagesAtEach = 4
const warmUpMilliseconds = 8000
/** Work of a process that ended waits for its lease to run out. */
const leaseSeconds = 900

interface Facilities {
  app: App
  database: ControlDatabase
  providers: ProviderLab
}

/** Replaces two instances one after the other while clients go on, and keeps account of what was accepted. */
export async function tryUptime(
  { app, database, providers }: Facilities,
  { subject, profile }: { subject: Subject; profile: GateRun['profile'] },
  progress: (message: string) => void,
): Promise<UptimeTrial> {
  const { aroundMilliseconds, rounds } = extent[profile]
  const monitored = await readMonitor(subject)
  const [first] = app.instances
  if (first === undefined) throw new Error('Expected a running instance, there is none.')
  const administrator = await onceWarm(() => app.client.administrator())
  const [second, customers] = await Promise.all([
    app.start(),
    makeConsentedCustomers(app.client, administrator, messagesAtEach * instances * rounds),
  ])
  const stage: Stage = { app, administrator, ledger: new Ledger() }
  await using rotation = new Rotation(app, subject.paths.ready)
  const running = [first, second]
  for (const instance of running) rotation.add(instance)
  const probe = new Probe(stage, rotation)
  const restarts: UptimeTrial['restarts'] = []
  try {
    await sleep(aroundMilliseconds)
    probe.phase = 'restarting'
    for (let number = 0; number < instances * rounds; number += 1) {
      const place = number % instances
      const addressees = customers.slice(number * messagesAtEach, (number + 1) * messagesAtEach)
      const leaving = running[place]
      if (leaving === undefined) throw new Error(`Expected an instance at ${place}.`)
      const stopped = await stopUnderWay(stage, { database, providers, rotation }, leaving, addressees)
      const { replacement, ...started } = await replace(stage, rotation)
      running[place] = replacement
      restarts.push({ instance: number + 1, ...stopped, ...started })
    }
    progress(`${restarts.length} instances were replaced`)
    probe.phase = 'afterwards'
    await sleep(aroundMilliseconds)
  } finally {
    // nobody asks on while the outcome is looked at, or after a failure
    await probe.end()
  }
  const last = running.at(-1)
  if (last === undefined) throw new Error('Expected an instance that runs, there is none.')
  const client = app.clientOf(last)
  await onceWarm(() => listDeadLetters(administrator.at(client)))
  const account = await reconcile(
    stage.ledger,
    { client, administrator: administrator.at(client), journal: providers.journal },
    [{ withinMilliseconds: 6000 }, { withinMilliseconds: 12_000, help: () => ageDatabase(database.url, leaseSeconds) }],
  )
  return { phases: await probe.end(), restarts, account, monitored }
}

/** Does what an instance cannot serve yet where it says too early that it is ready: which is seen by other means. */
async function onceWarm<Result>(work: () => Promise<Result>): Promise<Result> {
  const deadline = performance.now() + warmUpMilliseconds
  for (;;) {
    try {
      return await work()
    } catch (error) {
      if (performance.now() > deadline) throw error
      await sleep(200)
    }
  }
}

type Stopped = Pick<UptimeTrial['restarts'][number], 'underWay' | 'dropped' | 'exit' | 'stoppedInMilliseconds'>

/** Tells an instance to stop while it has requests that wait for the database, and jobs that wait for the provider. */
async function stopUnderWay(
  stage: Stage,
  { database, providers, rotation }: Omit<Facilities, 'app'> & { rotation: Rotation },
  instance: Instance,
  addressees: readonly ConsentedCustomer[],
): Promise<Stopped> {
  const { app, administrator, ledger } = stage
  await using lateProvider = await providers.fault('twilio', answerLate({ milliseconds: slow.providerMilliseconds }))
  const there = administrator.at(app.clientOf(instance))
  const write = ({ booking, customer }: ConsentedCustomer) =>
    ledger.message(there, { id: customer.id, phone: booking.person.phone })
  await Promise.all(addressees.map(write))
  await using lateDatabase = await delayDatabase(database.proxy, slow.databaseMilliseconds)
  let waiting = 0
  const requests = [...requestKinds, ...requestKinds].map(async (kind) => {
    waiting += 1
    const complaint = await complaintOf(kind.send(stage, instance))
    waiting -= 1
    return complaint
  })
  await sleep(slow.beforeSignalMilliseconds)
  const underWay = waiting
  if (underWay === 0)
    throw new Error('No request was under way when the instance was told to stop: nothing can be said about those.')
  const told = performance.now()
  const stopping = instance.stop()
  // they are under way now; what the others answer meanwhile is not to suffer from it
  await lateDatabase.end()
  const [exit, complaints] = await Promise.all([stopping, Promise.all(requests)])
  const stoppedInMilliseconds = performance.now() - told
  rotation.remove(instance)
  await lateProvider.end()
  return { underWay, dropped: countComplaints(complaints), exit, stoppedInMilliseconds }
}

type Replaced = Pick<UptimeTrial['restarts'][number], 'first' | 'readyInMilliseconds'> & { replacement: Instance }

async function replace(stage: Stage, rotation: Rotation): Promise<Replaced> {
  const replacement = await stage.app.start()
  const first = await Promise.all(requestKinds.map((kind) => complaintOf(kind.send(stage, replacement))))
  rotation.add(replacement)
  return {
    replacement,
    first: { asked: first.length, failed: countComplaints(first) },
    readyInMilliseconds: replacement.startedInMilliseconds,
  }
}
