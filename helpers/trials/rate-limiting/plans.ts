import { randomUUID } from 'node:crypto'
import { plainDelivery } from '../../attacks/genuine-deliveries.ts'
import { adminRoutes } from '../../subject/admin-routes.ts'
import type { AdminSubjects } from '../../subject/admin-routes.ts'
import type { Administrator } from '../../subject/administrator.ts'
import type { AroClient } from '../../subject/client.ts'
import type { Delivery, WebhookSource } from '../../subject/deliveries.ts'
import type { Subject } from '../../subject/subject.ts'
import type { LimitedRequest, LimitPlan } from './burst.ts'

/** The limit of the admin API: 100 requests in 15 minutes, whichever routes they go to. */
export function adminPlan(
  subject: Subject,
  sessions: { one: Administrator; again: Administrator; other: Administrator },
  existing: AdminSubjects,
  now: () => number,
): LimitPlan {
  const { admin } = subject.paths
  const authorised = ({ token }: Administrator, request: LimitedRequest): LimitedRequest => ({
    ...request,
    path: `${admin}${request.path}`,
    headers: {
      Authorization: `Bearer ${token}`,
      ...(request.body === undefined ? {} : { 'Content-Type': 'application/json' }),
    },
  })
  const routes = adminRoutes(existing)
  const readings = routes.filter(({ isChanging }) => !isChanging)
  let count = 0
  const next = (session: Administrator): LimitedRequest => {
    const { method, path } = readings[(count += 1) % readings.length] ?? { method: 'GET', path: '/appointments' }
    return authorised(session, { method, path })
  }
  const plain = (session: Administrator): LimitedRequest => authorised(session, { path: '/appointments' })
  return {
    name: 'admin API',
    limit: 100,
    windowSeconds: 900,
    now,
    // a login more does not make another client
    make: () => next(count % 2 === 0 ? sessions.one : sessions.again),
    makeWithoutCredentials: () => ({ path: `${admin}/appointments` }),
    routes: [
      ...routes.map(({ name, method, path, body }) => ({
        name,
        request: authorised(sessions.one, { method, path, ...(body === undefined ? {} : { body }) }),
      })),
      {
        name: 'POST /auth/login',
        request: {
          method: 'POST',
          path: `${admin}/auth/login`,
          headers: { 'Content-Type': 'application/json' },
          body: sessions.one.tenant.administrator,
        },
      },
      ...subject.routes
        .filter(({ path }) => path.startsWith(admin))
        .map(({ method, path }) => ({
          name: `${method} ${path}`,
          request: authorised(sessions.one, { method, path: filledIn(path.slice(admin.length)) }),
        })),
      { name: 'POST /auth/logout', request: authorised(sessions.again, { method: 'POST', path: '/auth/logout' }) },
    ],
    isForEachClient: true,
    makeForOther: () => plain(sessions.other),
  }
}

/** The window of the webhooks' limit. */
export const webhookWindowSeconds = 60

/** The limit of one webhook: 60 a minute. */
export function webhookPlan(own: AroClient, source: WebhookSource, now: () => number): LimitPlan {
  const genuine = (client: AroClient): Delivery =>
    client.sign(plainDelivery[source](client), { at: Math.floor(now() / 1000) })
  const requestOf = (delivery: Delivery, headers: Record<string, string>): LimitedRequest => ({
    method: 'POST',
    path: delivery.path,
    headers: { 'Content-Type': delivery.contentType, 'X-Correlation-Id': delivery.correlationId, ...headers },
    body: delivery.body,
  })
  const make = (client: AroClient): LimitedRequest => {
    const delivery = genuine(client)
    return requestOf(delivery, { [delivery.signatureHeader]: delivery.signature })
  }
  return {
    name: `${source} webhook`,
    limit: 60,
    windowSeconds: webhookWindowSeconds,
    now,
    make,
    makeWithoutCredentials: (client) => requestOf(genuine(client), {}),
    routes: [{ name: `${source} webhook`, request: make(own) }],
    isForEachClient: false,
    makeForOther: make,
  }
}

/** The limit of the Command and Event API, as the owner declares it. */
export function servicePlan(client: AroClient, now: () => number): LimitPlan {
  const { paths, rateLimits } = client.subject
  const anything = randomUUID()
  const headers = client.serviceHeaders()
  const json = { ...headers, 'Content-Type': 'application/json' }
  const command = client.makeCommand()
  const events = `${paths.events}?limit=1`
  return {
    name: 'Command and Event API',
    limit: rateLimits.service.requests,
    windowSeconds: rateLimits.service.windowSeconds,
    now,
    make: () => ({ path: events, headers }),
    makeWithoutCredentials: () => ({ path: events }),
    routes: [
      { name: 'GET events', request: { path: events, headers } },
      {
        name: 'POST commands',
        request: { method: 'POST', path: paths.commands, headers: command.headers, body: command.body },
      },
      { name: 'GET commands/{commandId}', request: { path: `${paths.commands}/${anything}`, headers } },
      { name: 'GET workflows/{workflowId}', request: { path: `${paths.workflows}/${anything}`, headers } },
      {
        name: 'POST subscriptions',
        request: { method: 'POST', path: paths.subscriptions, headers: json, body: client.subject.subscription },
      },
      {
        name: 'POST subscriptions/{id}/replay',
        request: { method: 'POST', path: `${paths.subscriptions}/${anything}/replay`, headers: json, body: {} },
      },
    ],
    isForEachClient: true,
    makeForOther: () => ({ path: events, headers: client.serviceHeaders(client.otherTenant) }),
  }
}

/** Puts something in the place of each part of a path that varies. */
const filledIn = (path: string): string => path.replaceAll(/\{[^}]*\}/g, () => randomUUID())

/** Plans for the owner's own routes outside the admin, Command and Event API. @throws when one lacks its limit. */
export function ownPlans({ routes, paths }: Subject, now: () => number): LimitPlan[] {
  const limited = [paths.admin, paths.commands, paths.workflows, paths.events, paths.subscriptions]
  return routes
    .filter(({ path }) => !limited.some((prefix) => path.startsWith(prefix)))
    .map(({ method, path, limit }) => {
      if (limit === undefined)
        throw new Error(
          `The route ${method} ${path} of the subject file has no limit: add limit: { requests, windowSeconds }.`,
        )
      return ownPlan(method, path, limit, now)
    })
}

function ownPlan(
  method: string,
  path: string,
  limit: { requests: number; windowSeconds: number },
  now: () => number,
): LimitPlan {
  const make = (): LimitedRequest => ({ method, path: filledIn(path) })
  return {
    name: `${method} ${path}`,
    limit: limit.requests,
    windowSeconds: limit.windowSeconds,
    now,
    make,
    makeWithoutCredentials: make,
    routes: [{ name: `${method} ${path}`, request: make() }],
    isForEachClient: true,
    makeForOther: make,
  }
}
