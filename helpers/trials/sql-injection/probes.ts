import { randomBytes, randomUUID } from 'node:crypto'
import type { AroClient } from '../../subject/client.ts'
import { calendlyMessage, smsMessage, stripeMessage } from '../../subject/deliveries.ts'
import type { UnsignedDelivery } from '../../subject/deliveries.ts'
import { declaredRoutes } from '../../subject/inventory.ts'
import { makeBooking, makePerson } from '../../subject/people.ts'
import type { Answer } from '../../subject/request.ts'

/** Texts for the fields of one request, by field. */
export type Texts = Readonly<Record<string, string>>

/** A request with fields that hold any text. */
export interface Probe {
  route: string
  fields: readonly string[]
  send(texts: Texts): Promise<Answer>
  /** Whether it is tried with every hostile text; others get a few. */
  isThorough: boolean
  /** Whether the field is one that the contract does not have. */
  isGuess?: boolean
}

/** What the probes are about. */
export interface ProbeSubjects {
  token: string
  customer: { id: string; phone: string }
  appointmentId: string
  subscriptionId: string | undefined
}

/** Requests with a text in every field of every route. */
export function makeProbes(client: AroClient, existing: ProbeSubjects): Probe[] {
  return [
    ...webhookProbes(client, existing),
    ...serviceProbes(client, existing),
    ...adminProbes(client, existing),
    ...ownProbes(client),
  ]
}

const jsonType = { 'Content-Type': 'application/json' }

/** In two days, so that the reminder for it is due at once. */
const soonReminded = (): string => new Date(Date.now() + 48 * 3_600_000 + 1500).toISOString()

function webhookProbes(client: AroClient, { customer }: ProbeSubjects): Probe[] {
  const { calendlyWebhook, smsWebhook, stripeWebhook } = client.subject.paths
  const deliver = (unsigned: UnsignedDelivery, headers: Texts = {}): Promise<Answer> =>
    client.deliver(client.sign(unsigned), headers)
  return [
    {
      route: `POST ${calendlyWebhook}`,
      fields: ['appointment id', 'customer name', 'service type', 'notes', 'event id', 'a field that is not known'],
      isThorough: true,
      send: (texts) => {
        const phone = texts['phone'] ?? makePerson().phone
        const booking = makeBooking({
          appointmentId: texts['appointment id'] ?? '',
          serviceType: texts['service type'] ?? '',
          scheduledAt: soonReminded(),
          person: { ...makePerson(), name: texts['customer name'] ?? '', phone },
        })
        const unsigned = calendlyMessage(booking)
        const body = JSON.parse(unsigned.body) as { data: Record<string, unknown> }
        return deliver({
          ...unsigned,
          body: JSON.stringify({
            ...body,
            event_id: `https://api.calendly.com/scheduled_events/${texts['event id'] ?? ''}`,
            data: { ...body.data, notes: texts['notes'], reference: texts['a field that is not known'] },
          }),
        })
      },
    },
    {
      route: `POST ${calendlyWebhook}`,
      fields: ['customer e-mail'],
      isThorough: false,
      send: (texts) => {
        const email = `${(texts['customer e-mail'] ?? '').replaceAll(/[^\w']/g, '')}@example.org`
        return deliver(calendlyMessage(makeBooking({ person: { ...makePerson(), email } })))
      },
    },
    {
      route: `POST ${calendlyWebhook}`,
      fields: ['X-Correlation-Id', 'User-Agent', 'X-Forwarded-For', 'X-Request-Id', 'Accept-Language', 'Cookie'],
      isThorough: false,
      send: (texts) => deliver(calendlyMessage(makeBooking()), texts),
    },
    {
      route: `POST ${smsWebhook}`,
      fields: ['Body', 'ProfileName'],
      isThorough: true,
      send: (texts) => {
        const sms = smsMessage(client.tenant, { from: customer.phone, body: texts['Body'] ?? '' })
        const form = new URLSearchParams(sms.body)
        form.set('ProfileName', texts['ProfileName'] ?? '')
        return deliver({ ...sms, body: form.toString() })
      },
    },
    {
      route: `POST ${stripeWebhook}`,
      fields: ['client reference', 'metadata'],
      isThorough: true,
      send: (texts) =>
        deliver(
          paid({ client_reference_id: texts['client reference'], metadata: { appointment_id: texts['metadata'] } }),
        ),
    },
    {
      route: `POST ${stripeWebhook}`,
      fields: ['event type', 'only metadata'],
      isThorough: false,
      send: (texts) =>
        deliver(
          paid(
            { client_reference_id: null, metadata: { appointment_id: texts['only metadata'] } },
            texts['event type'],
          ),
        ),
    },
  ]
}

