import { setTimeout as sleep } from 'node:timers/promises'
import type { Fault } from '../../faults/fault.ts'
import { Prober } from '../health-endpoints/probe.ts'
import type { FailoverTrial } from './judge.ts'
import { countAnswers, isSuccess, requestKinds } from './requests.ts'
import type { Asking } from './requests.ts'

type Outage = FailoverTrial['outages'][number]

const unreadyWithinMilliseconds = 8000
const recoveredWithinMilliseconds = 20_000
const requestsOfAKind = 2
/** Accepted right before, so that their work meets the outage. */
const underWay = 6

/** Takes the database away for a while, asks for everything meanwhile, and measures how the service comes back. */
export async function tryOutage(
  asking: Asking,
  start: () => Promise<Fault>,
  leastMilliseconds: number,
): Promise<Outage> {
  const { client, ledger } = asking
  const { health, ready } = client.subject.paths
  const healthProber = new Prober(client, health, 100)
  await Promise.all(Array.from({ length: underWay }, () => ledger.book(client)))
  await using fault = await start()
  const startedAt = performance.now()
  const readyProber = new Prober(client, ready, 100)
  const firstAt = (status: number, from: number): number | undefined => {
    const probe = readyProber.probes.find((each) => each.status === status && each.sentAt >= from)
    return probe && probe.sentAt + probe.durationMilliseconds
  }
  await waitFor(() => firstAt(503, startedAt) !== undefined, unreadyWithinMilliseconds)
  const unreadyAt = firstAt(503, startedAt)
  const answers = await Promise.all(
    Object.entries(requestKinds).map(async ([request, ask]) =>
      countAnswers(request, await Promise.all(Array.from({ length: requestsOfAKind }, () => ask(asking)))),
    ),
  )
  await sleep(Math.max(0, startedAt + leastMilliseconds - performance.now()))
  const sentBefore = performance.now()
  await fault.end()
  const endedAt = performance.now()
  const acceptsAt = await firstAccepted(asking)
  await waitFor(() => firstAt(200, endedAt) !== undefined, recoveredWithinMilliseconds)
  const readyAt = firstAt(200, endedAt)
  await readyProber.stop()
  const healthProbes = (await healthProber.stop()).filter(({ sentAt }) => sentAt >= startedAt && sentAt < sentBefore)
  const { what: proof, tookHold, ended } = fault.proof()
  return {
    fault: fault.name,
    proof,
    tookHold,
    ended,
    answers,
    lastedMilliseconds: sentBefore - startedAt,
    healthSamples: healthProbes.length,
    healthNot200: healthProbes.filter(({ status }) => status !== 200).length,
    slowestHealthMilliseconds: Math.max(...healthProbes.map(({ durationMilliseconds }) => durationMilliseconds)),
    unreadyAfterMilliseconds: unreadyAt === undefined ? null : unreadyAt - startedAt,
    readyAfterMilliseconds: readyAt === undefined ? null : readyAt - endedAt,
    acceptsAfterMilliseconds: acceptsAt === undefined ? null : acceptsAt - endedAt,
  }
}

/** When a booking was accepted again, trying a new one each time. */
export async function firstAccepted({ client, ledger }: Asking): Promise<number | undefined> {
  const deadline = performance.now() + recoveredWithinMilliseconds
  while (performance.now() < deadline) {
    if (isSuccess(await ledger.book(client))) return performance.now()
    await sleep(100)
  }
  return undefined
}

async function waitFor(condition: () => boolean, withinMilliseconds: number): Promise<void> {
  const deadline = performance.now() + withinMilliseconds
  while (!condition() && performance.now() < deadline) await sleep(25)
}
