import { randomBytes, randomUUID } from 'node:crypto'
import type { Administrator } from './administrator.ts'
import type { AroClient } from './client.ts'
import { calendlyMessage, smsMessage } from './deliveries.ts'
import type { UnsignedDelivery } from './deliveries.ts'
import { makeBooking } from './people.ts'
import type { Booking } from './people.ts'
import type { Answer } from './request.ts'

/** What can be asked of the subject. */
export type AskKind = 'booking' | 'message' | 'reply' | 'command'

/** How the asking went: a 2xx, any other answer, or none at all, after which nobody knows whether it was taken. */
export type AskOutcome = 'accepted' | 'refused' | 'unanswered'

/** One thing that the subject was asked to do. */
export interface LedgerEntry {
  kind: AskKind
  /** Text that only this holds: of the message's body, the appointment's id, the command's id. */
  marker: string
  /** One for each time that it was asked. */
  correlationIds: string[]
  outcome: AskOutcome
  /** Of the last answer; null when there was none. */
  status: number | null
  durationMilliseconds: number
  answer: Answer | undefined
  /** What was thrown where there was no answer. */
  failure?: unknown
  /** Where it concerns a person, their number. */
  phone: string | undefined
  /** What the subject calls it, where its answer says so. */
  id: string | undefined
  /** What is delivered again as it was, for a booking. */
  unsigned?: UnsignedDelivery
  /** Unix time in seconds that its last signature claims. */
  signedAt?: number
  command?: ReturnType<AroClient['makeCommand']>
}

/** Notes all that the subject was asked to do, so that it can be reconciled with what came of it. */
export class Ledger {
  readonly entries: LedgerEntry[] = []

  /** Those with an outcome, of one kind or of all. */
  of(outcome: AskOutcome, kind?: AskKind): LedgerEntry[] {
    return this.entries.filter((entry) => entry.outcome === outcome && (kind === undefined || entry.kind === kind))
  }

  /** Books as the calendar provider would. */
  async book(client: AroClient, overrides: Partial<Booking> = {}): Promise<LedgerEntry> {
    const booking = makeBooking(overrides)
    const unsigned = calendlyMessage(booking)
    const entry = this.#open('booking', booking.appointmentId, { phone: booking.person.phone, unsigned })
    return this.redeliver(client, entry)
  }

  /** Delivers a booking again, signed anew, as the provider does when it got no 2xx. */
  redeliver(client: AroClient, entry: LedgerEntry): Promise<LedgerEntry> {
    if (entry.unsigned === undefined) throw new Error(`Expected a booking to deliver again, got a ${entry.kind}.`)
    // a second apart each time, so that no two deliveries bear the same signature
    const at = entry.signedAt === undefined ? Math.floor(Date.now() / 1000) : entry.signedAt - 1
    entry.signedAt = at
    const delivery = client.sign(entry.unsigned, { at })
    return this.#ask(entry, delivery.correlationId, () => client.deliver(delivery))
  }

  /** Asks for a text message; its body holds the marker. */
  async message(
    administrator: Administrator,
    customer: { id: string; phone: string },
    marker = makeMarker(),
  ): Promise<LedgerEntry> {
    const entry = this.#open('message', marker, { phone: customer.phone })
    const correlationId = randomUUID()
    const text = `We look forward to seeing you, ${entry.marker}. Reply STOP to unsubscribe`
    return this.#ask(entry, correlationId, () =>
      administrator.sendMessage(customer.id, text, { 'X-Correlation-Id': correlationId }),
    )
  }

  /** Answers by SMS as a customer would. */
  async reply(client: AroClient, from: string, body: string): Promise<LedgerEntry> {
    const delivery = client.sign(smsMessage(client.tenant, { from, body }))
    const entry = this.#open('reply', delivery.marker, { phone: from })
    return this.#ask(entry, delivery.correlationId, () => client.deliver(delivery))
  }

  /** Gives the sample command under a new id. */
  async command(client: AroClient): Promise<LedgerEntry> {
    const command = client.makeCommand()
    const entry = this.#open('command', command.body.commandId, { command })
    return this.repeatCommand(client, entry)
  }

  /** Gives a command again under its key, as a service does that got no 2xx. */
  repeatCommand(client: AroClient, entry: LedgerEntry): Promise<LedgerEntry> {
    const { command } = entry
    if (command === undefined) throw new Error(`Expected a command to give again, got a ${entry.kind}.`)
    return this.#ask(entry, command.headers['X-Correlation-Id'] ?? '', () =>
      client.send({ method: 'POST', path: client.subject.paths.commands, ...command }),
    )
  }

  #open(kind: AskKind, marker: string, about: Partial<LedgerEntry>): LedgerEntry {
    const entry: LedgerEntry = {
      kind,
      marker,
      correlationIds: [],
      outcome: 'unanswered',
      status: null,
      durationMilliseconds: 0,
      answer: undefined,
      phone: undefined,
      id: undefined,
      ...about,
    }
    this.entries.push(entry)
    return entry
  }

  async #ask(entry: LedgerEntry, correlationId: string, send: () => Promise<Answer>): Promise<LedgerEntry> {
    if (!entry.correlationIds.includes(correlationId)) entry.correlationIds.push(correlationId)
    const startedAt = performance.now()
    const answer = await send().catch((error: unknown) => {
      entry.failure = error
      return undefined
    })
    entry.durationMilliseconds = performance.now() - startedAt
    entry.answer = answer
    entry.status = answer?.status ?? null
    // once it was accepted it stays so, whatever a repetition is answered
    if (entry.outcome !== 'accepted') entry.outcome = outcomeOf(answer)
    const json = answer?.json
    if (typeof json === 'object' && json !== null && 'messageId' in json && typeof json.messageId === 'string') {
      entry.id = json.messageId
    }
    return entry
  }
}

function outcomeOf(answer: Answer | undefined): AskOutcome {
  if (answer === undefined) return 'unanswered'
  return answer.status >= 200 && answer.status < 300 ? 'accepted' : 'refused'
}

/** A word that no text holds by accident, and that no filter takes for a number of somebody. */
export const makeMarker = (): string =>
  [...randomBytes(10).toString('hex')].map((digit) => String.fromCharCode(97 + Number.parseInt(digit, 16))).join('')
