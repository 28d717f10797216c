import { randomBytes, randomUUID } from 'node:crypto'
import fc from 'fast-check'
import type { JsonShape } from '../../attacks/json-shapes.ts'
import { validValues } from '../../attacks/json-shapes.ts'
import { appointmentStates, bodyShapes, shapeOfSample } from '../../subject/request-shapes.ts'
import { calendlyMessage, smsMessage, stripeMessage } from '../../subject/deliveries.ts'
import type { WebhookSource } from '../../subject/deliveries.ts'
import { makeBooking, makePerson } from '../../subject/people.ts'
import type { Entity, World } from './world.ts'

/** What a genuine request consists of beside what is generated for it. */
export interface Genuine {
  /** Values of the path's parts that vary. */
  parameters?: Record<string, string>
  headers?: Record<string, string>
  /** Fields that cannot be generated, since they name something; they stand in the place of generated ones. */
  fixed?: Record<string, unknown>
}

/** A parameter of a query string. */
export type QueryKind = 'page' | 'limit' | 'date' | 'uuid' | 'status' | 'cursor'

/** A route with what its requests hold. */
export interface RouteModel {
  method: string
  /** As the inventory has it. */
  path: string
  /** Which parts of the path have to be ids of the subject's own making. */
  query: Readonly<Record<string, QueryKind>>
  body?: {
    shape: JsonShape
    encoding: 'json' | 'form'
    /** Valid content where the shape alone does not tell. */
    content?: fc.Arbitrary<Record<string, unknown>>
    isOptional?: boolean
    isSignedBy?: WebhookSource
  }
  /** Headers of its own, besides those that every route may be sent. */
  ownHeaders?: readonly string[]
  isChanging: boolean
  /** Whether one thing may be changed so again and again. */
  isRepeatable?: boolean
  /** Makes a request about something that a valid one may change, or about what is there all the time. */
  genuine(about: 'fresh' | 'existing'): Promise<Genuine>
}

const json = { 'Content-Type': 'application/json' }

