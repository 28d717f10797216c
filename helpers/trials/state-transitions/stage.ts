import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import type { Administrator } from '../../subject/administrator.ts'
import { changeClaimed, stateTold } from '../../subject/appointment-states.ts'
import type { AuditEntry } from '../../subject/audit-log.ts'
import type { AroClient, AroEvent } from '../../subject/client.ts'
import { calendlyMessage, sign, smsMessage } from '../../subject/deliveries.ts'
import type { UnsignedDelivery } from '../../subject/deliveries.ts'
import type { EventFeed } from '../../subject/event-feed.ts'
import { makeBooking } from '../../subject/people.ts'
import type { Booking } from '../../subject/people.ts'
import type { Step, Story } from './story.ts'

/** What is asked of the subject about one appointment. */
export interface Ask {
  how: Step['how']
  asked: string
  send(correlationId: string, instance: AroClient, administrator: Administrator): Promise<{ status: number }>
  /** Whether the appointment is compared with what it was before. */
  isCompared?: boolean
  mustEndIn?: string[]
  /** Statuses with which it may be refused; 409 alone unless told otherwise. */
  refusedWith?: number[]
  /** ISO 8601; the time that the appointment must have afterwards. */
  time?: string
}

type Shown = z.infer<typeof shownSchema>

/** One appointment on its way, with all that was done to it. */
export interface Actor {
  name: string
  booking: Booking
  id: string | undefined
  /** As the admin API showed it last. */
  shown: Shown | undefined
  groups: Step[][]
  /** Number of the step for each correlation id. */
  steps: Map<string, number>
}

const shownSchema = z.looseObject({ status: z.string() })
const takesEffectWithinMilliseconds = 5000
const fenceWithinMilliseconds = 20_000
const shownWithinMilliseconds = 15_000
const busyMilliseconds = 500

/** The subject's instances with the administrator's session on each, and the events that come meanwhile. */
export class Stage {
  readonly feed: EventFeed
  #nextFence: Promise<void> | undefined
  #fence: Promise<void> = Promise.resolve()
  readonly #instances: { client: AroClient; administrator: Administrator }[] = []

  constructor(feed: EventFeed) {
    this.feed = feed
  }

  async add(client: AroClient): Promise<void> {
    this.#instances.push({ client, administrator: await client.administrator() })
  }

  /** One of the instances, in turn. */
  instance(number = 0): { client: AroClient; administrator: Administrator } {
    const instance = this.#instances[number % this.#instances.length]
    if (instance === undefined) throw new Error('Expected an instance to speak to, none was added.')
    return instance
  }

  /** An appointment that nobody has spoken of yet. */
  introduce(name: string): Actor {
    return { name, booking: makeBooking(), id: undefined, shown: undefined, groups: [], steps: new Map() }
  }

  /** A booked appointment. @throws when the genuine booking does not become one. */
  async book(name: string): Promise<Actor> {
    const actor = this.introduce(name)
    await this.take(actor, [calendar(actor.booking, 'created', { mustEndIn: ['booked'] })])
    if (statusOf(actor.shown) !== 'booked') {
      throw new Error('A genuine booking was sent, but its appointment was not booked in GET /appointments within 5 s.')
    }
    return actor
  }

  /** Asks one thing, or several at once through all instances, and waits until it can have taken effect. */
  async take(actor: Actor, asks: readonly Ask[]): Promise<Step[]> {
    const first = actor.groups.flat().length
    const isAlone = asks.length === 1
    const sent = await Promise.all(
      asks.map(async ({ how, asked, send, mustEndIn, refusedWith }, index) => {
        const correlationId = randomUUID()
        actor.steps.set(correlationId, first + index)
        const { client, administrator } = this.instance(isAlone ? 0 : index)
        const { status } = await send(correlationId, client, administrator)
        const step: Step = {
          how,
          asked,
          status,
          after: null,
          ...(mustEndIn === undefined ? {} : { mustEndIn }),
          ...(refusedWith === undefined ? {} : { refusedWith }),
        }
        return { correlationId, step }
      }),
    )
    const steps = sent.map(({ step }) => step)
    actor.groups.push(steps)
    const [ask] = asks
    const [only] = sent
    if (!isAlone || ask === undefined || only === undefined) {
      if (asks.some(({ how }) => how !== 'admin')) await this.fence()
      actor.shown = undefined
      return steps
    }
    const before = actor.shown
    if (ask.how !== 'admin') await this.#awaitEffect(actor, ask, only.correlationId)
    const after = await this.read(actor)
    actor.shown = after
    only.step.after = statusOf(after) ?? null
    if (ask.time !== undefined) only.step.isTimeKept = hasTime(after, ask.time)
    if (ask.isCompared === true && before !== undefined) only.step.altered = differences(before, after)
    return steps
  }

  /** The appointment as the admin API shows it; undefined where there is none. A service too busy to show it is asked again. */
  async read(actor: Actor): Promise<Shown | undefined> {
    const deadline = performance.now() + shownWithinMilliseconds
    for (;;) {
      try {
        return await this.#readOnce(actor)
      } catch (error) {
        if (performance.now() > deadline) throw error
        await sleep(busyMilliseconds)
      }
    }
  }

