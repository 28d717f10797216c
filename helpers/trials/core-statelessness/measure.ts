import { z } from 'zod'
import type { ControlContext } from '../../control.ts'
import type { FacilityMap } from '../../facilities.ts'
import { delayDatabase } from '../../faults/database-delay.ts'
import { answerWithStatus } from '../../faults/provider-status.ts'
import type { AroClient } from '../../subject/client.ts'
import type { Administrator } from '../../subject/administrator.ts'
import type { ConsentedCustomer } from '../../subject/consented.ts'
import { makeBooking } from '../../subject/people.ts'
import type { Answer } from '../../subject/request.ts'
import {
  cross,
  eventsOf,
  fieldOf,
  give,
  mixTenants,
  newCommand,
  readCommand,
  replay,
  settle,
  typesOf,
} from './instances.ts'
import type { SentCommand } from './instances.ts'
import type { StatelessnessTrial } from './judge.ts'
import { outcomeOf, serveMadeUpProfile } from './made-up.ts'
import { readCore } from './source.ts'
import { admin, compareSubscriptions, compareViews } from './views.ts'
import type { Looked } from './views.ts'

type Needs = ControlContext & Pick<FacilityMap, 'app' | 'database' | 'providers' | 'run'>

const provider = 'twilio'
const commandsBeforeKill = 5
const delayMilliseconds = 60
const patienceMilliseconds = 40_000
const breakersSchema = z.looseObject({
  items: z.array(z.looseObject({ provider: z.string(), state: z.string() })),
})

/** Reads the core's source, and compares two instances on one database until the first is killed. */
export async function tryInstances(context: Needs): Promise<StatelessnessTrial> {
  const { app, subject, progress } = context
  const source = await readCore(subject)
  progress(`${source.files} files of the core were read`)
  const first = app.client
  const administrator = await first.administrator()
  const [consented, ...texted] = await Promise.all(Array.from({ length: 3 }, () => bringIn(first, administrator)))
  if (consented === undefined) throw new Error('Expected a customer with consent, there is none.')
  const appointmentId = await awaitAppointment(administrator, consented)
  const opened = await openBreaker(context, { first, administrator }, texted)
  const secondInstance = await app.start()
  const second = app.clientOf(secondInstance)
  const looked: Looked = { first, second, administrator, consented, appointmentId }
  const breaker = { ...opened, onSecond: (await breakerState(second, looked)) ?? 'not listed' }
  const forth = await cross('first', first, second)
  const back = await cross('second', second, first)
  const views = await compareViews(looked)
  const subscriptions = await compareSubscriptions(first, second)
  const tenants = await mixTenants(first, second)
  progress('two instances were compared')
  const own = await outcomeOf(first, forth.command, forth.accepted)
  const killed = await killFirst(context, second, subscriptions.id, own)
  await secondInstance.kill()
  const madeUp = await serveMadeUpProfile(context)
  return {
    source,
    crossed: [forth.seen, back.seen],
    views: [...views, ...subscriptions.views],
    breaker,
    tenants,
    killed,
    madeUpProfile: { ...madeUp, own },
  }
}

/** A customer by a genuine booking, who has agreed to be texted; with more patience than a control that measures time. */
async function bringIn(client: AroClient, administrator: Administrator): Promise<ConsentedCustomer> {
  const booking = makeBooking()
  const { answer } = await client.book(booking)
  if (answer.status !== 200 && answer.status !== 202) {
    throw new Error(`A genuine booking was refused with ${answer.status}: ${answer.text.slice(0, 200)}`)
  }
  const customer = await administrator.awaitCustomer(booking.person.phone, patienceMilliseconds)
  await administrator.recordConsent(customer.id, true)
  return { booking, customer }
}

