import { randomInt } from 'node:crypto'
import { findIn } from '../../evidence/encodings.ts'
import { findSecrets } from '../../evidence/secret-search.ts'
import type { GateRun } from '../../run.ts'
import type { Person } from '../../subject/people.ts'

/** A text that may stand in no log, found. */
export interface PrivateFinding {
  what: string
  encoding: string
}

/** Secrets, people's data and what people wrote, as they came to the subject during one trial. */
export class PrivateTexts {
  readonly #personal: Record<string, string> = {}
  readonly #secrets: Record<string, string> = {}
  #people = 0

  constructor({ tenants, secrets }: GateRun) {
    for (const [index, tenant] of tenants.entries()) {
      const own: Record<string, string> = {
        'service token': tenant.serviceToken,
        'administrator password': tenant.administrator.password,
        'Twilio secret': tenant.webhookSecrets.twilio,
        'Calendly secret': tenant.webhookSecrets.calendly,
        'Stripe secret': tenant.webhookSecrets.stripe,
        'Stripe key': tenant.stripeApiKey,
        'OpenClaw key': tenant.openclawApiKey,
        'LLM key': tenant.llmApiKey,
        'Calendly key': tenant.calendlyApiKey,
      }
      for (const [what, text] of Object.entries(own)) this.#secrets[`${what} of tenant ${index + 1}`] = text
      this.#personal[`e-mail address of administrator ${index + 1}`] = tenant.administrator.email
    }
    Object.assign(this.#secrets, secrets)
  }

  /** How many texts are looked for. */
  get count(): number {
    return Object.keys(this.#personal).length + Object.keys(this.#secrets).length
  }

  addSecret(what: string, text: string): string {
    this.#secrets[what] = text
    return text
  }

  /** Notes a person: each part of their data is unique. */
  addPerson({ name, phone, email }: Person): void {
    const who = `person ${(this.#people += 1)}`
    const digits = phone.slice(-10)
    const [area, exchange, line] = [digits.slice(0, 3), digits.slice(3, 6), digits.slice(6)]
    const written = [
      digits,
      `${area}-${exchange}-${line}`,
      `(${area}) ${exchange}-${line}`,
      `${area}.${exchange}.${line}`,
      `${area} ${exchange} ${line}`,
    ]
    for (const [index, form] of written.entries()) this.#personal[`phone number of ${who}, form ${index + 1}`] = form
    this.#personal[`name of ${who}`] = name.split(' ').at(-1) ?? name
    this.#personal[`e-mail address of ${who}`] = email.split('@')[0] ?? email
  }

  /** Makes a text such as people write, and notes it. */
  makeText(what: string): string {
    const word = Array.from({ length: 14 }, () => String.fromCharCode(97 + randomInt(26))).join('')
    this.#personal[what] = word
    return word
  }

  /** Which of all these a line holds, whole, in part, encoded, and in whatever case. */
  findIn(text: string): PrivateFinding[] {
    const lower = Object.fromEntries(Object.entries(this.#personal).map(([what, one]) => [what, one.toLowerCase()]))
    const found = [
      ...findSecrets(text, this.#secrets),
      ...findIn(text, this.#personal),
      ...findIn(text.toLowerCase(), lower),
    ]
    const first = new Map(found.toReversed().map(({ label, encoding }) => [label.replace(/, form \d$/, ''), encoding]))
    return [...first].map(([what, encoding]) => ({ what, encoding }))
  }
}
