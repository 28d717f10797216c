import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import type { AroClient } from './client.ts'
import type { Tenant } from './facilities.ts'
import type { Answer } from './request.ts'

const loginSchema = z.looseObject({ token: z.string().min(1) })
const customerSchema = z.looseObject({ id: z.string().min(1), phone: z.string() })
const customersSchema = z.looseObject({ items: z.array(customerSchema) })
const consentSchema = z.looseObject({ consent: z.looseObject({ granted: z.boolean() }).nullish() })
const appointmentSchema = z.looseObject({ id: z.string().min(1), status: z.string(), customerId: z.string() })
const appointmentsSchema = z.looseObject({ items: z.array(appointmentSchema) })
const queuedMessageSchema = z.looseObject({ messageId: z.string().min(1) })

/** A customer as the admin API shows it. */
export type Customer = z.infer<typeof customerSchema>

/** The administrator of one tenant, logged in. */
export class Administrator {
  readonly #client: AroClient
  readonly tenant: Tenant
  readonly token: string

  private constructor(client: AroClient, tenant: Tenant, token: string) {
    this.#client = client
    this.tenant = tenant
    this.token = token
  }

  /** Logs in. @throws when the genuine credentials are refused. */
  static async login(client: AroClient, tenant: Tenant): Promise<Administrator> {
    const answer = await client.send({
      method: 'POST',
      path: `${client.subject.paths.admin}/auth/login`,
      headers: { 'Content-Type': 'application/json' },
      body: tenant.administrator,
    })
    if (answer.status !== 200) {
      throw new Error(
        `The administrator cannot log in with the password the subject was started with: status ${answer.status}`,
      )
    }
    return new Administrator(client, tenant, loginSchema.parse(answer.json).token)
  }

  /** The same session at another instance. */
  at(client: AroClient): Administrator {
    return new Administrator(client, this.tenant, this.token)
  }

  /** Sends an authorised request; `path` starts below the admin API. */
  send(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    return this.#client.send({
      method,
      path: `${this.#client.subject.paths.admin}${path}`,
      headers: {
        Authorization: `Bearer ${this.token}`,
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body }),
    })
  }

  /** The customer with this phone number, or undefined. */
  async customer(phone: string): Promise<Customer | undefined> {
    const answer = await this.send('GET', `/customers?phone=${encodeURIComponent(phone)}`)
    this.#expect(answer, 200, 'GET /customers')
    return customersSchema.parse(answer.json).items.find((customer) => customer.phone === phone)
  }

  /** Waits until a booking has become a customer. @throws when it has not within 5 s. */
  async awaitCustomer(phone: string, withinMilliseconds = 5000): Promise<Customer> {
    const deadline = performance.now() + withinMilliseconds
    while (performance.now() < deadline) {
      const customer = await this.customer(phone)
      if (customer !== undefined) return customer
      await sleep(25)
    }
    throw new Error(
      `A genuine booking was accepted, but its customer was not in GET /customers within ${withinMilliseconds} ms.`,
    )
  }

  /** The appointments of one customer. */
  async appointments(customerId: string): Promise<z.infer<typeof appointmentSchema>[]> {
    const answer = await this.send('GET', `/appointments?customer_id=${encodeURIComponent(customerId)}`)
    this.#expect(answer, 200, 'GET /appointments')
    return appointmentsSchema.parse(answer.json).items
  }

  /** Waits until a customer has an appointment. @throws when there is none within 5 s. */
  async awaitAppointment(customerId: string): Promise<z.infer<typeof appointmentSchema>> {
    const deadline = performance.now() + 5000
    while (performance.now() < deadline) {
      const [appointment] = await this.appointments(customerId)
      if (appointment !== undefined) return appointment
      await sleep(25)
    }
    throw new Error('A genuine booking was accepted, but its appointment was not in GET /appointments within 5 s.')
  }

  /** Whether the customer with this phone number is there and may be texted. */
  async isConsentGranted(phone: string): Promise<boolean> {
    return consentSchema.parse((await this.customer(phone)) ?? {}).consent?.granted ?? false
  }

  /** Records that the customer may be texted, or no longer. */
  async recordConsent(customerId: string, granted: boolean): Promise<void> {
    const answer = await this.send('PUT', `/customers/${customerId}/consent`, { granted, method: 'written' })
    this.#expect(answer, 200, 'PUT /customers/{id}/consent')
  }

  /** Asks for a text message to be sent; the answer is as it came. */
  sendMessage(customerId: string, body: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.send('POST', '/messages', { customerId, body }, headers)
  }

  /** Queues a text message. @throws when it is not accepted. */
  async queueMessage(customerId: string, body: string, headers: Record<string, string> = {}): Promise<string> {
    const answer = await this.sendMessage(customerId, body, headers)
    this.#expect(answer, 202, 'POST /messages')
    return queuedMessageSchema.parse(answer.json).messageId
  }

  #expect(answer: Answer, status: number, what: string): void {
    if (answer.status !== status)
      throw new Error(`${what}: expected ${status}, got ${answer.status}: ${answer.text.slice(0, 300)}`)
  }
}