async function awaitAppointment(administrator: Administrator, { customer }: ConsentedCustomer): Promise<string> {
  let id: string | undefined
  await settle(async () => {
    const [appointment] = await administrator.appointments(customer.id)
    id = appointment?.id
    return id !== undefined
  }, patienceMilliseconds)
  if (id === undefined)
    throw new Error(`A genuine booking did not become an appointment within ${patienceMilliseconds} ms.`)
  return id
}

/** Lets calls fail while there is but one instance, until its breaker is no longer closed. */
async function openBreaker(
  { providers }: Needs,
  looked: Pick<Looked, 'first' | 'administrator'>,
  texted: readonly ConsentedCustomer[],
): Promise<{ provider: string; onFirst: string; failedCalls: number }> {
  await using fault = await providers.fault(provider, answerWithStatus({ status: 503 }))
  for (const { customer } of texted) await looked.administrator.queueMessage(customer.id, 'Your visit is tomorrow.')
  let state: string | undefined
  await settle(async () => {
    state = await breakerState(looked.first, looked)
    return state !== undefined && state !== 'closed'
  }, 30_000)
  const { observations } = fault.proof()
  if (state === undefined || state === 'closed') {
    throw new Error(
      `The circuit breaker of ${provider} is ${state ?? 'not listed'} after ${observations} failed calls: expected one that opens, whose state two instances can be asked for.`,
    )
  }
  return { provider, onFirst: state, failedCalls: observations }
}

async function breakerState(client: AroClient, looked: Pick<Looked, 'administrator'>): Promise<string | undefined> {
  const answer = await admin(client, looked, 'GET', '/circuit-breakers')
  const items = breakersSchema.safeParse(answer.json).data?.items
  return items?.find((item) => item.provider === provider)?.state
}

/** Kills the first instance a moment after it has answered, while the database is slow: what it still has to do is lost with it. */
async function killFirst(
  { app, database }: Needs,
  second: AroClient,
  subscriptionId: string,
  usual: StatelessnessTrial['madeUpProfile']['own'],
): Promise<StatelessnessTrial['killed']> {
  const commands = Array.from({ length: commandsBeforeKill }, () => newCommand(app.client))
  await using fault = await delayDatabase(database.proxy, delayMilliseconds)
  const answers = await Promise.all(commands.map((command) => give(app.client, command)))
  await app.instances[0]?.kill()
  await fault.end()
  const { observations, tookHold, ended } = fault.proof()
  if (!tookHold || !ended) throw new Error('The delay of the database did not take hold, or did not end.')
  const accepted = commands.flatMap((command, index) => {
    const answer = answers[index]
    return answer?.status === 202 ? [{ command, answer }] : []
  })
  const [once] = accepted
  if (once === undefined) throw new Error('No command was accepted before the first instance was killed.')
  const hasEnded = async ({ command }: { command: SentCommand }): Promise<boolean> =>
    fieldOf(await readCommand(second, command), 'status') === usual.command
  const hasEvents = async ({ command }: { command: SentCommand }): Promise<boolean> => {
    const types = typesOf(await eventsOf(second, command))
    return usual.eventTypes.every((type) => types.includes(type))
  }
  const count = async (holds: (one: { command: SentCommand; answer: Answer }) => Promise<boolean>): Promise<number> =>
    (await Promise.all(accepted.map(holds))).filter(Boolean).length
  await settle(
    async () => (await count(hasEnded)) === accepted.length && (await count(hasEvents)) === accepted.length,
    12_000,
  )
  const repeated = await give(second, once.command)
  return {
    accepted: accepted.length,
    delayedAnswers: observations,
    known: await count(async ({ command }) => (await readCommand(second, command)).status === 200),
    ended: await count(hasEnded),
    withEvents: await count(hasEvents),
    expectedEvents: usual.eventTypes,
    repeatedStatus: repeated.status,
    isSameAnswer: ['commandId', 'workflowId', 'correlationId'].every(
      (name) => fieldOf(repeated, name) === fieldOf(once.answer, name),
    ),
    subscriptionStatus: (await replay(second, subscriptionId)).status,
  }
}
