import { setTimeout as sleep } from 'node:timers/promises'
import type { ControlContext } from '../../control.ts'
import type { FacilityMap } from '../../facilities.ts'
import { holdThenFail } from '../../faults/provider-held.ts'
import { failInTurn } from '../../faults/provider-in-turn.ts'
import { hang } from '../../faults/provider-hang.ts'
import { refuseConnections } from '../../faults/provider-refused.ts'
import { answerWithStatus } from '../../faults/provider-status.ts'
import { answerWell } from '../../faults/provider-well.ts'
import type { Fault } from '../../faults/fault.ts'
import type { ProviderFault } from '../../providers/provider-fault.ts'
import { startApp } from '../../subject/app.ts'
import type { App } from '../../subject/app.ts'
import { errorEnvelopeSchema } from '../../subject/client.ts'
import { makeConsentedCustomers } from '../../subject/consented.ts'
import type { Instance } from '../../subject/instance.ts'
import { PassingTime } from '../../subject/passing-time.ts'
import { makeBooking } from '../../subject/people.ts'
import { deliverBooking, depositWork, makeRiskyCustomers, messageWork, replyWork } from '../../subject/provider-work.ts'
import type { AskedWork, CalledProvider, Door } from '../../subject/provider-work.ts'
import type { BreakerLane, BreakerTrial, VisibleState } from './judge.ts'
import { Lane } from './lane.ts'
import type { Following } from './lane.ts'
import { readStates } from './states.ts'

type Needs = ControlContext & Pick<FacilityMap, 'database' | 'providers' | 'run'>

const providers = ['twilio', 'stripe', 'llm'] as const
const messagedCustomers = 28
const riskyCustomers = 9
const openSeconds = 60
/** How long after opening no call may leave yet; the rest is for what the trial itself takes. */
const earlySeconds = 50
const atOnce = 50
const canaryMilliseconds = 20_000

interface Trial {
  context: Needs
  time: PassingTime
  app: App
  lanes: readonly Lane[]
}

