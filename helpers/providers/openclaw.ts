import { randomUUID } from 'node:crypto'
import { http, HttpResponse } from 'msw'
import type { RequestHandler } from 'msw'
import type { ProviderWorld } from './handlers.ts'

const base = 'https://executor.openclaw.example/v1'

/** The OpenClaw executor: runs a skill that the core has authorised and tells its outcome. */
export function openclawHandlers({ tenants }: ProviderWorld): RequestHandler[] {
  const runs = new Map<string, Record<string, unknown>>()
  const byIdempotencyKey = new Map<string, Record<string, unknown>>()
  const isAuthorised = (request: Request): boolean =>
    tenants.some(({ openclawApiKey }) => request.headers.get('authorization') === `Bearer ${openclawApiKey}`)
  const failure = (status: number, code: string): Response =>
    HttpResponse.json({ error: { code, message: code } }, { status })
  return [
    http.post<{ skill: string }>(`${base}/skills/:skill/runs`, async ({ request, params }) => {
      if (!isAuthorised(request)) return failure(401, 'UNAUTHORIZED')
      const key = request.headers.get('idempotency-key')
      const known = key === null ? undefined : byIdempotencyKey.get(key)
      if (known !== undefined) return HttpResponse.json(known)
      const input: unknown = await request.json().catch(() => null)
      const runId = randomUUID()
      const run = {
        runId,
        skill: params.skill,
        status: 'completed',
        outcome: { result: 'ok' },
        input,
        finishedAt: new Date().toISOString(),
      }
      runs.set(runId, run)
      if (key !== null) byIdempotencyKey.set(key, run)
      return HttpResponse.json(run)
    }),
    http.get<{ id: string }>(`${base}/runs/:id`, ({ request, params }) => {
      if (!isAuthorised(request)) return failure(401, 'UNAUTHORIZED')
      const run = runs.get(params.id)
      return run === undefined ? failure(404, 'NOT_FOUND') : HttpResponse.json(run)
    }),
  ]
}
