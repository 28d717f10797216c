import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { Administrator } from './administrator.ts'
import { calendlyMessage, sign, smsMessage } from './deliveries.ts'
import type { Delivery, UnsignedDelivery } from './deliveries.ts'
import type { Tenant } from './facilities.ts'
import type { Booking } from './people.ts'
import { request } from './request.ts'
import type { Answer, SubjectRequest } from './request.ts'
import type { Subject } from './subject.ts'

/** The canonical event envelope of the Event API. */
export const eventSchema = z.looseObject({
  eventId: z.string().min(1),
  eventType: z.string().min(1),
  occurredAt: z.string().min(1),
  tenantId: z.string().min(1),
  aggregate: z.looseObject({ type: z.string().min(1), id: z.string().min(1) }),
  payload: z.unknown(),
  metadata: z.looseObject({ correlationId: z.string().nullish(), workflowId: z.string().nullish() }),
})

/** @see eventSchema */
export type AroEvent = z.infer<typeof eventSchema>

const eventPageSchema = z.looseObject({
  items: z.array(eventSchema),
  nextCursor: z.union([z.string(), z.number(), z.null()]),
})

/** The error envelope that every refusal carries. */
export const errorEnvelopeSchema = z.looseObject({ error: z.looseObject({ code: z.string(), message: z.string() }) })

/** Speaks to the subject as its outside world does: other services, providers, customers, the administrator. */
export class AroClient {
  readonly subject: Subject
  readonly tenants: readonly Tenant[]
  #url: () => string

  constructor(options: { subject: Subject; tenants: readonly Tenant[]; url: () => string }) {
    this.subject = options.subject
    this.tenants = options.tenants
    this.#url = options.url
  }

  get url(): string {
    return this.#url()
  }

  /** The first tenant; most controls need but one. */
  get tenant(): Tenant {
    return this.tenantAt(0)
  }

  /** A tenant who is not the first. */
  get otherTenant(): Tenant {
    return this.tenantAt(1)
  }

  /** Sends a request as given. @see request */
  send(options: Omit<SubjectRequest, 'url'> & { url?: string }): Promise<Answer> {
    return request({ url: this.url, ...options })
  }

  /** Signs what a provider would send to this subject. */
  sign(unsigned: UnsignedDelivery, options: { tenant?: Tenant; at?: number; secret?: string } = {}): Delivery {
    return sign(unsigned, { subject: this.subject, tenant: this.tenant, url: this.url, ...options })
  }

  /** Delivers a webhook; `headers` override the genuine ones, a value of null leaves one out. */
  deliver(delivery: Delivery, headers: Record<string, string | string[] | null> = {}): Promise<Answer> {
    const all: Record<string, string | string[] | null> = {
      'Content-Type': delivery.contentType,
      'X-Correlation-Id': delivery.correlationId,
      [delivery.signatureHeader]: delivery.signature,
      ...headers,
    }
    const present = Object.entries(all).flatMap(([name, value]) => (value === null ? [] : [[name, value] as const]))
    return this.send({ method: 'POST', path: delivery.path, headers: Object.fromEntries(present), body: delivery.body })
  }

  /** Books as the calendar provider would; the answer is the acknowledgement. */
  async book(booking: Booking, tenant = this.tenant): Promise<{ delivery: Delivery; answer: Answer }> {
    const delivery = this.sign(calendlyMessage(booking), { tenant })
    return { delivery, answer: await this.deliver(delivery) }
  }

  /** Answers by SMS as a customer would. */
  async reply(from: string, body: string, tenant = this.tenant): Promise<{ delivery: Delivery; answer: Answer }> {
    const delivery = this.sign(smsMessage(tenant, { from, body }), { tenant })
    return { delivery, answer: await this.deliver(delivery) }
  }

  /** Headers with which a service calls the Command and Event API. */
  serviceHeaders(tenant = this.tenant): Record<string, string> {
    return { Authorization: `Bearer ${tenant.serviceToken}`, 'X-Tenant-Id': tenant.id }
  }

