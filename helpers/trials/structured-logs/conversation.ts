import { randomUUID } from 'node:crypto'
import type { ProviderLab } from '../../providers/lab.ts'
import type { Administrator, Customer } from '../../subject/administrator.ts'
import type { App } from '../../subject/app.ts'
import type { AroClient } from '../../subject/client.ts'
import { makeBooking } from '../../subject/people.ts'
import type { Booking } from '../../subject/people.ts'
import type { Answer } from '../../subject/request.ts'
import type { PrivateTexts } from './private-texts.ts'

const loadRequests = 160
const loadAtOnce = 16
const customerWithinMilliseconds = 15_000

/** Speaks to all instances of the subject, under correlation ids of its own. */
export class Conversation {
  readonly client: AroClient
  readonly providers: ProviderLab
  readonly texts: PrivateTexts
  readonly #urls: readonly string[]
  #turns = 0
  #administrator: Administrator | undefined

  constructor(parts: { app: App; providers: ProviderLab; texts: PrivateTexts; urls: readonly string[] }) {
    this.client = parts.app.client
    this.providers = parts.providers
    this.texts = parts.texts
    this.#urls = parts.urls
  }

  /** The administrator, logged in. */
  get administrator(): Administrator {
    if (this.#administrator === undefined) throw new Error('The conversation was not opened.')
    return this.#administrator
  }

  /** Logs the administrator in and brings a first customer in. */
  async open(booking: Booking): Promise<void> {
    this.#administrator = await this.client.administrator()
    this.texts.addSecret('session token', this.administrator.token.split('.').at(-1) ?? this.administrator.token)
    await this.makeCustomer(booking)
  }

  /** A customer who may be texted; what is known of them is private from now on. */
  async makeCustomer(booking = makeBooking()): Promise<{ booking: Booking; customer: Customer }> {
    this.texts.addPerson(booking.person)
    const { answer } = await this.client.book(booking)
    if (answer.status >= 300)
      throw new Error(`A genuine booking was refused with ${answer.status}: ${answer.text.slice(0, 200)}`)
    const customer = await this.administrator.awaitCustomer(booking.person.phone, customerWithinMilliseconds)
    await this.administrator.recordConsent(customer.id, true)
    return { booking, customer }
  }

  /** Sends a request to one instance after the other, under an id of ours. */
  async send(
    request: Parameters<AroClient['send']>[0],
    id: string = randomUUID(),
  ): Promise<{ id: string; answer: Answer }> {
    const headers = { 'X-Correlation-Id': id, ...request.headers }
    return { id, answer: await this.client.send({ url: this.nextUrl(), ...request, headers }) }
  }

  /** As {@link send}, to the admin API with the administrator's token. */
  sendAsAdministrator(
    method: string,
    path: string,
    body?: unknown,
    id: string = randomUUID(),
  ): Promise<{ id: string; answer: Answer }> {
    const headers = {
      Authorization: `Bearer ${this.administrator.token}`,
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
    }
    const all = { method, path: `${this.client.subject.paths.admin}${path}`, headers }
    return this.send(body === undefined ? all : { ...all, body }, id)
  }

  nextUrl(): string {
    this.#turns += 1
    return this.#urls[this.#turns % this.#urls.length] ?? this.client.url
  }

  /** Asks without an id. @returns those that the answers carry. */
  async sendWithoutId(): Promise<{ requests: number; ids: string[] }> {
    const authorised = { Authorization: `Bearer ${this.administrator.token}` }
    const { admin, events } = this.client.subject.paths
    const answers = [
      await this.client.send({ url: this.nextUrl(), path: events, headers: this.client.serviceHeaders() }),
      await this.client.send({ url: this.nextUrl(), path: `${admin}/customers`, headers: authorised }),
      await this.client.send({ url: this.nextUrl(), path: `${admin}/customers` }),
    ]
    return { requests: answers.length, ids: answers.flatMap(idOf) }
  }

  /** Sends many requests at once, each under its own id. */
  async sendLoad(): Promise<{ requests: string[]; answeredUnderOurs: number }> {
    const { events, admin } = this.client.subject.paths
    const phone = encodeURIComponent((await this.makeCustomer()).booking.person.phone)
    const authorised = { Authorization: `Bearer ${this.administrator.token}` }
    const requests: string[] = []
    let answeredUnderOurs = 0
    const kinds = [
      { path: `${events}?limit=5`, headers: this.client.serviceHeaders() },
      { path: `${admin}/customers?phone=${phone}`, headers: authorised },
      { path: `${admin}/appointments`, headers: authorised },
      { path: `${events}?limit=5`, headers: { ...this.client.serviceHeaders(), Authorization: 'Bearer nobody' } },
    ]
    const worker = async (): Promise<void> => {
      while (requests.length < loadRequests) {
        const id = randomUUID()
        const kind = kinds[requests.push(id) % kinds.length]
        if (kind === undefined) return
        const { answer } = await this.send(kind, id)
        if (idOf(answer)[0] === id) answeredUnderOurs += 1
      }
    }
    await Promise.all(Array.from({ length: loadAtOnce }, worker))
    return { requests, answeredUnderOurs }
  }
}

/** The correlation id that an answer carries, if any. */
export function idOf({ headers }: Answer): string[] {
  const id = headers['x-correlation-id']
  return id === undefined || id === '' ? [] : [id]
}
