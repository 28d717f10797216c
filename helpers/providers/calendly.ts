import { randomUUID } from 'node:crypto'
import { http, HttpResponse } from 'msw'
import type { RequestHandler } from 'msw'
import type { ProviderWorld } from './handlers.ts'

const base = 'https://api.calendly.com'

/** Calendly's API v2 as far as a booking integration asks it. */
export function calendlyHandlers({ tenants }: ProviderWorld): RequestHandler[] {
  const isAuthorised = (request: Request): boolean =>
    tenants.some(({ calendlyApiKey }) => request.headers.get('authorization') === `Bearer ${calendlyApiKey}`)
  const unauthenticated = (): Response =>
    HttpResponse.json({ title: 'Unauthenticated', message: 'The access token is invalid' }, { status: 401 })
  const get = (path: string, answer: (id: string) => Record<string, unknown>): RequestHandler =>
    http.get<{ id?: string }>(`${base}${path}`, ({ request, params }) =>
      isAuthorised(request) ? HttpResponse.json(answer(params.id ?? '')) : unauthenticated(),
    )
  const pagination = {
    count: 0,
    next_page: null,
    next_page_token: null,
    previous_page: null,
    previous_page_token: null,
  }
  const event = (id: string): Record<string, unknown> => ({
    uri: `${base}/scheduled_events/${id}`,
    name: 'Consultation',
    status: 'active',
    start_time: new Date(Date.now() + 864e5).toISOString(),
    end_time: new Date(Date.now() + 882e5).toISOString(),
  })
  return [
    get('/users/me', () => ({
      resource: { uri: `${base}/users/${randomUUID()}`, name: 'Clinic', timezone: 'America/New_York' },
    })),
    get('/scheduled_events', () => ({ collection: [], pagination })),
    get('/scheduled_events/:id', (id) => ({ resource: event(id) })),
    get('/scheduled_events/:id/invitees', () => ({ collection: [], pagination })),
    get('/webhook_subscriptions', () => ({ collection: [], pagination })),
    http.post(`${base}/webhook_subscriptions`, async ({ request }) => {
      if (!isAuthorised(request)) return unauthenticated()
      const wanted = (await request.json()) as Record<string, unknown>
      const uri = `${base}/webhook_subscriptions/${randomUUID()}`
      return HttpResponse.json(
        { resource: { uri, state: 'active', callback_url: wanted.url, events: wanted.events } },
        { status: 201 },
      )
    }),
    http.post<{ id: string }>(`${base}/scheduled_events/:id/cancellation`, ({ request, params }) =>
      isAuthorised(request)
        ? HttpResponse.json(
            { resource: { canceled_by: 'host', reason: null, event: event(params.id).uri } },
            { status: 201 },
          )
        : unauthenticated(),
    ),
  ]
}
