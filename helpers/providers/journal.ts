import { setTimeout as sleep } from 'node:timers/promises'
import type { ProviderName } from '../subject/facilities.ts'

/** One request that reached a provider. */
export interface JournalEntry {
  sequence: number
  provider: ProviderName
  /** Milliseconds since the epoch when it had arrived whole, with fractions. */
  at: number
  method: string
  url: string
  headers: Record<string, string>
  body: string
  /** The fields of a form-encoded body. */
  form?: Record<string, string>
  json?: unknown
  idempotencyKey?: string
  correlationId?: string
  /** What it was answered with: a status, or what a fault did instead. Undefined while it waits. */
  answer?: { status: number } | { fault: string }
  finishedAt?: number
}

/** A text message that the SMS provider has accepted: what a customer would get. */
export interface SentMessage {
  sid: string
  to: string
  from: string
  body: string
  idempotencyKey?: string
  /** Milliseconds since the epoch, with fractions. */
  at: number
}

/** A place in the journal, from which later entries are read. */
export type JournalMark = number

/** What every provider received, in order: the witness for messages, retries, consent and health information. */
export class Journal {
  readonly entries: JournalEntry[] = []
  readonly #messages: SentMessage[] = []

  add(entry: Omit<JournalEntry, 'sequence'>): JournalEntry {
    const added = { sequence: this.entries.length + 1, ...entry }
    this.entries.push(added)
    return added
  }

  addMessage(message: SentMessage): void {
    this.#messages.push(message)
  }

  /** Text messages accepted, each once however often it was asked for with the same idempotency key. */
  messages(): readonly SentMessage[] {
    return this.#messages
  }

  calls(provider: ProviderName): readonly JournalEntry[] {
    return this.entries.filter((entry) => entry.provider === provider)
  }

  mark(): JournalMark {
    return this.entries.length
  }

  since(mark: JournalMark): readonly JournalEntry[] {
    return this.entries.slice(mark)
  }

  /** Waits for an entry. @throws when none has come in time, naming what was awaited. */
  async waitFor(
    matches: (entry: JournalEntry) => boolean,
    { within, what }: { within: number; what: string },
  ): Promise<JournalEntry> {
    const deadline = performance.now() + within
    while (performance.now() < deadline) {
      const found = this.entries.find(matches)
      if (found !== undefined) return found
      await sleep(10)
    }
    throw new Error(
      `Expected ${what} to reach a provider within ${within} ms, ${this.entries.length} other requests did.`,
    )
  }
}
