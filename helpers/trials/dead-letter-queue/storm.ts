import { setTimeout as sleep } from 'node:timers/promises'
import type { ControlDatabase } from '../../database/control-database.ts'
import { ageDatabase } from '../../database/ageing.ts'
import type { Fault } from '../../faults/fault.ts'
import { answerWithStatus } from '../../faults/provider-status.ts'
import type { ProviderFault } from '../../providers/provider-fault.ts'
import { mulberry32 } from '../../random.ts'
import type { App } from '../../subject/app.ts'
import type { Instance } from '../../subject/instance.ts'
import { isOpen, listDeadLetters } from '../../subject/dead-letters.ts'
import { Ledger, makeMarker } from '../../subject/ledger.ts'
import { reconcile } from '../../subject/reconciliation.ts'
import type { Patience, Reconciliation } from '../../subject/reconciliation.ts'
import { takeCustomer } from './exhaust.ts'
import type { Bench } from './exhaust.ts'
import type { DeadLetterTrial } from './judge.ts'

/** Every so many rounds the whole service is killed, and not one instance. */
const roundsUntilAll = 4
const mostStarts = 3
const longestUntilKillMilliseconds = 900

/** The running instances, of which there are two except while they are being killed. */
export interface Fleet {
  app: App
  database: ControlDatabase
  running: [Instance, Instance]
}

type Place = 0 | 1

interface Storm {
  bench: Bench
  fleet: Fleet
  ledger: Ledger
  random: () => number
  /** The refusals of messages that cannot succeed, by their markers. */
  refusals: Map<string, Fault>
}

/** Kills instances at random moments of the life of messages, of which some cannot be delivered; then replays those. */
export async function killAtRandom(
  bench: Bench,
  fleet: Fleet,
  { kills, seed, progress }: { kills: number; seed: number; progress: (message: string) => void },
): Promise<NonNullable<DeadLetterTrial['storm']>> {
  const random = mulberry32(seed)
  const ledger = new Ledger()
  const storm: Storm = { bench, fleet, ledger, random, refusals: new Map() }
  let done = 0
  let withWorkUnderWay = 0
  let starting: Promise<unknown> = Promise.resolve()
  for (let round = 0; done < kills; round += 1) {
    await starting
    const sent = sendRound(storm, fleet.running[random() < 0.5 ? 0 : 1])
    // most kills come after the acceptance, whose time a busy machine stretches, and some within it
    if (random() < 0.8) await sent
    await sleep(random() * longestUntilKillMilliseconds)
    const victims: readonly Place[] = round % roundsUntilAll === roundsUntilAll - 1 ? [0, 1] : [round % 2 === 0 ? 1 : 0]
    if (isWorkUnderWay(bench, ledger)) withWorkUnderWay += victims.length
    for (const victim of victims) await kill(fleet.running[victim])
    done += victims.length
    starting = Promise.all(victims.map((victim) => startAgain(fleet, victim)))
    // should the start fail while the round is still awaited, that is told at the next
    starting.catch(() => undefined)
    await sent
    if (done % 10 === 0) progress(`${done} kills`)
  }
  await starting
  const accepted = ledger.of('accepted').filter(({ marker }) => storm.refusals.has(marker)).length
  const beforeReplay = await settleUp(bench, fleet, ledger)
  const replayed = await replayThroughKill(storm)
  const afterReplay = await settleUp(bench, fleet, ledger)
  return {
    seed,
    kills: done,
    killsWithWorkUnderWay: withWorkUnderWay,
    hopeless: accepted,
    beforeReplay,
    replayed,
    afterReplay,
  }
}

/** One message that is taken, one that is taken at the third attempt, and one that is refused for good. */
async function sendRound({ bench, fleet, ledger, random, refusals }: Storm, instance: Instance): Promise<void> {
  const { customer } = takeCustomer(bench)
  const administrator = bench.administrator.at(fleet.app.clientOf(instance))
  const [taken, late, refused] = [makeMarker(), makeMarker(), makeMarker()]
  const afterMilliseconds = Math.round(random() * 150)
  const at = (marker: string): Pick<ProviderFault, 'matches'> => ({
    matches: ({ form }) => form?.Body?.includes(marker) ?? false,
  })
  const fail = answerWithStatus({ status: 503, times: 2, afterMilliseconds })
  const refuse = answerWithStatus({ status: 400, afterMilliseconds })
  await bench.providers.fault('twilio', { ...fail, ...at(late) })
  refusals.set(refused, await bench.providers.fault('twilio', { ...refuse, ...at(refused) }))
  await Promise.all([late, taken, refused].map((marker) => ledger.message(administrator, customer, marker)))
}

function isWorkUnderWay({ providers }: Bench, ledger: Ledger): boolean {
  const answered = new Set(
    providers.journal
      .calls('twilio')
      .filter(({ answer }) => answer !== undefined && 'status' in answer && answer.status < 500)
      .map(({ form }) => form?.Body ?? ''),
  )
  const bodies = [...answered]
  return ledger.entries.some(({ outcome, marker }) => outcome === 'accepted' && !bodies.some((b) => b.includes(marker)))
}

async function kill(instance: Instance): Promise<void> {
  if (instance.exit() !== undefined)
    throw new Error('An instance had ended before it was killed: nothing can be said about kills.')
  const exit = await instance.kill()
  if (exit.signal !== 'SIGKILL') throw new Error(`Expected an end by SIGKILL, got ${exit.signal ?? exit.code}.`)
}

/** @throws when the subject does not start after a kill, tried again because a busy machine may be the cause. */
async function startAgain(fleet: Fleet, place: Place): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      fleet.running[place] = await fleet.app.start()
      return
    } catch (error) {
      if (tries === mostStarts) throw error
    }
  }
}

/** Replays all open letters at once, and kills an instance meanwhile; by now the provider takes everything. */
async function replayThroughKill({ bench, fleet, ledger, refusals }: Storm): Promise<number> {
  await Promise.all([...refusals.values()].map((refusal) => refusal.end()))
  const administrator = bench.administrator.at(fleet.app.clientOf(fleet.running[0]))
  const letters = (await listDeadLetters(administrator)).filter(
    (letter) =>
      isOpen(letter) && ledger.entries.some((entry) => entry.correlationIds.includes(String(letter.correlationId))),
  )
  // none of many that were due: the reconciliation tells which are lost
  if (letters.length === 0) return 0
  const replays = letters.map(({ id }) =>
    administrator.send('POST', `/dead-letters/${encodeURIComponent(id)}/replay`).catch(() => undefined),
  )
  await Promise.race(replays)
  await kill(fleet.running[1])
  await Promise.all([...replays, startAgain(fleet, 1)])
  return letters.length
}

/** Time goes by in the database where work waits long: for a breaker first, then for whoever holds it still. */
function settleUp(bench: Bench, fleet: Fleet, ledger: Ledger): Promise<Reconciliation> {
  const client = fleet.app.clientOf(fleet.running[0])
  const witnesses = { client, administrator: bench.administrator.at(client), journal: bench.providers.journal }
  const age = (seconds: number) => (): Promise<unknown> => ageDatabase(fleet.database.url, seconds)
  const patience: Patience[] = [
    { withinMilliseconds: 8000 },
    { withinMilliseconds: 5000, help: age(61) },
    { withinMilliseconds: 5000, help: age(61) },
    { withinMilliseconds: 6000, help: age(5 * 3600) },
  ]
  return reconcile(ledger, witnesses, patience)
}