/** The contract's routes, each with its shapes and with genuine requests. */
export function contractRoutes(world: World): RouteModel[] {
  const { client } = world
  const { paths } = client.subject
  const service = { ...client.serviceHeaders() }
  const admin = (): Record<string, string> => ({ Authorization: `Bearer ${world.administrator.token}` })
  const reading = (
    path: string,
    options: Partial<RouteModel> & { parameters?: Record<string, string>; headers?: Record<string, string> } = {},
  ): RouteModel => {
    const { parameters = {}, headers, ...more } = options
    return {
      method: 'GET',
      path,
      query: {},
      isChanging: false,
      genuine: async () => ({ parameters, headers: headers ?? admin() }),
      ...more,
    }
  }
  const about = (entity: Entity, of: 'customer' | 'appointment'): Genuine => ({
    parameters: { id: of === 'customer' ? entity.customerId : entity.appointmentId },
    headers: admin(),
  })
  const entityFor = (which: 'fresh' | 'existing'): Promise<Entity> =>
    which === 'fresh' ? world.fresh() : Promise.resolve(world.existing)
  const ofEntity = (
    method: string,
    path: string,
    of: 'customer' | 'appointment',
    body?: RouteModel['body'],
  ): RouteModel => ({
    method,
    path: `${paths.admin}${path}`,
    query: {},
    isChanging: true,
    ...(body === undefined ? {} : { body }),
    genuine: async (which) => about(await entityFor(which), of),
  })
  const ids = { customer: { id: world.existing.customerId }, appointment: { id: world.existing.appointmentId } }
  return [
    ...[paths.health, paths.ready, paths.metrics].map((path) => reading(path, { headers: {} })),
    ...webhooks(world),
    commandRoute(world),
    reading(`${paths.commands}/{commandId}`, { parameters: { commandId: world.commandId }, headers: service }),
    reading(`${paths.workflows}/{workflowId}`, { parameters: { workflowId: world.workflowId }, headers: service }),
    reading(paths.events, { query: { after: 'cursor', limit: 'limit' }, headers: service }),
    {
      method: 'POST',
      path: paths.subscriptions,
      query: {},
      isChanging: true,
      body: { shape: requireAll(shapeOfSample(client.subject.subscription)), encoding: 'json' },
      genuine: async () => ({ headers: service }),
    },
    {
      method: 'POST',
      path: `${paths.subscriptions}/{id}/replay`,
      query: {},
      isChanging: false,
      body: {
        shape: bodyShapes.replay,
        encoding: 'json',
        content: fc.constantFrom({ limit: 3 }, { limit: 20 }),
        isOptional: true,
      },
      genuine: async () => ({ parameters: { id: world.subscriptionId }, headers: service }),
    },
    {
      method: 'POST',
      path: `${paths.admin}/auth/login`,
      query: {},
      isChanging: true,
      body: { shape: bodyShapes.login, encoding: 'json' },
      // who does not exist cannot be locked out
      genuine: async (which) => (which === 'fresh' ? { fixed: { ...client.tenant.administrator } } : {}),
    },
    {
      method: 'POST',
      path: `${paths.admin}/auth/logout`,
      query: {},
      isChanging: true,
      genuine: async () => ({ headers: { Authorization: `Bearer ${(await world.login()).token}` } }),
    },
    reading(`${paths.admin}/appointments`, {
      query: {
        page: 'page',
        limit: 'limit',
        status: 'status',
        date_from: 'date',
        date_to: 'date',
        customer_id: 'uuid',
      },
    }),
    reading(`${paths.admin}/appointments/{id}`, { parameters: ids.appointment }),
    ofEntity('PUT', '/appointments/{id}', 'appointment', { ...appointmentBody(world), encoding: 'json' }),
    reading(`${paths.admin}/customers`, { query: { page: 'page', limit: 'limit' } }),
    reading(`${paths.admin}/customers/{id}`, { parameters: ids.customer }),
    ofEntity('DELETE', '/customers/{id}', 'customer'),
    reading(`${paths.admin}/customers/{id}/export`, { parameters: ids.customer }),
    {
      ...ofEntity('PUT', '/customers/{id}/consent', 'customer', { shape: bodyShapes.consent, encoding: 'json' }),
      isRepeatable: true,
    },
    reading(`${paths.admin}/metrics`),
    reading(`${paths.admin}/dashboard`),
    reading(`${paths.admin}/audit-logs`, { query: { page: 'page', limit: 'limit' } }),
    {
      method: 'PUT',
      path: `${paths.admin}/integrations/{provider}`,
      query: {},
      isChanging: true,
      body: { shape: bodyShapes.integration, encoding: 'json' },
      genuine: async () => ({ parameters: { provider: 'calendly' }, headers: admin() }),
    },
    {
      method: 'POST',
      path: `${paths.admin}/messages`,
      query: {},
      isChanging: true,
      body: { shape: bodyShapes.message, encoding: 'json' },
      genuine: async (which) => ({ headers: admin(), fixed: { customerId: (await entityFor(which)).customerId } }),
    },
    reading(`${paths.admin}/dead-letters`, { query: { page: 'page', limit: 'limit' } }),
    {
      method: 'POST',
      path: `${paths.admin}/dead-letters/{id}/replay`,
      query: {},
      isChanging: true,
      genuine: async () => ({ parameters: { id: await world.deadLetterId() }, headers: admin() }),
    },
    reading(`${paths.admin}/circuit-breakers`),
  ]
}

function appointmentBody(world: World): Pick<NonNullable<RouteModel['body']>, 'shape' | 'content'> {
  const { timeField } = world
  const status: JsonShape = { type: 'string', enum: appointmentStates }
  const time: JsonShape = { type: 'string', format: 'date-time' }
  const properties = timeField === undefined ? { status } : { status, [timeField]: time }
  return {
    shape: { type: 'object', properties, required: [] },
    content: fc.constantFrom('confirmed', 'cancelled', 'no_show', 'in_progress').map((state) => ({ status: state })),
  }
}

