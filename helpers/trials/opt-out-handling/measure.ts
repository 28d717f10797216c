import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { answerWithStatus } from '../../faults/provider-status.ts'
import type { ProviderLab } from '../../providers/lab.ts'
import type { Administrator } from '../../subject/administrator.ts'
import type { App } from '../../subject/app.ts'
import { makeConsentedCustomers } from '../../subject/consented.ts'
import type { ConsentedCustomer } from '../../subject/consented.ts'
import { replies } from './corpus.ts'
import type { Reply } from './corpus.ts'
import type { OptOutTrial } from './judge.ts'

const effectWithinMilliseconds = 5000
const settledAfterMilliseconds = 400
const atOnce = 6
const copies = 20
const retryAfterSeconds = 3

interface Trial {
  app: App
  administrator: Administrator
  providers: ProviderLab
}

/** Replies as customers do, every reply by a customer of its own, and sees what that does to consent and messages. */
export async function tryReplies(
  app: App,
  providers: ProviderLab,
  progress: (message: string) => void,
): Promise<OptOutTrial> {
  const administrator = await app.client.administrator()
  const trial: Trial = { app, administrator, providers }
  const customers = await makeConsentedCustomers(app.client, administrator, replies.length + 5)
  progress(`${customers.length} customers with consent`)
  const optedOut = customers.filter((_, index) => replies[index]?.meaning === 'opt-out')
  // the consent that was recorded just now has an entry of its own
  const known = await countConsentEntries(administrator, optedOut)
  const cancelling = replies.findIndex((reply) => reply.text === 'CANCEL')
  const statusBefore = await appointmentStatus(administrator, pick(customers, cancelling))
  const outcomes = await inBatches(replies, (reply, index) => tryReply(trial, reply, pick(customers, index)))
  progress(`${outcomes.length} replies answered`)
  const entries = await countConsentEntries(administrator, optedOut)
  return {
    replies: outcomes,
    repeated: await tryRepeated(trial, pick(customers, replies.length)),
    queued: await tryQueued(trial, pick(customers, replies.length + 1), pick(customers, replies.length + 2)),
    restart: await tryRestart(trial, pick(customers, replies.length + 3)),
    audit: {
      optOuts: optedOut.length,
      entries: [...entries].filter(([id, count]) => count > (known.get(id) ?? 0)).length,
    },
    appointment: { statusBefore, statusAfter: await appointmentStatus(administrator, pick(customers, cancelling)) },
  }
}

async function tryReply(
  trial: Trial,
  reply: Reply,
  person: ConsentedCustomer,
): Promise<OptOutTrial['replies'][number]> {
  const { app, administrator } = trial
  const { phone } = person.booking.person
  const before = sentTo(trial, phone).length
  const { answer } = await app.client.reply(phone, reply.text)
  if (reply.meaning === 'opt-out') {
    await until(async () => !(await administrator.isConsentGranted(phone)) && sentTo(trial, phone).length > before)
  } else {
    await sleep(settledAfterMilliseconds)
  }
  const answers = sentTo(trial, phone).slice(before)
  const text = `Your appointment is confirmed (${person.customer.id.slice(0, 8)}). Reply STOP to unsubscribe`
  const afterwards = await administrator.sendMessage(person.customer.id, text)
  if (reply.meaning === 'other') await until(() => Promise.resolve(countOf(trial, phone, text) > 0))
  else await sleep(settledAfterMilliseconds)
  const granted = await administrator.isConsentGranted(phone)
  return {
    ...reply,
    acknowledgedWith: answer.status,
    isConsentGranted: granted,
    answers: answers.length,
    confirmations: answers.filter((sent) => isConfirmation(sent)).length,
    messageAfterwards: { status: afterwards.status, delivered: countOf(trial, phone, text) },
  }
}

async function tryRepeated(trial: Trial, person: ConsentedCustomer): Promise<OptOutTrial['repeated']> {
  const { phone } = person.booking.person
  await Promise.all(Array.from({ length: copies }, () => trial.app.client.reply(phone, 'STOP')))
  await until(() => Promise.resolve(sentTo(trial, phone).length > 0))
  await sleep(settledAfterMilliseconds * 2)
  return {
    copies,
    confirmations: sentTo(trial, phone).length,
    isConsentGranted: await trial.administrator.isConsentGranted(phone),
  }
}

