import { setTimeout as sleep } from 'node:timers/promises'
import type { ControlContext } from '../../control.ts'
import { fingerprintDatabase } from '../../database/snapshot.ts'
import type { FacilityMap } from '../../facilities.ts'
import type { Fault } from '../../faults/fault.ts'
import { answerGarbage } from '../../faults/provider-garbage.ts'
import { halveAnswer } from '../../faults/provider-half-answer.ts'
import { hang } from '../../faults/provider-hang.ts'
import { refuseConnections } from '../../faults/provider-refused.ts'
import { answerLate } from '../../faults/provider-slow.ts'
import { answerWithStatus } from '../../faults/provider-status.ts'
import type { ProviderFault } from '../../providers/provider-fault.ts'
import { startApp } from '../../subject/app.ts'
import type { App } from '../../subject/app.ts'
import { errorEnvelopeSchema } from '../../subject/client.ts'
import { makeConsentedCustomers } from '../../subject/consented.ts'
import type { ConsentedCustomer } from '../../subject/consented.ts'
import { PassingTime } from '../../subject/passing-time.ts'
import { depositWork, makeRiskyCustomers, messageWork, replyWork } from '../../subject/provider-work.ts'
import type { AskedWork, CalledProvider, Door, ProviderWork } from '../../subject/provider-work.ts'
import type { DegradationTrial, DegradedRound } from './judge.ts'
import { countOutcomes, replayDeadLetters } from './outcomes.ts'
import { useService } from './service.ts'

type Needs = ControlContext & Pick<FacilityMap, 'database' | 'providers' | 'run'>

/** What happens at a provider; each meets every provider, another one in each round. */
const ways: (() => ProviderFault)[] = [
  () => refuseConnections(),
  () => answerWithStatus({ status: 503 }),
  () => hang(),
  () => answerGarbage(),
  () => halveAnswer(),
  () => answerLate({ milliseconds: 1500 }),
]
const askedInRound = { twilio: 2, stripe: 1, llm: 1 }
const askedInOutage = { twilio: 6, stripe: 3, llm: 3 }
const outageMinutes = 4
const mostMinutesToRecover = 5
const quietMilliseconds = 300
/** A breaker's minute, and a moment more. */
const breakerSeconds = 62
/** The longest that the contract's attempts may wait for an answer. */
const longestTimeOutSeconds = 36
const metWithinMilliseconds = 15_000

/** The trial's tools, and all the work that was asked for so far. */
export interface Trial {
  context: Needs
  app: App
  time: PassingTime
  door: Door
  works: readonly ProviderWork[]
  asked: Map<CalledProvider, AskedWork[]>
  /** Markers of what was asked for in the long outage, when no call was cut off by a clock that was moved. */
  ofOutage: Set<string>
}

/** Takes every provider away in every way, uses the rest of the service meanwhile, and counts what became of the work. */
export async function tryDegradation(context: Needs): Promise<DegradationTrial> {
  const { subject, run, database, providers: lab, signal, progress } = context
  if (subject.runtime !== 'node') {
    throw new Error('Outages of minutes cannot be had: only the clock of a subject with runtime "node" is moved.')
  }
  await using app = await startApp({
    run,
    subject,
    signal,
    databaseUrl: database.proxy.url,
    providerUrls: lab.urls,
    labEnvironment: lab.environmentWithClock,
  })
  const time = new PassingTime(lab.clock, database.url)
  const door: Door = { client: app.client, administrator: await app.client.administrator(), now: time.now }
  const repliers = ways.length + askedInOutage.llm + 1
  const customers = await makeConsentedCustomers(app.client, door.administrator, repliers + ways.length + 3)
  const risky = await makeRiskyCustomers(door, 4)
  await time.pass(61)
  const [replying, confirming] = [customers.slice(0, repliers), customers.slice(repliers)]
  const works = [
    messageWork(confirming),
    depositWork(risky),
    replyWork(replying, (marker) => `Hmm, perhaps, ask me later about ${marker}`),
  ]
  const trial: Trial = { context, app, time, door, works, asked: new Map(), ofOutage: new Set() }
  const nextConfirming = confirming.values()
  const next = (): ConsentedCustomer => {
    const { value } = nextConfirming.next()
    if (value === undefined) throw new Error('The trial has run out of customers who confirm.')
    return value
  }
  await serveGenuine(trial)
  const baseline = [await useService(door, next()), await useService(door, next())]
  const rounds: DegradedRound[] = []
  for (let round = 0; round < ways.length; round += 1) {
    const degraded = await degrade(trial, round, next())
    rounds.push(degraded)
    progress(`${rounds.length} of ${ways.length} rounds of faults`)
    await passBreakersMinute(trial, degraded)
  }
  const outage = await stayAway(trial)
  progress(`${outage.minutes} minutes without providers`)
  await passMinutesUntil(trial, () => countOutcomes(trial).every(({ untried }) => untried === 0))
  const untried = countOutcomes(trial, await statusesOf(trial, replying))
  await replayDeadLetters(door)
  await passMinutesUntil(trial, () => countOutcomes(trial).every(({ untried, lost }) => untried === 0 && lost === 0))
  const outcomes = countOutcomes(trial, await statusesOf(trial, replying))
  return {
    baseline,
    rounds,
    outage,
    outcomes: outcomes.map(({ untried: _untried, givenUp: _givenUp, ...outcome }) => ({
      ...outcome,
      givenUpUntried: untried.find(({ provider }) => provider === outcome.provider)?.givenUp ?? 0,
    })),
    hungCalls: await countHung(context),
  }
}

