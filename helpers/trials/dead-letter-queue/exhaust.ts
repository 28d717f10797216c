import { setTimeout as sleep } from 'node:timers/promises'
import { answerWithStatus } from '../../faults/provider-status.ts'
import type { Fault } from '../../faults/fault.ts'
import type { JournalEntry } from '../../providers/journal.ts'
import type { ProviderLab } from '../../providers/lab.ts'
import type { ProviderName } from '../../subject/facilities.ts'
import type { Administrator } from '../../subject/administrator.ts'
import type { AroClient } from '../../subject/client.ts'
import type { ConsentedCustomer } from '../../subject/consented.ts'
import { isAbout, isOpen, listDeadLetters } from '../../subject/dead-letters.ts'
import type { DeadLetter } from '../../subject/dead-letters.ts'
import { makeMarker } from '../../subject/ledger.ts'
import type { Ledger, LedgerEntry } from '../../subject/ledger.ts'
import type { DeadLetterTrial } from './judge.ts'

const letterWithinMilliseconds = 20_000
/** So late that others have time to be done beside three attempts, and in time for any time-out. */
const lateMilliseconds = 900

/** What the parts of the trial work with. */
export interface Bench {
  client: AroClient
  administrator: Administrator
  /** The same administrator at another instance. */
  elsewhere: Administrator
  providers: ProviderLab
  /** Past the proxy and its faults. */
  databaseUrl: string
  ledger: Ledger
  /** Customers who have got no message yet. */
  unused: ConsentedCustomer[]
}

/** A job that the provider did not take, and how its requests are known. */
export interface ExhaustedJob {
  job: string
  entry: LedgerEntry
  provider: ProviderName
  isCall: (call: JournalEntry) => boolean
  /** The fault that it met, still in force. */
  fault: Fault
}

/** The next customer who has got no message yet. */
export function takeCustomer({ unused }: Bench): ConsentedCustomer {
  const customer = unused.shift()
  if (customer === undefined) throw new Error('Expected one more customer, all have been used.')
  return customer
}

/** Requests that reached the provider for a job. */
export const callsOf = ({ providers }: Bench, { provider, isCall }: Omit<ExhaustedJob, 'fault' | 'job'>): number =>
  providers.journal.calls(provider).filter((call) => isCall(call)).length

/** A dead letter about a job that is open, as soon as there is one. */
export async function awaitLetter(bench: Bench, { entry }: ExhaustedJob): Promise<DeadLetter | undefined> {
  const deadline = performance.now() + letterWithinMilliseconds
  while (performance.now() < deadline) {
    const letter = (await openLetters(bench, entry))[0]
    if (letter !== undefined) return letter
    await sleep(50)
  }
  return undefined
}

/** Open dead letters about a job. */
export async function openLetters({ administrator }: Bench, entry: LedgerEntry): Promise<DeadLetter[]> {
  return (await listDeadLetters(administrator)).filter((letter) => isOpen(letter) && isAbout(letter, textsOf(entry)))
}

const textsOf = (entry: LedgerEntry): string[] => [...entry.correlationIds, entry.marker, entry.id ?? '']

/**
 * Has three jobs fail at their providers: a message answered late and with 503 each time, one refused for good, and a reply
 * that the model cannot be asked about; others ask for their own work meanwhile.
 */
export async function exhaustJobs(bench: Bench): Promise<{
  jobs: ExhaustedJob[]
  exhausted: DeadLetterTrial['exhausted']
  others: DeadLetterTrial['others']
}> {
  const poison = await failMessage(bench, 'a message that the provider answers with 503', {
    status: 503,
    afterMilliseconds: lateMilliseconds,
  })
  await until(() => callsOf(bench, poison) > 0, 10_000, 'the first attempt of a message')
  const [refused, reply] = await Promise.all([
    failMessage(bench, 'a message that the provider refuses with 400', { status: 400 }),
    failReply(bench),
  ])
  const beside = await askBeside(bench)
  const jobs = [poison, refused, reply]
  const letters = await Promise.all(jobs.map((job) => awaitLetter(bench, job)))
  const isDone = await isDoneOf(bench, beside)
  const lastAttemptAt = bench.providers.journal.calls('twilio').findLast(poison.isCall)?.at ?? 0
  const exhausted = await Promise.all(jobs.map(async (job, index) => describeLetter(bench, job, letters[index])))
  return {
    jobs,
    exhausted,
    others: {
      asked: beside.length,
      doneMeanwhile: isDone.filter((at) => at !== undefined && at < lastAttemptAt).length,
      doneAtLast: isDone.filter((at) => at !== undefined).length,
    },
  }
}

