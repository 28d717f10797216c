import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { loseAnswer } from '../../faults/provider-answer-lost.ts'
import { halveAnswer } from '../../faults/provider-half-answer.ts'
import { hang } from '../../faults/provider-hang.ts'
import { refuseConnections } from '../../faults/provider-refused.ts'
import { answerWithStatus } from '../../faults/provider-status.ts'
import type { ProviderLab } from '../../providers/lab.ts'
import type { ProviderFault } from '../../providers/provider-fault.ts'
import type { JournalEntry } from '../../providers/journal.ts'
import type { Administrator } from '../../subject/administrator.ts'
import type { App } from '../../subject/app.ts'
import { makeConsentedCustomers } from '../../subject/consented.ts'
import type { ConsentedCustomer } from '../../subject/consented.ts'
import type { RetryTrial } from './judge.ts'

const failuresByRun = [
  [503, 503],
  [500, 502],
  [503, 504],
  [502, 500],
  [504, 503],
  [500, 500],
  [503, 502],
  [502, 503],
] as const
const refusalStatuses = [400, 401, 404, 422] as const
const retryAfterMilliseconds = 2000
/** Longest a subject may take to try a message three times. */
const settledWithinMilliseconds = 20_000

interface Trial {
  administrator: Administrator
  providers: ProviderLab
  /** Customers not texted yet; each message goes to one of its own, by whose number its attempts are told apart. */
  unused: ConsentedCustomer[]
}

/** Sends messages while the SMS provider fails in one way at a time, one message after another so that no breaker opens. */
export async function tryRetries(
  app: App,
  providers: ProviderLab,
  progress: (message: string) => void,
): Promise<RetryTrial> {
  const administrator = await app.client.administrator()
  const messages = failuresByRun.length + refusalStatuses.length + 6 + 10
  const unused = await makeConsentedCustomers(app.client, administrator, messages)
  const trial: Trial = { administrator, providers, unused }
  progress(`${messages} customers with consent`)
  await sendGenuine(trial)
  const backoff: RetryTrial['backoff'] = []
  for (const failures of failuresByRun) backoff.push(await measureBackoff(trial, failures))
  progress(`${backoff.length} messages that failed twice were followed`)
  const exhausted = await exhaust(trial)
  await sendGenuine(trial)
  const refusals: RetryTrial['refusals'] = []
  for (const status of refusalStatuses) {
    const { message } = await sendThrough(trial, answerWithStatus({ status, times: 3 }), () => sleep(1500))
    refusals.push({ status, ...message })
    await sendGenuine(trial)
  }
  const rateLimited = await sendThrough(
    trial,
    answerWithStatus({ status: 429, headers: { 'Retry-After': String(retryAfterMilliseconds / 1000) }, times: 1 }),
  )
  const hung = await sendThrough(trial, hang({ times: 1 }), undefined, 45_000)
  progress('time-outs and rate limits were followed')
  const lost = await sendThrough(trial, loseAnswer({ times: 1 }))
  const halved = await sendThrough(trial, halveAnswer({ times: 1 }))
  const reset = await sendThrough(trial, refuseConnections({ times: 1 }))
  return {
    backoff,
    exhausted,
    refusals,
    rateLimited: { ...rateLimited.message, retryAfterMilliseconds, gapMilliseconds: rateLimited.gaps[0] ?? null },
    hang: { ...hung.message, gapMilliseconds: hung.gaps[0] ?? null },
    lostAnswers: [
      { how: 'answer lost after the provider accepted', ...lost.message },
      { how: 'half an answer after the provider accepted', ...halved.message },
    ],
    reset: { ...reset.message, attempts: Math.max(reset.message.attempts, reset.observed + reset.message.delivered) },
  }
}

async function measureBackoff(
  trial: Trial,
  failures: readonly [number, number],
): Promise<RetryTrial['backoff'][number]> {
  const [first, second] = failures
  const { message, gaps } = await sendThrough(trial, answerWithStatus({ status: [first, second], times: 2 }))
  return {
    failures: failures.join(', '),
    ...message,
    firstGapMilliseconds: gaps[0] ?? 0,
    secondGapMilliseconds: gaps[1] ?? 0,
  }
}

