import type { LoadPlanInput } from '../load/plan.ts'
import type { AroClient } from '../subject/client.ts'

type RequestInput = LoadPlanInput['scenarios'][number]['requests'][number]

/** What exists for the load to work on; each list is used up one by one, so that every request is a genuine one. */
export interface Stock {
  token: string
  customers: readonly string[]
  appointments: readonly string[]
  customersToText: readonly string[]
  customersToErase: readonly string[]
  appointmentsToConfirm: readonly string[]
  tokensToEnd: readonly string[]
  deadLetters: readonly string[]
  command: { id: string; workflowId: string }
  subscriptionId: string
}

/** A route of the mix: how often it is asked for, compared with the others, and how. */
interface MixedRoute {
  name: string
  weight: number
  make(client: AroClient, stock: Stock): Omit<RequestInput, 'name' | 'weight'>
}

const each = (values: readonly string[]): string => `{{each:${values.join('|')}}}`
const json = { 'Content-Type': 'application/json' }

const admin = (
  method: string,
  name: string,
  weight: number,
  ask: (stock: Stock, client: AroClient) => AdminRequest,
): MixedRoute => ({
  name: `${method} ${name}`,
  weight,
  make(client, stock) {
    const { path, body, token = stock.token, statuses = [200] } = ask(stock, client)
    return {
      method: method as RequestInput['method'],
      url: `${client.url}${client.subject.paths.admin}${path}`,
      headers: {
        ...(token === '' ? {} : { Authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : json),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      expectedStatuses: statuses,
    }
  },
})

interface AdminRequest {
  path: string
  body?: unknown
  token?: string
  statuses?: number[]
}

const service = (
  method: RequestInput['method'],
  name: string,
  ask: (
    client: AroClient,
    stock: Stock,
  ) => { path: string; body?: unknown; headers?: Record<string, string>; statuses?: number[] },
): MixedRoute => ({
  name: `${method} ${name}`,
  weight: 1,
  make(client, stock) {
    const { path, body, headers = {}, statuses = [200] } = ask(client, stock)
    return {
      method,
      url: `${client.url}${path}`,
      headers: { ...client.serviceHeaders(), ...(body === undefined ? {} : json), ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      expectedStatuses: statuses,
    }
  },
})

/** Every route of the contract's admin, Command and Event API, in the words of the contract. */
export const mixedRoutes: readonly MixedRoute[] = [
  admin('GET', '/appointments', 2, () => ({ path: '/appointments?page=1&limit=50' })),
  admin('GET', '/appointments/{id}', 1, ({ appointments }) => ({ path: `/appointments/${each(appointments)}` })),
  admin('PUT', '/appointments/{id}', 1, ({ appointmentsToConfirm }) => ({
    path: `/appointments/${each(appointmentsToConfirm)}`,
    body: { status: 'confirmed' },
  })),
  admin('GET', '/customers', 2, () => ({ path: '/customers' })),
  admin('GET', '/customers/{id}', 1, ({ customers }) => ({ path: `/customers/${each(customers)}` })),
  admin('GET', '/customers/{id}/export', 1, ({ customers }) => ({ path: `/customers/${each(customers)}/export` })),
  admin('PUT', '/customers/{id}/consent', 1, ({ customers }) => ({
    path: `/customers/${each(customers)}/consent`,
    body: { granted: true, method: 'written' },
  })),
  admin('DELETE', '/customers/{id}', 0.5, ({ customersToErase }) => ({
    path: `/customers/${each(customersToErase)}`,
    statuses: [200, 202, 204],
  })),
  admin('GET', '/metrics', 1, () => ({ path: '/metrics' })),
  admin('GET', '/dashboard', 1, () => ({ path: '/dashboard' })),
  admin('GET', '/audit-logs', 1, () => ({ path: '/audit-logs' })),
  admin('GET', '/dead-letters', 1, () => ({ path: '/dead-letters' })),
  admin('GET', '/circuit-breakers', 1, () => ({ path: '/circuit-breakers' })),
  admin('POST', '/messages', 1, ({ customersToText }) => ({
    path: '/messages',
    body: { customerId: each(customersToText), body: 'Your clinic is open tomorrow.' },
    statuses: [202],
  })),
  admin('POST', '/dead-letters/{id}/replay', 0.5, ({ deadLetters }) => ({
    path: `/dead-letters/${each(deadLetters)}/replay`,
    statuses: [202],
  })),
  // its own key again, since the calls to this provider go on
  admin('PUT', '/integrations/{provider}', 1, (_stock, { tenant }) => ({
    path: '/integrations/stripe',
    body: { apiKey: tenant.stripeApiKey },
  })),
  admin('POST', '/auth/login', 0.3, (_stock, { tenant }) => ({
    path: '/auth/login',
    body: tenant.administrator,
    token: '',
  })),
  admin('POST', '/auth/logout', 0.3, ({ tokensToEnd }) => ({
    path: '/auth/logout',
    token: each(tokensToEnd),
    statuses: [200, 202, 204],
  })),
  service('POST', 'commands', (client) => {
    const { body } = client.makeCommand()
    return {
      path: client.subject.paths.commands,
      body: { ...body, commandId: '{{uuid}}', aggregate: { ...body.aggregate, id: '{{uuid}}' } },
      headers: { 'Idempotency-Key': '{{uuid}}' },
      statuses: [202],
    }
  }),
  service('GET', 'commands/{commandId}', ({ subject }, { command }) => ({
    path: `${subject.paths.commands}/${command.id}`,
  })),
  service('GET', 'workflows/{workflowId}', ({ subject }, { command }) => ({
    path: `${subject.paths.workflows}/${command.workflowId}`,
  })),
  service('GET', 'events', ({ subject }) => ({ path: `${subject.paths.events}?limit=50` })),
  service('POST', 'subscriptions', ({ subject }) => ({
    path: subject.paths.subscriptions,
    body: subject.subscription,
    statuses: [200, 201, 202],
  })),
  service('POST', 'subscriptions/{id}/replay', ({ subject }, { subscriptionId }) => ({
    path: `${subject.paths.subscriptions}/${subscriptionId}/replay`,
    body: {},
    statuses: [200, 202],
  })),
]
