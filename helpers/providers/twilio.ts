import { randomBytes } from 'node:crypto'
import { http, HttpResponse } from 'msw'
import type { RequestHandler } from 'msw'
import type { ProviderWorld } from './handlers.ts'

const base = 'https://api.twilio.com/2010-04-01/Accounts'

/** Twilio's Messages resource, as its REST API documents it; asked twice with one idempotency key it sends once. */
export function twilioHandlers({ tenants, journal }: ProviderWorld): RequestHandler[] {
  const resources = new Map<string, Record<string, unknown>>()
  const byIdempotencyKey = new Map<string, Record<string, unknown>>()
  const isAuthorised = (request: Request, accountSid: string): boolean => {
    const tenant = tenants.find((candidate) => candidate.twilioAccountSid === accountSid)
    if (tenant === undefined) return false
    return request.headers.get('authorization') === `Basic ${btoa(`${accountSid}:${tenant.webhookSecrets.twilio}`)}`
  }
  const failure = (status: number, code: number, message: string): Response =>
    HttpResponse.json({ code, message, more_info: `https://www.twilio.com/docs/errors/${code}`, status }, { status })
  return [
    http.post<{ sid: string }>(`${base}/:sid/Messages.json`, async ({ request, params }) => {
      if (!isAuthorised(request, params.sid)) return failure(401, 20003, 'Authenticate')
      const form = new URLSearchParams(await request.text())
      const [to, from, body] = [form.get('To') ?? '', form.get('From') ?? '', form.get('Body') ?? '']
      if (!/^\+[1-9]\d{6,14}$/.test(to))
        return failure(400, 21211, `The 'To' number ${to} is not a valid phone number.`)
      if (from === '' && !form.has('MessagingServiceSid'))
        return failure(400, 21603, "A 'From' phone number is required.")
      if (body === '') return failure(400, 21602, 'Message body is required.')
      if (body.length > 1600)
        return failure(400, 21617, 'The concatenated message body exceeds the 1600 character limit.')
      const key = request.headers.get('idempotency-key') ?? request.headers.get('i-twilio-idempotency-token')
      const known = key === null ? undefined : byIdempotencyKey.get(`${params.sid} ${key}`)
      if (known !== undefined) return HttpResponse.json(known, { status: 201 })
      const resource = messageResource(params.sid, { to, from, body })
      resources.set(resource.sid, resource)
      if (key !== null) byIdempotencyKey.set(`${params.sid} ${key}`, resource)
      const at = performance.timeOrigin + performance.now()
      journal.addMessage({ sid: resource.sid, to, from, body, at, ...(key === null ? {} : { idempotencyKey: key }) })
      return HttpResponse.json(resource, { status: 201 })
    }),
    http.get<{ sid: string }>(`${base}/:sid/Messages.json`, ({ request, params }) => {
      if (!isAuthorised(request, params.sid)) return failure(401, 20003, 'Authenticate')
      const to = new URL(request.url).searchParams.get('To')
      const messages = [...resources.values()].filter(
        (resource) => resource.account_sid === params.sid && (to === null || resource.to === to),
      )
      return HttpResponse.json({
        messages,
        page: 0,
        page_size: 50,
        next_page_uri: null,
        uri: new URL(request.url).pathname,
      })
    }),
    http.get<{ sid: string; message: string }>(`${base}/:sid/Messages/:message`, ({ request, params }) => {
      if (!isAuthorised(request, params.sid)) return failure(401, 20003, 'Authenticate')
      const resource = resources.get(params.message.replace(/\.json$/, ''))
      return resource === undefined
        ? failure(404, 20404, 'The requested resource was not found')
        : HttpResponse.json(resource)
    }),
  ]
}

function messageResource(
  accountSid: string,
  { to, from, body }: { to: string; from: string; body: string },
): Record<string, unknown> & { sid: string } {
  const sid = `SM${randomBytes(16).toString('hex')}`
  const now = new Date().toUTCString()
  return {
    account_sid: accountSid,
    api_version: '2010-04-01',
    body,
    date_created: now,
    date_sent: null,
    date_updated: now,
    direction: 'outbound-api',
    error_code: null,
    error_message: null,
    from,
    messaging_service_sid: null,
    num_media: '0',
    num_segments: String(Math.ceil(body.length / 160)),
    price: null,
    price_unit: 'USD',
    sid,
    status: 'queued',
    subresource_uris: {},
    to,
    uri: `/2010-04-01/Accounts/${accountSid}/Messages/${sid}.json`,
  }
}