/** Leads every provider's breaker through its states, judged by what reaches the provider. */
export async function tryBreakers(context: Needs): Promise<BreakerTrial> {
  const { subject, run, database, providers: lab, signal, progress } = context
  if (subject.runtime !== 'node') {
    throw new Error('The minute of a breaker cannot go by: only the clock of a subject with runtime "node" is moved.')
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
  const first = await openDoor(app, time)
  const second = await openDoor(app, time, await app.start())
  const customers = await makeConsentedCustomers(app.client, first.administrator, messagedCustomers)
  const risky = await makeRiskyCustomers(first, riskyCustomers)
  // what was delivered to prepare counts where a rate limit is for a source and not for its clients
  await time.pass(61)
  const works = {
    twilio: messageWork(customers),
    stripe: depositWork(risky),
    llm: replyWork(customers, (marker) => `Hmm, perhaps, my sister knows of ${marker}`),
  }
  const lanes = providers.map((provider) => new Lane(works[provider], lab, time))
  const trial: Trial = { context, time, app, lanes }
  const answersBefore = await serveGenuine(trial, first)
  const closed = await readStates(first, providers)
  const others = lanes.filter(({ provider }) => provider !== 'twilio')
  const counted = new Map<CalledProvider, Pick<BreakerLane, 'consecutive' | 'refusals'>>()
  const tryCounting = async (lane: Lane): Promise<void> =>
    void counted.set(lane.provider, {
      consecutive: await failFourTwice(lane, first),
      refusals: await refuse(lane, first),
    })
  await Promise.all(others.map(tryCounting))
  // deposits that were asked for bring messages about, which have to be gone by before messages are counted
  await awaitCanary(first)
  await Promise.all(lanes.filter(({ provider }) => provider === 'twilio').map(tryCounting))
  await closeAgain(
    trial,
    first,
    lanes.filter(({ provider }) => {
      const { consecutive, refusals } = needed(counted, provider)
      return consecutive.successes < 2 || !refusals.servedAfterwards
    }),
  )
  progress('failures that do not open a breaker were counted')

  const openedAt = new Map<CalledProvider, number>()
  const faults = new Map<CalledProvider, Fault>()
  const openings = new Map<CalledProvider, BreakerLane['opening']>()
  await Promise.all(
    lanes.map(async (lane) => {
      const { fault, opening } = await openBreaker(lane, first)
      faults.set(lane.provider, fault)
      openings.set(lane.provider, opening)
      openedAt.set(lane.provider, time.now())
    }),
  )
  const before = [...app.instances]
  const openThere = await readStates(second, providers)
  const [onSecond, fresh] = await Promise.all([
    askWhileOpen(trial, second, 'through another instance', 3),
    app.start({ clockAheadMilliseconds: time.aheadMilliseconds }),
  ])
  // what only the instances before it knew is gone with them
  await Promise.all(before.map((instance) => instance.kill()))
  const third = await openDoor(app, time, fresh)
  const openAfterRestart = await readStates(third, providers)
  const afterRestart = await askWhileOpen(trial, third, 'after all instances were restarted', 4)
  const earliest = Math.min(...openedAt.values())
  const stillOpen = await askWhileOpen(trial, third, 'shortly before its minute was over', 1, () =>
    time.jump(Math.max(0, earliest + earlySeconds * 1000 - time.now())),
  )
  requireWithinMinute(earliest, time, [onSecond, afterRestart, stillOpen])
  const fourth = await openDoor(app, time, await app.start({ clockAheadMilliseconds: time.aheadMilliseconds }))
  progress('no call left while the breakers were open, also after a restart')

  const probes = new Map<CalledProvider, BreakerLane['probe']>()
  const closings = new Map<CalledProvider, BreakerLane['closedAgain']>()
  const twilio = lanes.find(({ provider }) => provider === 'twilio')
  if (twilio === undefined) throw new Error('There is no provider to try.')
  // on both clocks from here on, whichever the subject counts the minute by; what waits comes back by itself then, so that
  // what is to be met has to be there before
  const release = Promise.withResolvers<undefined>()
  await replaceFault(twilio, faults, holdThenFail(release.promise))
  const followings = new Map(lanes.map((lane) => [lane.provider, lane.follow()]))
  await time.pass(openSeconds + 2)
  const [held] = await Promise.all([
    holdProbe(twilio, [third, fourth], needed(followings, 'twilio'), () => release.resolve(undefined)),
    ...others.map(async (lane) => {
      probes.set(lane.provider, await failProbe(lane, [third, fourth], needed(followings, lane.provider)))
    }),
  ])
  probes.set('twilio', held.probe)
  const failedAt = held.arrivedAt
  const afterFailedProbe = await askQuietly(twilio, third, 'in the minute after a failed probe', 2, () =>
    time.jump(Math.max(0, failedAt + earlySeconds * 1000 - time.now())),
  )
  const secondsSinceProbe = (time.now() - failedAt) / 1000
  if (secondsSinceProbe > openSeconds - 1 && afterFailedProbe.quiet.arrivals > 0) throw tooSlow()
  await replaceFault(twilio, faults, failInTurn([answerWell(), answerWithStatus({ status: 503 })]))
  await Promise.all(others.map(async ({ provider }) => faults.get(provider)?.end()))
  const following = twilio.follow()
  const recovering = new Map(others.map((lane) => [lane.provider, lane.follow()]))
  await time.pass(openSeconds + 2)
  const oneSuccessThenFailure = await succeedThenFail(twilio, third, following)
  const othersWhileOpen: BreakerTrial['halfOpen']['others'] = []
  await Promise.all(
    others.map(async (lane) => {
      closings.set(lane.provider, await closeBreaker(lane, third, needed(recovering, lane.provider)))
      const other = lane.follow()
      await lane.ask(fourth)
      await lane.arrive(other, 1)
      othersWhileOpen.push({ provider: lane.provider, asked: 1, arrivals: Math.min(1, other.arrivals()) })
    }),
  )
  await faults.get('twilio')?.end()
  const closing = twilio.follow()
  await time.pass(openSeconds + 2)
  closings.set('twilio', await closeBreaker(twilio, third, closing))
  const closedAgain = await readStates(fourth, providers)
  progress('the breakers have closed')
  const quiets = [onSecond, afterRestart, stillOpen]
  return {
    lanes: lanes.map((lane) => {
      const { provider } = lane
      return {
        provider,
        work: lane.what,
        answerBeforeMilliseconds: needed(answersBefore, provider),
        ...needed(counted, provider),
        opening: needed(openings, provider),
        whileOpen: quiets.map((quiet) => needed(quiet.quiet, provider)),
        probe: needed(probes, provider),
        closedAgain: needed(closings, provider),
        states: {
          closed: needed<VisibleState>(closed, provider),
          open: [
            { where: 'another instance', ...needed(openThere, provider) },
            { where: 'after a restart', ...needed(openAfterRestart, provider) },
          ],
          closedAgain: needed(closedAgain, provider),
        },
      }
    }),
    halfOpen: {
      provider: 'twilio',
      stateDuringProbe: held.state,
      afterFailedProbe: { ...afterFailedProbe.quiet, secondsSinceProbe },
      oneSuccessThenFailure,
      others: othersWhileOpen,
    },
    waiting: await flush(trial, [...quiets.flatMap(({ works: asked }) => asked.get('twilio') ?? []), ...held.works]),
  }
}

async function openDoor(app: App, time: PassingTime, instance?: Instance): Promise<Door> {
  const client = instance === undefined ? app.client : app.clientOf(instance)
  return { client, administrator: await client.administrator(), now: time.now }
}

/** Every provider well: each is called, or nothing that follows says anything. */
async function serveGenuine({ lanes }: Trial, door: Door): Promise<Map<CalledProvider, number>> {
  const answers = new Map<CalledProvider, number>()
  await Promise.all(
    lanes.map(async (lane) => {
      const following = lane.follow()
      const { answer } = await lane.ask(door)
      if (answer.status >= 300 || !(await lane.succeed(following, 1))) {
        throw new Error(
          `The subject did not call ${lane.provider} for ${lane.what} (answer ${answer.status}) although it works: its breaker cannot be seen.`,
        )
      }
      answers.set(lane.provider, answer.durationMilliseconds)
    }),
  )
  return answers
}

async function failFourTwice(lane: Lane, door: Door): Promise<BreakerLane['consecutive']> {
  let successes = 0
  let failures = 0
  for (let turn = 0; turn < 2; turn += 1) {
    const following = lane.follow()
    await using fault = await lane.fault(answerWithStatus({ status: 503, times: 4 }))
    await lane.ask(door)
    await lane.arrive(following, 3)
    await lane.ask(door)
    if (await lane.succeed(following, 1)) successes += 1
    failures += fault.proof().observations
  }
  return { failures, successes }
}

const refusalStatuses = [400, 404, 422, 403, 400, 410]

async function refuse(lane: Lane, door: Door): Promise<BreakerLane['refusals']> {
  const following = lane.follow()
  const fault = await lane.fault(answerWithStatus({ status: refusalStatuses, times: refusalStatuses.length }))
  for (const [index] of refusalStatuses.entries()) {
    await lane.ask(door)
    if (!(await lane.arrive(following, index + 1))) break
  }
  const arrivals = following.arrivals()
  await fault.end()
  await lane.ask(door)
  return { statuses: refusalStatuses, arrivals, servedAfterwards: await lane.succeed(following, 1) }
}

/** Leads breakers back that were opened by what should not open them, so that all that follows can be seen too. */
async function closeAgain({ time }: Trial, door: Door, lanes: readonly Lane[]): Promise<void> {
  if (lanes.length === 0) return
  await time.pass(openSeconds + 2)
  await Promise.all(
    lanes.map(async (lane) => {
      const following = lane.follow()
      for (let success = 1; success <= 2; success += 1) {
        await lane.ask(door)
        await lane.succeed(following, success)
      }
    }),
  )
  await awaitCanary(door)
}

/** Fails in five ways, one call after another, until no call comes any more. */
async function openBreaker(lane: Lane, door: Door): Promise<{ fault: Fault; opening: BreakerLane['opening'] }> {
  const following = lane.follow()
  const ways = failInTurn([
    hang(),
    answerWithStatus({ status: 503 }),
    refuseConnections(),
    hang(),
    answerWithStatus({ status: 500 }),
  ])
  const silence = { hung: new Set([0, 3]), breathe: () => door.administrator.send('GET', '/appointments') }
  const fault = await lane.fault(ways)
  await lane.ask(door)
  await lane.arrive(following, 3, silence)
  await lane.ask(door)
  if (!(await lane.arrive(following, 5, silence)) && following.arrivals() === 0) {
    throw new Error(`The faults of ${lane.provider} were never met: no call arrived.`)
  }
  // the breaker knows of the fifth failure once it has been answered, which is before this
  await awaitCanary(door)
  await lane.ask(door)
  await awaitCanary(door)
  return { fault, opening: { ways: ways.name, arrivals: following.arrivals() } }
}

/** Work that needs no provider, done after what was asked for before: shows that the queue is worked off. */
async function awaitCanary(door: Door): Promise<void> {
  const booking = makeBooking()
  const answer = await deliverBooking(door, booking)
  if (answer.status >= 300) throw new Error(`A genuine booking was refused with ${answer.status}.`)
  const customer = await door.administrator.awaitCustomer(booking.person.phone, canaryMilliseconds)
  const deadline = performance.now() + canaryMilliseconds
  while ((await door.administrator.appointments(customer.id)).length === 0) {
    if (performance.now() > deadline)
      throw new Error('A genuine booking was accepted, and nothing came of it within 20 s.')
    await sleep(40)
  }
  await sleep(400)
}

interface Quiet {
  quiet: Map<CalledProvider, BreakerLane['whileOpen'][number]>
  works: Map<CalledProvider, AskedWork[]>
}

async function askWhileOpen(
  trial: Trial,
  door: Door,
  when: string,
  asked: number,
  passTime?: () => Promise<void>,
): Promise<Quiet> {
  const followed = trial.lanes.map((lane) => ({ lane, following: lane.follow() }))
  // a customer is asked for few deposits a day
  const pieces = (lane: Lane): number => (lane.provider === 'stripe' ? Math.min(2, asked) : asked)
  const asking = await Promise.all(followed.map(async ({ lane }) => askMany(lane, [door], pieces(lane))))
  await awaitCanary(door)
  await passTime?.()
  if (passTime) await sleep(400)
  const quiet: Quiet['quiet'] = new Map()
  const works: Quiet['works'] = new Map()
  for (const [index, { lane, following }] of followed.entries()) {
    const done = asking[index] ?? []
    works.set(lane.provider, done)
    quiet.set(lane.provider, quietOf(when, done, following))
  }
  return { quiet, works }
}

async function askQuietly(
  lane: Lane,
  door: Door,
  when: string,
  asked: number,
  passTime: () => Promise<void>,
): Promise<{ quiet: BreakerLane['whileOpen'][number]; works: AskedWork[] }> {
  const following = lane.follow()
  const works = await askMany(lane, [door], asked)
  await awaitCanary(door)
  await passTime()
  await sleep(400)
  works.push(...(await askMany(lane, [door], 1)))
  await awaitCanary(door)
  return { quiet: quietOf(when, works, following), works }
}

async function askMany(lane: Lane, doors: readonly Door[], asked: number): Promise<AskedWork[]> {
  return Promise.all(
    Array.from({ length: asked }, async (_, index) => {
      const door = doors[index % doors.length]
      if (door === undefined) throw new Error('There is no instance to ask.')
      return lane.ask(door)
    }),
  )
}

function quietOf(when: string, works: readonly AskedWork[], following: Following): BreakerLane['whileOpen'][number] {
  return {
    when,
    asked: works.length,
    answered: works.filter(
      ({ answer }) =>
        answer.status < 300 || (answer.status === 503 && errorEnvelopeSchema.safeParse(answer.json).success),
    ).length,
    slowestAnswerMilliseconds: Math.max(...works.map(({ answer }) => answer.durationMilliseconds)),
    arrivals: following.arrivals(),
  }
}

const tooSlow = (): Error =>
  new Error(
    'This machine took so long that the breaker’s minute went by meanwhile: nothing can be said about its calls.',
  )

/** A call that left when the minute was over may have been the probe. */
function requireWithinMinute(openedAt: number, time: PassingTime, quiets: readonly Quiet[]): void {
  const arrivals = quiets.flatMap(({ quiet }) => [...quiet.values()]).some((lane) => lane.arrivals > 0)
  if (arrivals && time.now() - openedAt > (openSeconds - 1) * 1000) throw tooSlow()
}

/** Many callers at once on two instances, while the provider keeps the first answer until all have been answered. */
async function holdProbe(
  lane: Lane,
  doors: readonly [Door, Door],
  following: Following,
  release: () => void,
): Promise<{ probe: BreakerLane['probe']; state: string; arrivedAt: number; works: AskedWork[] }> {
  const askedAt = doors[0].now()
  const works = await askMany(lane, doors, atOnce)
  await lane.arrive(following, 1)
  await Promise.all(doors.map(awaitCanary))
  const state = (await readStates(doors[1], [lane.provider])).get(lane.provider)?.adminApi ?? 'not told'
  release()
  await awaitCanary(doors[0])
  const probe = { callers: atOnce, instances: doors.length, arrivals: following.arrivals() }
  // it failed no earlier, even where its time ran out before it was let go
  return { probe, state, arrivedAt: askedAt, works }
}

async function replaceFault(lane: Lane, faults: Map<CalledProvider, Fault>, fault: ProviderFault): Promise<void> {
  const next = await lane.fault(fault)
  await faults.get(lane.provider)?.end()
  faults.set(lane.provider, next)
}

/** Several callers at once while the provider fails still. */
async function failProbe(
  lane: Lane,
  doors: readonly [Door, Door],
  following: Following,
): Promise<BreakerLane['probe']> {
  const callers = 3
  await askMany(lane, doors, callers)
  await lane.arrive(following, 1)
  await awaitCanary(doors[0])
  return { callers, instances: doors.length, arrivals: following.arrivals() }
}

async function succeedThenFail(
  lane: Lane,
  door: Door,
  following: Following,
): Promise<BreakerTrial['halfOpen']['oneSuccessThenFailure']> {
  await lane.ask(door)
  await lane.succeed(following, 1)
  await lane.ask(door)
  await lane.arrive(following, 2)
  await lane.ask(door)
  await awaitCanary(door)
  return { successes: following.successes(), arrivals: following.arrivals() }
}

async function closeBreaker(lane: Lane, door: Door, following: Following): Promise<BreakerLane['closedAgain']> {
  await lane.ask(door)
  await lane.succeed(following, 1)
  await lane.ask(door)
  await lane.succeed(following, 2)
  // what waited is done by then too, and counts no failure
  await awaitCanary(door)
  const successes = following.successes()
  const fault = await lane.fault(answerWithStatus({ status: 503, times: 1 }))
  const afterwards = lane.follow()
  await lane.ask(door)
  await lane.arrive(afterwards, 2)
  await fault.end()
  return { successes, arrivalsAfterOneFailure: afterwards.arrivals() }
}

/** Makes all that waits due, and sees what became of it. */
async function flush({ context, time }: Trial, works: readonly AskedWork[]): Promise<BreakerTrial['waiting']> {
  const accepted = works.filter(({ answer }) => answer.status < 300).map(({ marker }) => marker)
  const deliveries = (marker: string): number =>
    context.providers.journal.messages().filter(({ body }) => body.includes(marker)).length
  await time.makeDue(openSeconds + 60)
  const deadline = performance.now() + 10_000
  while (accepted.some((marker) => deliveries(marker) === 0) && performance.now() < deadline) await sleep(30)
  return {
    asked: accepted.length,
    delivered: accepted.filter((marker) => deliveries(marker) > 0).length,
    deliveredTwice: accepted.filter((marker) => deliveries(marker) > 1).length,
  }
}

function needed<Value>(found: ReadonlyMap<CalledProvider, Value>, provider: CalledProvider): Value {
  const value = found.get(provider)
  if (value === undefined) throw new Error(`Nothing was measured of ${provider}.`)
  return value
}
