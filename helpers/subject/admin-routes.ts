import type { Customer } from './administrator.ts'

/** A route of the admin API that asks for a token. */
export interface AdminRoute {
  /** As the contract writes it, below the admin API, e.g. `GET /customers/{id}`. */
  name: string
  method: string
  path: string
  body?: unknown
  /** Whether it names something that belongs to a tenant. */
  isOfTenant: boolean
  /** Whether a genuine request changes or removes something. */
  isChanging: boolean
}

/** What exists and can be asked for. */
export interface AdminSubjects {
  customer: Customer
  appointmentId: string
}

// no dead letter has this id: a caller who is let in is told so with 404
const nowhere = '00000000-0000-4000-8000-000000000000'

/** Every route of the contract's admin API but login and logout, each with a request that a live token may make. */
export function adminRoutes({ customer, appointmentId }: AdminSubjects): AdminRoute[] {
  const reading = (name: string, path: string, isOfTenant = false): AdminRoute => ({
    name: `GET ${name}`,
    method: 'GET',
    path,
    isOfTenant,
    isChanging: false,
  })
  const changing = (method: string, name: string, path: string, body?: unknown): AdminRoute => ({
    name: `${method} ${name}`,
    method,
    path,
    isOfTenant: true,
    isChanging: true,
    ...(body === undefined ? {} : { body }),
  })
  const ofCustomer = `/customers/${customer.id}`
  const consent = { granted: false, method: 'written' }
  return [
    reading('/appointments', '/appointments'),
    reading('/appointments/{id}', `/appointments/${appointmentId}`, true),
    reading('/customers', '/customers'),
    reading('/customers/{id}', ofCustomer, true),
    reading('/customers/{id}/export', `${ofCustomer}/export`, true),
    reading('/metrics', '/metrics'),
    reading('/dashboard', '/dashboard'),
    reading('/audit-logs', '/audit-logs'),
    reading('/dead-letters', '/dead-letters'),
    reading('/circuit-breakers', '/circuit-breakers'),
    changing('PUT', '/appointments/{id}', `/appointments/${appointmentId}`, { status: 'cancelled' }),
    changing('PUT', '/customers/{id}/consent', `${ofCustomer}/consent`, consent),
    changing('POST', '/messages', '/messages', { customerId: customer.id, body: 'Your clinic is open tomorrow.' }),
    changing('POST', '/dead-letters/{id}/replay', `/dead-letters/${nowhere}/replay`),
    {
      ...changing('PUT', '/integrations/{provider}', '/integrations/llm', { apiKey: 'llm_forged_key_0001' }),
      isOfTenant: false,
    },
    changing('DELETE', '/customers/{id}', ofCustomer),
  ]
}