function paid(object: Record<string, unknown>, type?: string): UnsignedDelivery {
  const unsigned = stripeMessage({ appointmentId: randomUUID(), eventId: `evt_${randomBytes(12).toString('hex')}` })
  const body = JSON.parse(unsigned.body) as { type: string; data: { object: Record<string, unknown> } }
  return {
    ...unsigned,
    body: JSON.stringify({ ...body, type: type ?? body.type, data: { object: { ...body.data.object, ...object } } }),
  }
}

function serviceProbes(client: AroClient, { subscriptionId }: ProbeSubjects): Probe[] {
  const { commands, workflows, events, subscriptions } = client.subject.paths
  const headers = client.serviceHeaders()
  const reading = (route: string, path: (text: string) => string): Probe => ({
    route,
    fields: ['the parameter'],
    isThorough: false,
    send: (texts) => client.send({ path: path(encodeURIComponent(texts['the parameter'] ?? '')), headers }),
  })
  const posting = (
    route: string,
    path: string,
    fields: readonly string[],
    body: (texts: Texts) => unknown,
    isThorough = false,
  ): Probe => ({
    route,
    fields,
    isThorough,
    send: (texts) => client.send({ method: 'POST', path, headers: { ...headers, ...jsonType }, body: body(texts) }),
  })
  return [
    {
      route: `POST ${commands}`,
      fields: ['command id', 'aggregate id', 'aggregate type', 'who asks', 'payload', 'Idempotency-Key'],
      isThorough: true,
      send: (texts) => {
        const made = client.makeCommand()
        return client.send({
          method: 'POST',
          path: commands,
          headers: { ...made.headers, 'Idempotency-Key': texts['Idempotency-Key'] ?? '' },
          body: {
            ...made.body,
            commandId: texts['command id'],
            aggregate: { type: texts['aggregate type'], id: texts['aggregate id'] },
            payload: withText(made.body.payload, texts['payload'] ?? ''),
            metadata: { ...made.body.metadata, requestedBy: texts['who asks'] },
          },
        })
      },
    },
    posting(`POST ${commands}`, commands, ['command type', 'profile'], (texts) => ({
      ...client.makeCommand().body,
      commandType: texts['command type'],
      profile: texts['profile'],
    })),
    reading(`GET ${commands}/{commandId}`, (text) => `${commands}/${text}`),
    reading(`GET ${workflows}/{workflowId}`, (text) => `${workflows}/${text}`),
    ...['after', 'limit', 'type', 'order'].map((name) =>
      reading(`GET ${events}?${name}`, (text) => `${events}?${name}=${text}`),
    ),
    posting(
      `POST ${subscriptions}`,
      subscriptions,
      ['subscription name', 'event type'],
      (texts) => ({
        ...client.subject.subscription,
        name: texts['subscription name'],
        eventTypes: [texts['event type']],
      }),
      true,
    ),
    posting(
      `POST ${subscriptions}/{id}/replay`,
      `${subscriptions}/${subscriptionId ?? randomUUID()}/replay`,
      ['after'],
      (texts) => ({ after: texts['after'] }),
    ),
    {
      route: `POST ${subscriptions}/{id}/replay`,
      fields: ['the parameter'],
      isThorough: false,
      send: (texts) =>
        client.send({
          method: 'POST',
          path: `${subscriptions}/${encodeURIComponent(texts['the parameter'] ?? '')}/replay`,
          headers: { ...headers, ...jsonType },
          body: {},
        }),
    },
  ]
}

/** The sample with a text for each name and kind of service in it. */
const withText = (payload: unknown, text: string): unknown =>
  JSON.parse(
    JSON.stringify(payload, (key, value: unknown) =>
      /phone/i.test(key) && typeof value === 'string'
        ? makePerson().phone
        : /name|service|note/i.test(key) && typeof value === 'string'
          ? text
          : value,
    ),
  )

// what the contract has, and what lists commonly have beside it
const listParameters: Record<string, readonly string[]> = {
  '/appointments': ['status', 'date_from', 'date_to', 'customer_id', 'page', 'limit'],
  '/customers': ['phone', 'email', 'page', 'limit'],
  '/audit-logs': ['page', 'limit', 'action', 'actor'],
  '/dead-letters': ['page', 'limit'],
  '/metrics': ['from'],
  '/dashboard': ['from'],
}
const commonParameters = ['sort', 'order', 'search', 'q', 'filter', 'name']

