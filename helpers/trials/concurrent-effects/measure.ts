import type { ControlDatabase } from '../../database/control-database.ts'
import { withClient } from '../../database/client.ts'
import type { ProviderLab } from '../../providers/lab.ts'
import { inParallel } from '../../parallel.ts'
import { answerLate } from '../../faults/provider-slow.ts'
import type { App } from '../../subject/app.ts'
import { readAuditLog } from '../../subject/audit-log.ts'
import { makeConsentedCustomers } from '../../subject/consented.ts'
import type { ConsentedCustomer } from '../../subject/consented.ts'
import { EventFeed } from '../../subject/event-feed.ts'
import { makeBooking } from '../../subject/people.ts'
import { customersForConflicts, sendConflicts, storm } from './conflicts.ts'
import type { SentConflict } from './conflicts.ts'
import { customersForCopies, sendCopies } from './copies.ts'
import { eraseOften } from './erasure.ts'
import type { Ground } from './ground.ts'
import { interruptDeliveries } from './interrupted.ts'
import type { ConcurrencyTrial } from './judge.ts'
import { deadLetters, makeDeadLetter, replayOften } from './replay.ts'

/** Each statement takes as long as in a busy database, and the provider its time, so that what is sent at once overlaps. */
const statementMilliseconds = 6
const providerMilliseconds = 150
const processedWithinMilliseconds = 20_000
const stormy = 5
const erased = 3

/** Sends the same things, and things that exclude each other, many times at once through two instances. */
export async function tryConcurrency(
  app: App,
  database: ControlDatabase,
  providers: ProviderLab,
  progress: (message: string) => void,
): Promise<ConcurrencyTrial> {
  const { client } = app
  const administrator = await client.administrator()
  const feed = await EventFeed.open(client)
  const needed = customersForCopies + customersForConflicts + stormy + erased + 1
  const [customers, second] = await Promise.all([makeConsentedCustomers(client, administrator, needed), app.start()])
  const next = (): ConsentedCustomer => {
    const customer = customers.pop()
    if (customer === undefined) throw new Error(`Expected more than ${needed} customers.`)
    return customer
  }
  await inParallel(customers, 4, ({ customer }) => administrator.awaitAppointment(customer.id))
  const other = app.clientOf(second)
  const instances: Ground['instances'] = [
    { client, administrator },
    { client: other, administrator: await other.administrator() },
  ]
  const ground: Ground = { instances, feed, databaseUrl: database.url, providers }
  const letter = await makeDeadLetter(ground, next())
  progress(`${needed} customers with consent on ${instances.length} instances`)
  const delay = database.proxy.impose({ delayMilliseconds: statementMilliseconds })
  const slow = await providers.fault('twilio', answerLate({ milliseconds: providerMilliseconds }))
  const conflicts: SentConflict[] = []
  let copies: Awaited<ReturnType<typeof sendCopies>>
  try {
    copies = await sendCopies(ground, next)
    conflicts.push(...(await sendConflicts(ground, next)), await replayOften(ground, letter))
    progress('copies and conflicts are sent')
    conflicts.push(await storm(ground, Array.from({ length: stormy }, next)))
    conflicts.push(await eraseOften(ground, database, Array.from({ length: erased }, next)))
  } finally {
    delay.lift()
    await slow.end()
  }
  await settle(ground)
  const log = await readAuditLog(administrator)
  const seen = {
    copies: await Promise.all(copies.map((look) => look(log))),
    conflicts: await Promise.all(conflicts.map((look) => look(log))),
  }
  const dead = (await deadLetters(administrator)).filter((found) => !JSON.stringify(found).includes(letter.messageId))
  const deadlocks = await countDeadlocks(database.url)
  progress('deliveries are interrupted')
  return {
    instances: instances.length,
    delayMilliseconds: statementMilliseconds,
    ...seen,
    interrupted: await interruptDeliveries(ground, database),
    deadlocks,
    deadLetters: dead.length,
  }
}

/** Waits until what was queued is processed. @throws when a booking sent afterwards is not. */
async function settle({ feed, instances: [{ client }] }: Ground): Promise<void> {
  const { delivery } = await client.book(makeBooking())
  const found = await feed.find(
    ({ metadata }) => metadata.correlationId === delivery.correlationId,
    processedWithinMilliseconds,
  )
  if (found === undefined) throw new Error('A booking sent after all others was not processed within 20 s.')
  await feed.settle()
}

async function countDeadlocks(url: string): Promise<number> {
  return withClient(url, async (client) => {
    const { rows } = await client.query<{ deadlocks: number }>(
      'SELECT deadlocks::int AS deadlocks FROM pg_stat_database WHERE datname = current_database()',
    )
    return rows[0]?.deadlocks ?? 0
  })
}