  async #readOnce(actor: Actor): Promise<Shown | undefined> {
    const { administrator } = this.instance()
    if (actor.id === undefined) {
      const customer = await administrator.customer(actor.booking.person.phone)
      const [appointment] = customer === undefined ? [] : await administrator.appointments(customer.id)
      actor.id = appointment?.id
      if (actor.id === undefined) return undefined
    }
    const answer = await administrator.send('GET', `/appointments/${actor.id}`)
    if (answer.status === 404) return undefined
    if (answer.status !== 200) throw new Error(`GET /appointments/{id}: expected 200, got ${answer.status}`)
    return shownSchema.parse(answer.json)
  }

  /** Waits until a booking sent from now on has been processed, and so what was queued before it. */
  fence(): Promise<void> {
    // all who ask while one is under way share the one after it
    this.#nextFence ??= this.#fence.then(() => {
      this.#nextFence = undefined
      this.#fence = this.#sendFence()
      return this.#fence
    })
    return this.#nextFence
  }

  /** All that was done to an appointment, and what events and audit log tell of it. */
  async tell(actor: Actor, log: readonly AuditEntry[]): Promise<Story> {
    const end = statusOf(await this.read(actor)) ?? null
    const ids = [actor.id, actor.booking.appointmentId]
    const events = this.feed.items
      .filter(({ aggregate }) => ids.includes(aggregate.id))
      .flatMap((event) => {
        const told = stateTold(event)
        return told === undefined ? [] : [{ told, step: actor.steps.get(event.metadata.correlationId ?? '') ?? null }]
      })
    const audit = log
      .filter((entry) => ids.some((id) => id !== undefined && JSON.stringify(entry).includes(id)))
      .flatMap((entry) => changeClaimed(entry) ?? [])
    const { name, groups } = actor
    return { name, groups, end, events, audit }
  }

  /** Waits until the state that must come is told, or, where none must, until the message has been processed. */
  async #awaitEffect(actor: Actor, { mustEndIn, time }: Ask, correlationId: string): Promise<void> {
    const deadline = performance.now() + takesEffectWithinMilliseconds
    const hasIt = async (): Promise<boolean> => time === undefined || hasTime(await this.read(actor), time)
    while (!(await hasIt()) && performance.now() < deadline) await sleep(50)
    const before = statusOf(actor.shown) ?? 'absent'
    if (mustEndIn !== undefined && !mustEndIn.includes(before)) {
      const isEffect = (event: AroEvent): boolean =>
        event.metadata.correlationId === correlationId && mustEndIn.includes(stateTold(event) ?? '')
      if ((await this.feed.find(isEffect, takesEffectWithinMilliseconds)) !== undefined) return
    }
    await this.fence()
    // what may or may not take effect could still be under way beside the fence
    if (mustEndIn === undefined && time === undefined) await this.fence()
  }

  async #sendFence(): Promise<void> {
    const { client } = this.instance()
    const { delivery } = await client.book(makeBooking())
    const isOurs = ({ metadata }: AroEvent): boolean => metadata.correlationId === delivery.correlationId
    if ((await this.feed.find(isOurs, fenceWithinMilliseconds)) === undefined)
      throw new Error('A genuine booking was sent, but none of its events came within 20 s.')
  }
}

/** The administrator asks for a state. */
export function admin(id: () => string | undefined, state: string, more: Partial<Ask> & { body?: object } = {}): Ask {
  const { body = {}, ...rest } = more
  return {
    how: 'admin',
    asked: state,
    send: (correlationId, _client, administrator) =>
      administrator.send(
        'PUT',
        `/appointments/${id() ?? randomUUID()}`,
        { status: state, ...body },
        { 'X-Correlation-Id': correlationId },
      ),
    ...rest,
  }
}

/** The calendar tells of an appointment; `message` is an earlier message that it tells again. */
export function calendar(
  booking: Booking,
  event: 'created' | 'updated' | 'cancelled',
  more: Partial<Ask> & { message?: UnsignedDelivery } = {},
): Ask {
  const { message, ...rest } = more
  const unsigned = message ?? calendlyMessage(booking, `appointment.${event}`)
  return { how: 'calendar', asked: event, send: delivering(unsigned), ...rest }
}

/** The customer answers by text message. */
export function reply(phone: string, text: string, more: Partial<Ask> = {}): Ask {
  return {
    how: 'reply',
    asked: text,
    send: (correlationId, client) =>
      delivering(smsMessage(client.tenant, { from: phone, body: text }))(correlationId, client),
    ...more,
  }
}

const startedAt = Math.floor(Date.now() / 1000)
let signed = 0

function delivering(
  unsigned: UnsignedDelivery,
): (correlationId: string, client: AroClient) => Promise<{ status: number }> {
  return (correlationId, client) => {
    // signed at another second each time, as a provider signs what it sends again
    signed += 1
    const at = Math.max(startedAt, Math.floor(Date.now() / 1000) - 60) - (signed % 100)
    const { subject, tenant, url } = client
    return client.deliver({ ...sign(unsigned, { subject, tenant, url, at }), correlationId })
  }
}

const statusOf = (shown: Shown | undefined): string | undefined => shown?.status

const hasTime = (appointment: Shown | undefined, time: string): boolean =>
  Object.values(appointment ?? {}).some(
    (value) => typeof value === 'string' && Date.parse(value) === Date.parse(time) && /\d{4}-\d\d-\d\d/.test(value),
  )

function differences(before: Shown, after: Shown | undefined): string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after ?? {})])
  return [...names].filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after?.[name]))
}