/** Every provider well: each is called, or nothing that follows says anything. */
async function serveGenuine(trial: Trial): Promise<void> {
  const called = (work: ProviderWork): boolean =>
    trial.context.providers.journal
      .calls(work.provider)
      .some(({ answer }) => answer !== undefined && 'status' in answer && answer.status < 300)
  for (const work of trial.works) await ask(trial, work)
  const deadline = performance.now() + metWithinMilliseconds
  while (!trial.works.every(called)) {
    if (performance.now() > deadline) {
      const uncalled = trial.works.filter((work) => !called(work)).map((work) => `${work.provider} for ${work.what}`)
      throw new Error(`The subject did not call ${uncalled.join(' and ')}: what happens without them cannot be seen.`)
    }
    await sleep(20)
  }
}

async function ask(trial: Trial, work: ProviderWork): Promise<AskedWork> {
  const asked = await work.ask(trial.door)
  trial.asked.set(work.provider, [...(trial.asked.get(work.provider) ?? []), asked])
  return asked
}

async function degrade(trial: Trial, round: number, customer: ConsentedCustomer): Promise<DegradedRound> {
  const faults = await Promise.all(
    trial.works.map(async (work, index) => {
      const way = ways[(round + 2 * index) % ways.length] ?? ways[0]
      if (way === undefined) throw new Error('There is no way to fail.')
      return { provider: work.provider, fault: await trial.context.providers.fault(work.provider, way()) }
    }),
  )
  const asking = await Promise.all(
    trial.works.flatMap((work) => Array.from({ length: askedInRound[work.provider] }, () => ask(trial, work))),
  )
  await awaitMet(faults, trial.time)
  const service = await useService(trial.door, customer)
  await Promise.all(faults.map(({ fault }) => fault.end()))
  return {
    faults: faults.map(({ provider, fault }) => {
      const { observations, ended } = fault.proof()
      if (!ended) throw new Error(`The fault "${fault.name}" of ${provider} did not end.`)
      return { provider, fault: fault.name, met: observations, ended }
    }),
    service,
    callers: {
      asked: asking.length,
      answered: asking.filter(
        ({ answer }) =>
          answer.status < 300 || (answer.status === 503 && errorEnvelopeSchema.safeParse(answer.json).success),
      ).length,
      slowestAnswerMilliseconds: Math.max(...asking.map(({ answer }) => answer.durationMilliseconds)),
      claimedDone: asking.filter(({ answer }) => /"(?:sent|delivered)"/i.test(answer.text)).length,
    },
  }
}

/**
 * Waits for every fault to be met; a breaker that is open from the round before gets its minute. Where one provider's fault
 * keeps the work for another from being done at all, that is for the judge.
 */
async function awaitMet(faults: readonly { provider: string; fault: Fault }[], time: PassingTime): Promise<void> {
  const deadline = performance.now() + metWithinMilliseconds
  const unmet = (): { provider: string; fault: Fault }[] => faults.filter(({ fault }) => !fault.proof().tookHold)
  for (let nextMinute = performance.now() + 1500; unmet().length > 0; await sleep(20)) {
    if (performance.now() > deadline) {
      if (unmet().length < faults.length) return
      throw new Error('The subject met none of the faults of its providers: nothing was proven.')
    }
    if (performance.now() < nextMinute) continue
    await time.pass(breakerSeconds)
    nextMinute = performance.now() + 1500
  }
}