async function exhaust(trial: Trial): Promise<RetryTrial['exhausted']> {
  const quiet = 3000
  const { message, phone, messageId, correlationId } = await sendThrough(
    trial,
    answerWithStatus({ status: 503 }),
    async (attempts) => {
      const deadline = performance.now() + settledWithinMilliseconds
      while (attempts().length < 3 && performance.now() < deadline) await sleep(30)
      await sleep(quiet)
    },
  )
  const letter = await findDeadLetter(trial, [messageId, phone])
  return {
    ...message,
    deadLetter:
      letter === undefined
        ? null
        : {
            attempts: letter.attempts ?? null,
            hasPayload: letter.payload !== undefined && letter.payload !== null,
            hasError: typeof letter.error === 'string' && letter.error !== '',
            hasCorrelationId: letter.correlationId === correlationId,
          },
    quietMilliseconds: quiet,
  }
}

interface Sent {
  message: { attempts: number; delivered: number; idempotencyKeys: string[] }
  gaps: number[]
  phone: string
  messageId: string
  correlationId: string
  /** How often the fault was hit. */
  observed: number
}

/** Sends one message through a fault; by default until it is delivered and nothing more comes. */
async function sendThrough(
  trial: Trial,
  fault: ProviderFault,
  settle?: (attempts: () => JournalEntry[]) => Promise<unknown>,
  withinMilliseconds = settledWithinMilliseconds,
): Promise<Sent> {
  const { administrator, providers } = trial
  const person = nextPerson(trial)
  const { phone } = person.booking.person
  const attempts = (): JournalEntry[] => providers.journal.calls('twilio').filter((call) => call.form?.To === phone)
  const delivered = (): number => providers.journal.messages().filter((message) => message.to === phone).length
  const correlationId = randomUUID()
  await using active = await providers.fault('twilio', fault)
  const messageId = await administrator.queueMessage(
    person.customer.id,
    `Reminder ${messageText(person)}. Reply STOP to unsubscribe`,
    { 'X-Correlation-Id': correlationId },
  )
  if (settle) await settle(attempts)
  else await untilDelivered(delivered, withinMilliseconds, attempts)
  const { observations, tookHold } = active.proof()
  await active.end()
  if (!tookHold) throw new Error(`The fault "${active.name}" was never met: the message did not reach the provider.`)
  const calls = attempts()
  const times = calls.map((call) => call.at)
  return {
    message: {
      attempts: calls.length,
      delivered: delivered(),
      idempotencyKeys: [...new Set(calls.map((call) => call.idempotencyKey ?? ''))],
    },
    gaps: times.slice(1).map((at, index) => at - (times[index] ?? at)),
    phone,
    messageId,
    correlationId,
    observed: observations,
  }
}

/** Waits for the delivery, and then as long again as the last gap took, for an attempt too many. */
async function untilDelivered(
  delivered: () => number,
  withinMilliseconds: number,
  attempts: () => JournalEntry[],
): Promise<void> {
  const startedAt = performance.now()
  while (delivered() === 0 && performance.now() - startedAt < withinMilliseconds) await sleep(20)
  const times = attempts().map((call) => call.at)
  const lastGap = (times.at(-1) ?? 0) - (times.at(-2) ?? times.at(-1) ?? 0)
  await sleep(Math.min(1500, Math.max(300, lastGap)))
}

/** A message through a healthy provider: proves that it works, and ends any row of failures that a breaker counts. */
async function sendGenuine(trial: Trial): Promise<void> {
  const person = nextPerson(trial)
  const { phone } = person.booking.person
  await trial.administrator.queueMessage(person.customer.id, `Hello ${messageText(person)}. Reply STOP to unsubscribe`)
  const deadline = performance.now() + 10_000
  while (performance.now() < deadline) {
    if (trial.providers.journal.messages().some((message) => message.to === phone)) return
    await sleep(20)
  }
  throw new Error(
    'A message was not delivered within 10 s although the provider works: nothing can be said about retries.',
  )
}

const deadLetterSchema = z.looseObject({
  attempts: z.int().optional(),
  payload: z.unknown(),
  error: z.unknown(),
  correlationId: z.unknown(),
})
const deadLettersSchema = z.looseObject({ items: z.array(deadLetterSchema) })

async function findDeadLetter(
  trial: Trial,
  texts: readonly string[],
): Promise<z.infer<typeof deadLetterSchema> | undefined> {
  const answer = await trial.administrator.send('GET', '/dead-letters')
  if (answer.status !== 200) throw new Error(`GET /dead-letters: expected 200, got ${answer.status}`)
  const { items } = deadLettersSchema.parse(answer.json)
  return items.find((item) => texts.some((text) => JSON.stringify(item).includes(text)))
}

function nextPerson(trial: Trial): ConsentedCustomer {
  const person = trial.unused.shift()
  if (person === undefined) throw new Error('Expected one more customer, all have been texted.')
  return person
}

const messageText = (person: ConsentedCustomer): string => person.customer.id.slice(0, 8)