/** While the provider says "later", one of two customers opts out: only the other's message may still go. */
async function tryQueued(
  trial: Trial,
  leaver: ConsentedCustomer,
  stayer: ConsentedCustomer,
): Promise<OptOutTrial['queued']> {
  const { app, administrator, providers } = trial
  const text = 'We look forward to seeing you. Reply STOP to unsubscribe'
  await using fault = await providers.fault(
    'twilio',
    answerWithStatus({ status: 429, headers: { 'Retry-After': String(retryAfterSeconds) }, times: 2 }),
  )
  await Promise.all([leaver, stayer].map((person) => administrator.queueMessage(person.customer.id, text)))
  await until(() => Promise.resolve(fault.proof().observations >= 2))
  const deferred = fault.proof().observations
  await fault.end()
  if (deferred === 0)
    throw new Error('The provider turned no attempt away: no message was queued when the opt-out came.')
  await app.client.reply(leaver.booking.person.phone, 'STOP')
  await until(
    () => Promise.resolve(countOf(trial, stayer.booking.person.phone, text) > 0),
    (retryAfterSeconds + 6) * 1000,
  )
  await sleep(settledAfterMilliseconds * 3)
  return {
    deferred,
    deliveredToWhoOptedOut: countOf(trial, leaver.booking.person.phone, text),
    deliveredToWhoDidNot: countOf(trial, stayer.booking.person.phone, text),
  }
}

async function tryRestart(trial: Trial, person: ConsentedCustomer): Promise<OptOutTrial['restart']> {
  const { app, administrator } = trial
  const { phone } = person.booking.person
  await app.client.reply(phone, 'STOP')
  await until(async () => !(await administrator.isConsentGranted(phone)))
  await app.client.reply(phone, 'START')
  await until(() => administrator.isConsentGranted(phone))
  const granted = await administrator.isConsentGranted(phone)
  const text = 'Welcome back. Reply STOP to unsubscribe'
  await administrator.sendMessage(person.customer.id, text)
  await until(() => Promise.resolve(countOf(trial, phone, text) > 0))
  return { isConsentGranted: granted, delivered: countOf(trial, phone, text) }
}

interface SentText {
  to: string
  body: string
}

const sentTo = ({ providers }: Trial, phone: string): SentText[] =>
  providers.journal.messages().filter((message) => message.to === phone)

const countOf = (trial: Trial, phone: string, text: string): number =>
  sentTo(trial, phone).filter((message) => message.body.includes(text.slice(0, 20))).length

const isConfirmation = (message: SentText): boolean =>
  /unsubscribed|opted out|opt-out|no (?:more|further) messages|will not receive|removed|START/i.test(message.body)

async function appointmentStatus(administrator: Administrator, person: ConsentedCustomer): Promise<string> {
  return (await administrator.awaitAppointment(person.customer.id)).status
}

const auditSchema = z.looseObject({ items: z.array(z.looseObject({})) })

/** What an entry says was done, under whichever name the subject has for it. */
const deedOf = ({ action, event, what, type }: Record<string, unknown>): string =>
  String(action ?? event ?? what ?? type)

/** How many audit entries on consent name each of these customers: what was done is read, not what it was done with. */
async function countConsentEntries(
  administrator: Administrator,
  people: readonly ConsentedCustomer[],
): Promise<Map<string, number>> {
  // by their text, since a page may repeat what the page before it had already shown
  const entries = new Set<string>()
  for (let page = 1; page <= 50; page += 1) {
    const answer = await administrator.send('GET', `/audit-logs?page=${page}&limit=100`)
    if (answer.status !== 200) throw new Error(`GET /audit-logs: expected 200, got ${answer.status}`)
    const { items } = auditSchema.parse(answer.json)
    for (const item of items)
      if (/consent|opt.?out|unsubscribe|suppress/i.test(deedOf(item))) entries.add(JSON.stringify(item))
    if (items.length < 100) break
  }
  return new Map(
    people.map(({ customer }) => [customer.id, [...entries].filter((entry) => entry.includes(customer.id)).length]),
  )
}

async function inBatches<Item, Result>(
  items: readonly Item[],
  work: (item: Item, index: number) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = []
  for (let start = 0; start < items.length; start += atOnce) {
    const batch = items.slice(start, start + atOnce)
    results.push(...(await Promise.all(batch.map((item, offset) => work(item, start + offset)))))
  }
  return results
}

async function until(condition: () => Promise<boolean>, withinMilliseconds = effectWithinMilliseconds): Promise<void> {
  const deadline = performance.now() + withinMilliseconds
  while (performance.now() < deadline) {
    if (await condition()) return
    await sleep(30)
  }
}

function pick(customers: readonly ConsentedCustomer[], index: number): ConsentedCustomer {
  const customer = customers[index]
  if (customer === undefined) throw new Error(`Expected a customer at ${index}, there are ${customers.length}.`)
  return customer
}
