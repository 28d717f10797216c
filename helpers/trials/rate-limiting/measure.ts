import type { ControlContext } from '../../control.ts'
import { ageDatabase } from '../../database/ageing.ts'
import type { FacilityMap } from '../../facilities.ts'
import { startApp } from '../../subject/app.ts'
import { Administrator } from '../../subject/administrator.ts'
import type { AroClient } from '../../subject/client.ts'
import { compareInventory, declaredRoutes } from '../../subject/inventory.ts'
import { makeBooking } from '../../subject/people.ts'
import { reachLimit, secondsToWait } from './burst.ts'
import type { ReachedLimit } from './burst.ts'
import type { RateTrial } from './judge.ts'
import { adminPlan, ownPlans, servicePlan, webhookPlan, webhookWindowSeconds } from './plans.ts'

type Needs = ControlContext & Pick<FacilityMap, 'database' | 'providers' | 'run'>

// below it, the time that the trial itself takes could end a window
const shortestToCutShort = 300
const earlyPart = 0.4

/** Reaches every limit of the subject on two instances, tries to get around it, and lets its window go by. */
export async function tryLimits(context: Needs): Promise<RateTrial> {
  const { subject, run, database, providers, signal, progress } = context
  await using app = await startApp({
    run,
    subject,
    signal,
    databaseUrl: database.proxy.url,
    providerUrls: providers.urls,
    labEnvironment: subject.runtime === 'node' ? providers.environmentWithClock : {},
  })
  const second = app.clientOf(await app.start())
  const { client } = app
  const inventory = compareInventory(subject, providers.routes)
  if (inventory.atRunTime === null && inventory.unread.length > 0) {
    throw new Error(
      `Routes that cannot be known: the framework does not tell them, and the source computes them at ${inventory.unread.slice(0, 5).join(', ')}. Register routes by literal paths.`,
    )
  }
  let ahead = 0
  const now = (): number => Date.now() + ahead * 1000
  const pass = async (seconds: number): Promise<void> => {
    // whichever clock the subject counts by
    await ageDatabase(database.url, seconds)
    if (subject.runtime === 'node') await providers.clock.jump(seconds * 1000)
    ahead += seconds
  }
  const admin = await prepareAdmin(client, now)
  // what was delivered to prepare counts where a limit is for a source and not for its clients
  await pass(webhookWindowSeconds + 1)
  const plans = [
    admin,
    ...(['calendly', 'stripe', 'twilio'] as const).map((source) => webhookPlan(client, source, now)),
    servicePlan(client, now),
    ...ownPlans(subject, now),
  ]
  const reached: ReachedLimit[] = []
  for (const plan of plans) {
    reached.push(await reachLimit([client, second], plan))
    progress(`${plan.name}: reached`)
  }
  return {
    inventory,
    unlimited: declaredRoutes(subject)
      .filter(({ group }) => group === 'probe')
      .map(({ method, path }) => `${method} ${path}`),
    limits: await awaitWindows(client, reached, pass),
  }
}

async function prepareAdmin(client: AroClient, now: () => number): Promise<ReturnType<typeof adminPlan>> {
  const [one, again, other] = [
    await Administrator.login(client, client.tenant),
    await Administrator.login(client, client.tenant),
    await Administrator.login(client, client.otherTenant),
  ]
  const booking = makeBooking()
  const { answer } = await client.book(booking)
  if (answer.status >= 300) throw new Error(`A genuine booking was refused with ${answer.status}.`)
  const customer = await one.awaitCustomer(booking.person.phone)
  const { id } = await one.awaitAppointment(customer.id)
  return adminPlan(client.subject, { one, again, other }, { customer, appointmentId: id }, now)
}

/** Lets the windows go by, the shorter ones first, and asks again as the client that had reached the limit. */
async function awaitWindows(
  client: AroClient,
  reached: readonly ReachedLimit[],
  pass: (seconds: number) => Promise<void>,
): Promise<RateTrial['limits']> {
  const ask = async ({ plan, from }: ReachedLimit): Promise<{ status: number; waitSeconds: number }> => {
    const { status, headers } = await client.send({ ...plan.make(client), from })
    return { status, waitSeconds: secondsToWait(headers, plan.now()) ?? plan.windowSeconds }
  }
  const ended = new Map<ReachedLimit, Pick<RateTrial['limits'][number], 'early' | 'afterwards'>>()
  let passed = 0
  const passUntil = async (seconds: number): Promise<void> => {
    if (seconds <= passed) return
    await pass(seconds - passed)
    passed = seconds
  }
  for (const limit of reached.toSorted((one, next) => one.plan.windowSeconds - next.plan.windowSeconds)) {
    const { windowSeconds } = limit.plan
    const canCutShort = windowSeconds >= shortestToCutShort && passed < windowSeconds * earlyPart
    if (canCutShort) await passUntil(Math.floor(windowSeconds * earlyPart))
    const early = canCutShort ? (await ask(limit)).status : null
    let last = await ask(limit)
    // more than once: a moved clock goes a little slower than the database's on a busy machine
    for (let waits = 0; last.status === 429 && waits < 3; waits += 1) {
      await passUntil(passed + last.waitSeconds + 1)
      last = await ask(limit)
    }
    ended.set(limit, { early, afterwards: last.status })
  }
  return reached.map((limit) => ({ ...limit.trial, early: null, afterwards: 0, ...ended.get(limit) }))
}
