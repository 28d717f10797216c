import { randomBytes } from 'node:crypto'
import { http, HttpResponse } from 'msw'
import type { RequestHandler } from 'msw'
import type { ProviderWorld } from './handlers.ts'

const base = 'https://api.stripe.com/v1'

/** The resources that deposit links are made of, and the prefix of their ids. */
const resources = {
  'checkout/sessions': { object: 'checkout.session', prefix: 'cs_test_' },
  payment_links: { object: 'payment_link', prefix: 'plink_' },
  payment_intents: { object: 'payment_intent', prefix: 'pi_' },
  customers: { object: 'customer', prefix: 'cus_' },
  products: { object: 'product', prefix: 'prod_' },
  prices: { object: 'price', prefix: 'price_' },
  refunds: { object: 'refund', prefix: 're_' },
}

/** Stripe's API for deposits; a repeated Idempotency-Key gets the first answer again, as Stripe documents it. */
export function stripeHandlers({ tenants }: ProviderWorld): RequestHandler[] {
  const made = new Map<string, Record<string, unknown>>()
  const byIdempotencyKey = new Map<string, Record<string, unknown>>()
  const isAuthorised = (request: Request): boolean => {
    const header = request.headers.get('authorization') ?? ''
    return tenants.some(
      ({ stripeApiKey }) => header === `Bearer ${stripeApiKey}` || header === `Basic ${btoa(`${stripeApiKey}:`)}`,
    )
  }
  const failure = (status: number, type: string, message: string): Response =>
    HttpResponse.json(
      { error: { type, message } },
      { status, headers: { 'request-id': `req_${randomBytes(7).toString('hex')}` } },
    )
  return Object.entries(resources).flatMap(([path, { object, prefix }]) => [
    http.post(`${base}/${path}`, async ({ request }) => {
      if (!isAuthorised(request)) return failure(401, 'invalid_request_error', 'Invalid API Key provided')
      const key = request.headers.get('idempotency-key')
      const known = key === null ? undefined : byIdempotencyKey.get(`${path} ${key}`)
      if (known !== undefined) return HttpResponse.json(known, { headers: { 'idempotent-replayed': 'true' } })
      const form = Object.fromEntries(new URLSearchParams(await request.text()))
      const id = `${prefix}${randomBytes(12).toString('hex')}`
      const resource = {
        id,
        object,
        livemode: false,
        created: Math.floor(Date.now() / 1000),
        ...extraFields(object, id),
        ...plain(form),
      }
      made.set(id, resource)
      if (key !== null) byIdempotencyKey.set(`${path} ${key}`, resource)
      return HttpResponse.json(resource)
    }),
    http.get<{ id: string }>(`${base}/${path}/:id`, ({ request, params }) => {
      if (!isAuthorised(request)) return failure(401, 'invalid_request_error', 'Invalid API Key provided')
      const resource = made.get(params.id)
      return resource === undefined
        ? failure(404, 'invalid_request_error', `No such ${object}: '${params.id}'`)
        : HttpResponse.json(resource)
    }),
  ])
}

const extraFields = (object: string, id: string): Record<string, unknown> =>
  object === 'checkout.session' || object === 'payment_link'
    ? { url: `https://checkout.stripe.com/c/pay/${id}`, payment_status: 'unpaid', status: 'open' }
    : object === 'payment_intent'
      ? { client_secret: `${id}_secret_${randomBytes(8).toString('hex')}`, status: 'requires_payment_method' }
      : {}

/** Form fields that are no nested `a[b]`, which the resources above do not echo. */
const plain = (form: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(form).filter(([name]) => !name.includes('[')))
