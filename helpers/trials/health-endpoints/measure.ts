import { setTimeout as sleep } from 'node:timers/promises'
import type { ControlDatabase } from '../../database/control-database.ts'
import { blackholeDatabase } from '../../faults/database-blackhole.ts'
import { refuseDatabase } from '../../faults/database-refused.ts'
import type { Fault } from '../../faults/fault.ts'
import type { App } from '../../subject/app.ts'
import type { HealthTrial } from './judge.ts'
import { countProbes, Prober, requireProbes } from './probe.ts'

const steadyMilliseconds = 600
const loadMilliseconds = 1500
const concurrentRequests = 20
/** A little over the contract's 5 s, so that late is told from never. */
const unreadyWithinMilliseconds = 6000
const outageMilliseconds = 1500
const readyWithinMilliseconds = 10_000

/** Probes both endpoints in good times, under load, and while the database is refused or silent. */
export async function probeHealth(app: App, database: ControlDatabase): Promise<HealthTrial> {
  const steady = await probeWhile(app, () => sleep(steadyMilliseconds))
  let requests = 0
  const load = await probeWhile(app, async () => {
    requests = await sendLoad(app)
  })
  const outages = [
    await probeOutage(app, 'connections refused', () => refuseDatabase(database.proxy)),
    await probeOutage(app, 'connections accepted, never answered', () => blackholeDatabase(database.proxy)),
  ]
  return {
    steady,
    load: { requests, ...load },
    outages,
    leaks: await findLeaks(app),
    endedProcesses: app.instances.filter((instance) => instance.exit() !== undefined).length,
  }
}

async function probeWhile(app: App, work: () => Promise<void>): Promise<HealthTrial['steady']> {
  const { health, ready } = app.client.subject.paths
  const probers = { health: new Prober(app.client, health), ready: new Prober(app.client, ready) }
  await work()
  return { health: requireProbes(await probers.health.stop()), ready: requireProbes(await probers.ready.stop()) }
}

async function sendLoad({ client }: App): Promise<number> {
  const until = performance.now() + loadMilliseconds
  let requests = 0
  const worker = async (): Promise<void> => {
    while (performance.now() < until) {
      await client.eventPage({ limit: 20 })
      requests += 1
    }
  }
  await Promise.all(Array.from({ length: concurrentRequests }, worker))
  return requests
}

async function probeOutage(
  app: App,
  name: string,
  start: () => Promise<Fault>,
): Promise<HealthTrial['outages'][number]> {
  const { health, ready } = app.client.subject.paths
  const healthProber = new Prober(app.client, health)
  const readyProber = new Prober(app.client, ready)
  await using fault = await start()
  const startedAt = performance.now()
  const isUnready = (): boolean => readyProber.probes.some((probe) => probe.status === 503 && probe.sentAt >= startedAt)
  await until(isUnready, unreadyWithinMilliseconds)
  const firstUnready = readyProber.probes
    .filter((probe) => probe.status === 503 && probe.sentAt >= startedAt)
    .map((probe) => probe.sentAt + probe.durationMilliseconds)
    .toSorted((a, b) => a - b)[0]
  await sleep(outageMilliseconds)
  const sentBefore = performance.now()
  // what was sent shortly before the end may be answered after it
  const readyMeanwhile = readyProber.probes.filter(
    (probe) =>
      firstUnready !== undefined &&
      probe.sentAt > firstUnready &&
      probe.sentAt + probe.durationMilliseconds < sentBefore,
  )
  await fault.end()
  const endedAt = performance.now()
  const isReady = (): boolean => readyProber.probes.some((probe) => probe.status === 200 && probe.sentAt >= endedAt)
  await until(isReady, readyWithinMilliseconds)
  const firstReady = readyProber.probes.find((probe) => probe.status === 200 && probe.sentAt >= endedAt)
  await readyProber.stop()
  const healthMeanwhile = (await healthProber.stop()).filter(
    (probe) => probe.sentAt >= startedAt && probe.sentAt < sentBefore,
  )
  const proof = fault.proof()
  return {
    dependency: 'the database',
    fault: name,
    proof: proof.what,
    faultTookHold: proof.tookHold,
    faultEnded: proof.ended,
    unreadyAfterMilliseconds: firstUnready === undefined ? null : firstUnready - startedAt,
    readyAgainAfterMilliseconds:
      firstReady === undefined ? null : firstReady.sentAt + firstReady.durationMilliseconds - endedAt,
    readyMeanwhile: countProbes(readyMeanwhile),
    healthMeanwhile: requireProbes(healthMeanwhile),
  }
}

async function until(condition: () => boolean, withinMilliseconds: number): Promise<void> {
  const deadline = performance.now() + withinMilliseconds
  while (!condition() && performance.now() < deadline) await sleep(20)
}

const versionPattern = /\b\d+\.\d+\.\d+\b/
const addressPattern = /postgres(?:ql)?:\/\/|\bat \S+ \(?\S+:\d+:\d+|node_modules/

async function findLeaks({ client }: App): Promise<HealthTrial['leaks']> {
  const leaks: HealthTrial['leaks'] = []
  for (const path of [client.subject.paths.health, client.subject.paths.ready]) {
    const answer = await client.send({ path })
    const poweredBy = [answer.headers.server, answer.headers['x-powered-by']].filter((value) => value !== undefined)
    const text = `${answer.text} ${poweredBy.join(' ')}`
    const secrets = client.tenants.flatMap((tenant) => [
      tenant.serviceToken,
      tenant.id,
      ...Object.values(tenant.webhookSecrets),
    ])
    if (secrets.some((secret) => text.includes(secret)))
      leaks.push({ where: `GET ${path}`, what: 'a secret or a tenant' })
    if (versionPattern.test(text) || poweredBy.length > 0) leaks.push({ where: `GET ${path}`, what: 'a version' })
    if (addressPattern.test(text)) leaks.push({ where: `GET ${path}`, what: 'an internal address or a stack trace' })
  }
  return leaks
}