async function failMessage(
  bench: Bench,
  job: string,
  answer: { status: number; afterMilliseconds?: number },
): Promise<ExhaustedJob> {
  const marker = makeMarker()
  const isCall = (call: JournalEntry): boolean => call.form?.Body?.includes(marker) ?? false
  const fault = await bench.providers.fault('twilio', { ...answerWithStatus(answer), matches: isCall })
  const { customer } = takeCustomer(bench)
  const entry = await bench.ledger.message(bench.administrator, customer, marker)
  requireAccepted(entry)
  return { job, entry, provider: 'twilio', isCall, fault }
}

/** Rules cannot read this one, a model has to. */
const unclearReply = 'Hmm, maybe, I am not sure, it depends on my sister'

async function failReply(bench: Bench): Promise<ExhaustedJob> {
  const fault = await bench.providers.fault('llm', answerWithStatus({ status: 503 }))
  const { customer } = takeCustomer(bench)
  const entry = await bench.ledger.reply(bench.client, customer.phone, unclearReply)
  requireAccepted(entry)
  return { job: 'a reply that the model cannot be asked about', entry, provider: 'llm', isCall: () => true, fault }
}

/** Messages and a booking of other customers. */
async function askBeside(bench: Bench): Promise<LedgerEntry[]> {
  const asked = await Promise.all([
    bench.ledger.message(bench.administrator, takeCustomer(bench).customer),
    bench.ledger.message(bench.administrator, takeCustomer(bench).customer),
    bench.ledger.book(bench.client),
  ])
  for (const entry of asked) requireAccepted(entry)
  return asked
}

/** When each was seen to be done, in milliseconds since the epoch. */
async function isDoneOf(bench: Bench, entries: readonly LedgerEntry[]): Promise<(number | undefined)[]> {
  const bookingDone = bench.client.events().then(({ items }) => items)
  return Promise.all(
    entries.map(async (entry) => {
      if (entry.kind === 'message')
        return bench.providers.journal.messages().find(({ body }) => body.includes(entry.marker))?.at
      // of the database's clock, which is this machine's
      const told = (await bookingDone).filter(({ metadata }) =>
        entry.correlationIds.includes(metadata.correlationId ?? ''),
      )
      const times = told.map(({ occurredAt }) => Date.parse(occurredAt))
      return times.length === 0 ? undefined : Math.max(...times)
    }),
  )
}

async function describeLetter(
  bench: Bench,
  job: ExhaustedJob,
  letter: DeadLetter | undefined,
): Promise<DeadLetterTrial['exhausted'][number]> {
  const attemptsSeen = callsOf(bench, job)
  if (letter === undefined) return { job: job.job, attemptsSeen, letter: null }
  const elsewhere = await listDeadLetters(bench.elsewhere)
  return {
    job: job.job,
    attemptsSeen,
    letter: {
      attempts: letter.attempts ?? null,
      error:
        typeof letter.error === 'string'
          ? letter.error
          : letter.error === undefined || letter.error === null
            ? ''
            : JSON.stringify(letter.error),
      isPayloadThere: isTelling(letter.payload, job.entry),
      isCorrelationIdRight: job.entry.correlationIds.some((id) => id === letter.correlationId),
      isSeenByOther: elsewhere.some(({ id }) => id === letter.id),
    },
  }
}

/** A message's payload names the message or holds its text; that of other jobs says at least something. */
function isTelling(payload: unknown, entry: LedgerEntry): boolean {
  const text = JSON.stringify(payload ?? null)
  if (entry.kind === 'message')
    return [entry.marker, entry.id].some((name) => name !== undefined && text.includes(name))
  return /[\w-]{8}/.test(text)
}

/** @throws when what the trial builds on was not accepted. */
export function requireAccepted(entry: LedgerEntry): void {
  if (entry.outcome === 'accepted') return
  throw new Error(
    `A genuine ${entry.kind} was not accepted (${entry.status ?? 'no answer'}): nothing can be said about dead letters.`,
  )
}

/** Waits for something. @throws when it does not come about, naming it. */
export async function until(
  isSo: () => boolean | Promise<boolean>,
  withinMilliseconds: number,
  what: string,
): Promise<void> {
  const deadline = performance.now() + withinMilliseconds
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`Expected ${what} within ${withinMilliseconds / 1000} s.`)
    await sleep(25)
  }
}
