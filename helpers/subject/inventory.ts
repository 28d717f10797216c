import { readRoutes } from '../source/routes.ts'
import type { Subject } from './subject.ts'

/** How a route is limited: the groups of the contract, the owner's own routes, and the probes, which answer at any time. */
export type RouteGroup = 'admin' | 'calendly' | 'stripe' | 'twilio' | 'service' | 'probe' | 'own'

/** A route that the subject is known to have. */
export interface InventoryRoute {
  method: string
  /** `{name}` for a part that varies. */
  path: string
  group: RouteGroup
}

/** Every route of the contract at this subject's paths, and those that its owner has declared. */
export function declaredRoutes({ paths, routes }: Pick<Subject, 'paths' | 'routes'>): InventoryRoute[] {
  const admin = (method: string, path: string): InventoryRoute => ({
    method,
    path: `${paths.admin}${path}`,
    group: 'admin',
  })
  const service = (method: string, path: string): InventoryRoute => ({ method, path, group: 'service' })
  return [
    ...[paths.health, paths.ready, paths.metrics].map((path) => ({ method: 'GET', path, group: 'probe' as const })),
    { method: 'POST', path: paths.calendlyWebhook, group: 'calendly' },
    { method: 'POST', path: paths.stripeWebhook, group: 'stripe' },
    { method: 'POST', path: paths.smsWebhook, group: 'twilio' },
    service('POST', paths.commands),
    service('GET', `${paths.commands}/{commandId}`),
    service('GET', `${paths.workflows}/{workflowId}`),
    service('GET', paths.events),
    service('POST', paths.subscriptions),
    service('POST', `${paths.subscriptions}/{id}/replay`),
    admin('POST', '/auth/login'),
    admin('POST', '/auth/logout'),
    admin('GET', '/appointments'),
    admin('GET', '/appointments/{id}'),
    admin('PUT', '/appointments/{id}'),
    admin('GET', '/customers'),
    admin('GET', '/customers/{id}'),
    admin('DELETE', '/customers/{id}'),
    admin('GET', '/customers/{id}/export'),
    admin('PUT', '/customers/{id}/consent'),
    admin('GET', '/metrics'),
    admin('GET', '/dashboard'),
    admin('GET', '/audit-logs'),
    admin('PUT', '/integrations/{provider}'),
    admin('POST', '/messages'),
    admin('GET', '/dead-letters'),
    admin('POST', '/dead-letters/{id}/replay'),
    admin('GET', '/circuit-breakers'),
    ...routes.map(({ method, path }) => ({ method, path, group: 'own' as const })),
  ]
}

/** What the three views of a subject's routes have that the others lack. */
export interface InventoryComparison {
  declared: number
  /** Source files that were read for routes, and routes found there. */
  sourceFiles: number
  inSource: number
  /** Null where the subject's framework does not tell what it serves. */
  atRunTime: number | null
  /** Routes that nobody declared. */
  undeclared: { route: string; where: string }[]
  /** Declared routes that the subject does not have. */
  missing: string[]
  /** Places in the source that register a route whose path is computed, and files that could not be read. */
  unread: string[]
}

// a framework serves these by itself beside what was registered
const impliedMethods = new Set(['HEAD', 'OPTIONS'])

/** Compares what is declared with what is in the source and with what the framework says it serves, as `GET /health`. */
export function compareInventory(subject: Subject, served: ReadonlySet<string>): InventoryComparison {
  const declared = declaredRoutes(subject)
  const source = readRoutes(subject.root)
  const shapes = declared.map(({ method, path }) => ({ method, shape: shapeOf(path) }))
  const isDeclared = (method: string, matches: (shape: string) => boolean): boolean =>
    shapes.some((one) => (method === 'ALL' || one.method === method) && matches(one.shape))
  const atRunTime = [...served].map((route) => {
    const [method = '', path = ''] = route.split(' ')
    return { route, method, shape: shapeOf(path) }
  })
  const registered = atRunTime.filter(({ method }) => !impliedMethods.has(method))
  const isInSource = ({ method, path }: InventoryRoute): boolean =>
    source.routes.some((one) => [method, 'ALL'].includes(one.method) && shapeOf(path).endsWith(shapeOf(one.path)))
  const isServed = ({ method, path }: InventoryRoute): boolean =>
    atRunTime.some((one) => one.method === method && one.shape === shapeOf(path))
  return {
    declared: declared.length,
    sourceFiles: source.files,
    inSource: source.routes.length,
    atRunTime: served.size === 0 ? null : registered.length,
    undeclared: [
      ...source.routes
        // written without the prefix under which it is registered
        .filter(({ method, path }) => !isDeclared(method, (shape) => shape.endsWith(shapeOf(path))))
        .map(({ method, path, where }) => ({ route: `${method} ${path}`, where })),
      ...registered
        .filter(({ method, shape }) => !isDeclared(method, (own) => own === shape))
        .map(({ route }) => ({ route, where: 'the framework’s own list' })),
    ],
    missing: declared
      .filter((route) => (served.size > 0 ? !isServed(route) : !isInSource(route)))
      .map(({ method, path }) => `${method} ${path}`),
    unread: [...source.computed, ...source.unreadable],
  }
}

/** A path without the names of its parts, in one spelling. */
export const shapeOf = (path: string): string => {
  const plain = path
    .replaceAll(/:\w+(?:\([^)]*\))?|\{[^}]*\}|\*\w*/g, '{}')
    .replace(/\/+$/, '')
    .toLowerCase()
  return plain === '' ? '/' : plain
}