  /** A valid command, made from the sample in the subject file. */
  makeCommand(tenant = this.tenant): { headers: Record<string, string>; body: CommandBody } {
    const sample = this.subject.command
    return {
      headers: {
        ...this.serviceHeaders(tenant),
        'Content-Type': 'application/json',
        'Idempotency-Key': randomUUID(),
        'X-Correlation-Id': randomUUID(),
      },
      body: {
        commandId: randomUUID(),
        commandType: sample.commandType,
        tenantId: tenant.id,
        profile: sample.profile,
        aggregate: { type: sample.aggregateType, id: randomUUID() },
        payload: sample.payload,
        metadata: { requestedBy: 'production-gate', requestedAt: new Date().toISOString() },
      },
    }
  }

  /** One page of events after a cursor. @throws when the answer is no page of canonical envelopes. */
  async eventPage(options: { tenant?: Tenant; after?: string; limit?: number; url?: string } = {}): Promise<EventPage> {
    const query = new URLSearchParams({ limit: String(options.limit ?? 200) })
    if (options.after !== undefined) query.set('after', options.after)
    const answer = await this.send({
      ...(options.url === undefined ? {} : { url: options.url }),
      path: `${this.subject.paths.events}?${query.toString()}`,
      headers: this.serviceHeaders(options.tenant),
    })
    if (answer.status !== 200) throw new Error(`GET ${this.subject.paths.events}: expected 200, got ${answer.status}`)
    const page = eventPageSchema.parse(answer.json)
    return { items: page.items, nextCursor: page.nextCursor === null ? undefined : String(page.nextCursor) }
  }

  /** All events after a cursor, page by page, with the cursor to go on from. */
  async events(options: { tenant?: Tenant; after?: string | undefined } = {}): Promise<EventPage> {
    const items: AroEvent[] = []
    let cursor = options.after
    for (;;) {
      const page = await this.eventPage({
        ...(options.tenant === undefined ? {} : { tenant: options.tenant }),
        ...(cursor === undefined ? {} : { after: cursor }),
      })
      items.push(...page.items)
      if (page.items.length === 0 || page.nextCursor === undefined || page.nextCursor === cursor) {
        return { items, nextCursor: page.nextCursor ?? cursor }
      }
      cursor = page.nextCursor
    }
  }

  /** Waits until events with this correlation id are visible; undefined when there are none in time. */
  async awaitEvent(
    matches: (event: AroEvent) => boolean,
    options: { tenant?: Tenant; withinMilliseconds?: number } = {},
  ): Promise<AroEvent | undefined> {
    const deadline = performance.now() + (options.withinMilliseconds ?? 5000)
    const tenant = options.tenant === undefined ? {} : { tenant: options.tenant }
    let cursor: string | undefined
    while (performance.now() < deadline) {
      const page = await this.events({ ...tenant, after: cursor })
      const found = page.items.find(matches)
      if (found !== undefined) return found
      cursor = page.nextCursor ?? cursor
      await sleep(25)
    }
    return undefined
  }

  /** Logs in as the tenant's administrator. @throws when the genuine credentials are refused. */
  administrator(tenant = this.tenant): Promise<Administrator> {
    return Administrator.login(this, tenant)
  }

  private tenantAt(index: number): Tenant {
    const tenant = this.tenants[index]
    if (tenant === undefined) throw new Error(`The gate made ${this.tenants.length} tenants, none with index ${index}.`)
    return tenant
  }
}

/** A page of events and the cursor after it. */
export interface EventPage {
  items: AroEvent[]
  nextCursor: string | undefined
}

/** A command's body as the contract has it. */
export interface CommandBody {
  commandId: string
  commandType: string
  tenantId: string
  profile: string
  aggregate: { type: string; id: string }
  payload: Subject['command']['payload']
  metadata: { requestedBy: string; requestedAt: string }
}