/** Lets calls that are under way end, those that get no answer by their time-out, and then a breaker's minute go by. */
async function passBreakersMinute({ context, time }: Trial, { faults }: DegradedRound): Promise<void> {
  const silent = new Set(faults.filter(({ fault }) => fault === hang().name).map(({ provider }) => provider))
  const unanswered = () => context.providers.journal.entries.filter(({ answer }) => answer === undefined)
  const open = (): number => unanswered().filter(({ provider }) => !silent.has(provider)).length
  const deadline = performance.now() + 2500
  while (open() > 0 && performance.now() < deadline) await sleep(20)
  if (unanswered().length > 0) {
    await time.jump(longestTimeOutSeconds * 1000)
    await sleep(100)
  }
  await awaitQuiet(context, silent)
  await time.pass(breakerSeconds)
}

/** All providers away for minutes, with work that waits and no more coming in. */
async function stayAway(trial: Trial): Promise<DegradationTrial['outage']> {
  const { time, app, context } = trial
  const faults = await Promise.all(
    trial.works.map(({ provider }) => context.providers.fault(provider, answerWithStatus({ status: 503 }))),
  )
  const asking = await Promise.all(
    trial.works.flatMap((work) => Array.from({ length: askedInOutage[work.provider] }, () => ask(trial, work))),
  )
  for (const { marker } of asking) trial.ofOutage.add(marker)
  const passMinute = async (): Promise<void> => {
    await awaitQuiet(context)
    const met = faults.map((fault) => fault.proof().observations)
    await time.pass(breakerSeconds)
    const deadline = performance.now() + 2500
    while (
      faults.some((fault, index) => fault.proof().observations <= (met[index] ?? 0)) &&
      performance.now() < deadline
    ) {
      await sleep(20)
    }
  }
  await passMinute()
  const before = await fingerprintDatabase(context.database.url)
  const starting = app.start({ clockAheadMilliseconds: time.aheadMilliseconds }).then(
    async (instance) => {
      await instance.stop()
      return true
    },
    () => false,
  )
  const startedMeanwhile = await starting
  for (let minute = 1; minute < outageMinutes; minute += 1) await passMinute()
  const after = await fingerprintDatabase(context.database.url)
  const grown = after.tables
    .map(({ table, rows }) => ({ table, rows: rows - (before.tables.find((old) => old.table === table)?.rows ?? 0) }))
    .toSorted((a, b) => b.rows - a.rows)
  for (const fault of faults) {
    if (!fault.proof().tookHold) throw new Error(`The fault "${fault.name}" was never met.`)
    await fault.end()
  }
  const waiting = Object.values(askedInOutage).reduce((sum, number) => sum + number, 0)
  return {
    minutes: outageMinutes,
    startedMeanwhile,
    waiting,
    growth: grown[0] ?? { table: 'none', rows: 0 },
  }
}

/** Lets minutes go by until all that can be is done; when it is not, that is for the counts to show. */
async function passMinutesUntil({ time, context }: Trial, isDone: () => boolean): Promise<void> {
  for (let minute = 0; minute < mostMinutesToRecover; minute += 1) {
    await awaitQuiet(context)
    await time.pass(breakerSeconds)
    const deadline = performance.now() + 4000
    while (performance.now() < deadline) {
      if (isDone()) {
        // a second time would follow the first closely
        await sleep(500)
        return
      }
      await sleep(30)
    }
  }
}

/** Waits until no call is under way, so that none is cut off when the clock moves. */
async function awaitQuiet({ providers }: Needs, silent: ReadonlySet<string> = new Set()): Promise<void> {
  const deadline = performance.now() + 5000
  const isQuiet = (): boolean => {
    const last = providers.journal.entries.at(-1)?.at ?? 0
    const now = performance.timeOrigin + performance.now()
    return (
      now - last > quietMilliseconds &&
      providers.journal.entries.every(({ answer, provider }) => answer !== undefined || silent.has(provider))
    )
  }
  while (!isQuiet() && performance.now() < deadline) await sleep(20)
}

/** The state of each replying customer's appointment, by phone number. */
async function statusesOf(
  { door }: Trial,
  customers: readonly ConsentedCustomer[],
): Promise<ReadonlyMap<string, string>> {
  const found = await Promise.all(
    customers.map(async ({ booking, customer }) => {
      const [appointment] = await door.administrator.appointments(customer.id)
      return [booking.person.phone, appointment?.status ?? 'gone'] as const
    }),
  )
  return new Map(found)
}

/** Calls that were never answered, and how many of them the subject has closed. */
async function countHung({ providers }: Needs): Promise<DegradationTrial['hungCalls']> {
  const open = (): number => providers.journal.entries.filter(({ answer }) => answer === undefined).length
  const deadline = performance.now() + 5000
  while (open() > 0 && performance.now() < deadline) await sleep(50)
  const givenUp = providers.journal.entries.filter(
    ({ answer }) => answer !== undefined && 'fault' in answer && answer.fault === 'never answered',
  ).length
  return { made: givenUp + open(), givenUp }
}