const requireAll = (shape: JsonShape): JsonShape => ({ ...shape, required: Object.keys(shape.properties ?? {}) })

function commandRoute({ client }: World): RouteModel {
  const payload = shapeOfSample(client.subject.command.payload)
  const { properties = {}, required = [] } = bodyShapes.command
  const shape: JsonShape = { type: 'object', properties: { ...properties, payload }, required }
  return {
    method: 'POST',
    path: client.subject.paths.commands,
    query: {},
    ownHeaders: ['Idempotency-Key'],
    isChanging: true,
    body: {
      shape,
      encoding: 'json',
      content: fc
        .record({ payload: completely(payload), requestedBy: validValues({ type: 'string', format: 'person-name' }) })
        .map(({ payload: made, requestedBy }) => ({ payload: made, metadata: { requestedBy } })),
    },
    async genuine() {
      const { headers, body } = client.makeCommand()
      const { payload: _payload, metadata, ...fixed } = body
      return { headers, fixed: { ...fixed, metadata: { requestedAt: metadata.requestedAt } } }
    },
  }
}

/** Valid values with every property there is. */
function completely(shape: JsonShape): fc.Arbitrary<unknown> {
  if (shape.type !== 'object') return validValues(shape)
  return fc.record(
    Object.fromEntries(Object.entries(shape.properties ?? {}).map(([name, inner]) => [name, completely(inner)])),
  )
}

function webhooks({ client, existing }: World): RouteModel[] {
  const { paths } = client.subject
  const form: JsonShape = {
    type: 'object',
    properties: Object.fromEntries(
      ['MessageSid', 'AccountSid', 'From', 'To', 'Body'].map((name) => [name, { type: 'string' as const }]),
    ),
    required: ['MessageSid', 'From'],
  }
  const parse = (body: string): Record<string, unknown> => JSON.parse(body) as Record<string, unknown>
  return [
    {
      method: 'POST',
      path: paths.calendlyWebhook,
      query: {},
      isChanging: true,
      body: { shape: bodyShapes.calendly, encoding: 'json', isSignedBy: 'calendly' },
      async genuine() {
        const { event_id: eventId, data } = parse(calendlyMessage(makeBooking()).body)
        const { appointment_id: appointmentId, service_type: serviceType } = data as Record<string, unknown>
        return {
          headers: json,
          fixed: { event_id: eventId, data: { appointment_id: appointmentId, service_type: serviceType } },
        }
      },
    },
    {
      method: 'POST',
      path: paths.stripeWebhook,
      query: {},
      isChanging: true,
      body: { shape: bodyShapes.stripe, encoding: 'json', isSignedBy: 'stripe' },
      genuine: async () => ({
        headers: json,
        fixed: parse(stripeMessage({ appointmentId: `appointment-${randomUUID()}` }).body),
      }),
    },
    {
      method: 'POST',
      path: paths.smsWebhook,
      query: {},
      isChanging: true,
      body: {
        shape: form,
        encoding: 'form',
        isSignedBy: 'twilio',
        content: fc
          .constantFrom('When do you open?', 'Où ça ? 👍', 'Is it at 9 & not 10 + 5 %?')
          .map((Body) => ({ Body })),
      },
      genuine: async (which) => ({
        headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
        fixed: formOf(
          smsMessage(client.tenant, {
            from: which === 'existing' ? existing.booking.person.phone : makePerson().phone,
            body: '',
            messageSid: `SM${randomBytes(16).toString('hex')}`,
          }).body,
        ),
      }),
    },
  ]
}

function formOf(body: string): Record<string, string> {
  const { Body: _body, ...fields } = Object.fromEntries(new URLSearchParams(body))
  return fields
}