function adminProbes(client: AroClient, { token, customer, appointmentId }: ProbeSubjects): Probe[] {
  const { admin } = client.subject.paths
  const authorization = { Authorization: `Bearer ${token}` }
  const probe = (
    method: string,
    name: string,
    fields: readonly string[],
    make: (texts: Texts) => { path: string; body?: unknown },
  ): Probe => ({
    route: `${method} ${admin}${name}`,
    fields,
    isThorough: false,
    send: (texts) => {
      const { path, body } = make(texts)
      return client.send({
        method,
        path: `${admin}${path}`,
        headers: { ...authorization, ...(body === undefined ? {} : jsonType) },
        ...(body === undefined ? {} : { body }),
      })
    },
  })
  const inPath = (method: string, before: string, after = '', body?: unknown): Probe =>
    probe(method, `${before}/{id}${after}`, ['the parameter'], (texts) => ({
      path: `${before}/${encodeURIComponent(texts['the parameter'] ?? '')}${after}`,
      ...(body === undefined ? {} : { body }),
    }))
  const lists = Object.entries(listParameters).flatMap(([path, own]) =>
    [...own, ...(own.length > 1 ? commonParameters : [])].map((name) => ({
      ...probe('GET', `${path}?${name}`, ['the parameter'], (texts) => {
        const text = texts['the parameter'] ?? ''
        const value = name === 'email' ? `${text.replaceAll(/[^\w']/g, '')}@example.org` : text
        return { path: `${path}?${name}=${encodeURIComponent(value)}` }
      }),
      isGuess: !own.includes(name),
    })),
  )
  return [
    ...lists,
    inPath('GET', '/appointments'),
    inPath('PUT', '/appointments', '', { status: 'cancelled' }),
    inPath('GET', '/customers'),
    inPath('DELETE', '/customers'),
    inPath('GET', '/customers', '/export'),
    inPath('PUT', '/customers', '/consent', { granted: true, method: 'written' }),
    inPath('PUT', '/integrations', '', { apiKey: 'key_0123456789' }),
    inPath('POST', '/dead-letters', '/replay'),
    probe('PUT', '/appointments/{id}', ['status', 'scheduled at'], (texts) => ({
      path: `/appointments/${appointmentId}`,
      body: { status: texts['status'], scheduledAt: texts['scheduled at'] },
    })),
    probe('PUT', '/customers/{id}/consent', ['method'], (texts) => ({
      path: `/customers/${customer.id}/consent`,
      body: { granted: true, method: texts['method'] },
    })),
    probe('PUT', '/integrations/{provider}', ['API key'], (texts) => ({
      path: '/integrations/calendly',
      body: { apiKey: (texts['API key'] ?? '').replaceAll(' ', '') },
    })),
    probe('POST', '/messages', ['body'], (texts) => ({
      path: '/messages',
      body: { customerId: customer.id, body: texts['body'] },
    })),
    probe('POST', '/messages', ['customer id', 'template'], (texts) => ({
      path: '/messages',
      body: { customerId: texts['customer id'], template: texts['template'], variables: {} },
    })),
    {
      route: `POST ${admin}/auth/login`,
      fields: ['e-mail', 'password'],
      isThorough: false,
      send: (texts) =>
        client.send({
          method: 'POST',
          path: `${admin}/auth/login`,
          headers: jsonType,
          body: {
            email: `${(texts['e-mail'] ?? '').replaceAll(/[^\w']/g, '')}@example.org`,
            password: texts['password'],
          },
        }),
    },
  ]
}

/** The owner's own routes: a text in each varying part, or as a parameter where there is none. */
function ownProbes(client: AroClient): Probe[] {
  return declaredRoutes(client.subject)
    .filter(({ group }) => group === 'own' || group === 'probe')
    .map(({ method, path }) => ({
      route: `${method} ${path}`,
      fields: ['the parameter'],
      isThorough: false,
      send: (texts) => {
        const text = encodeURIComponent(texts['the parameter'] ?? '')
        const filled = path.replaceAll(/\{[^}]*\}/g, text)
        return client.send({
          method,
          path: filled === path ? `${path}?q=${text}` : filled,
          headers: client.serviceHeaders(),
        })
      },
    }))
}
