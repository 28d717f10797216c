import type { CarriedBody } from '../../attacks/broken-bodies.ts'
import { signBytes } from '../../subject/deliveries.ts'
import type { AroClient } from '../../subject/client.ts'
import type { Genuine, RouteModel } from './routes.ts'

/** A request as it goes out. */
export interface WireRequest {
  method: string
  path: string
  headers: Record<string, string>
  bytes: Buffer | undefined
}

/** What is put in the place of a genuine request's parts. */
export interface Alteration {
  /** Of the path's part that varies, as it stands in the path. */
  parameter?: string
  /** Without the question mark. */
  query?: string
  body?: CarriedBody
  headers?: Record<string, string>
}

/** Puts a request together; what was generated stands where nothing has to be as given. */
export function assemble(
  route: RouteModel,
  genuine: Genuine,
  content: Record<string, unknown>,
): Record<string, unknown> {
  return merge(content, { ...genuine.fixed })
}

/** Lays the second over the first, object by object. */
function merge(first: Record<string, unknown>, second: Record<string, unknown>): Record<string, unknown> {
  const merged: Record<string, unknown> = { ...first }
  for (const [name, value] of Object.entries(second)) {
    const earlier = merged[name]
    merged[name] = isRecord(earlier) && isRecord(value) ? merge(earlier, value) : value
  }
  return merged
}

/** Whether a value is an object that is no array. */
export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** A copy with one field set, or left out where the value is undefined. */
export function withField(
  json: Record<string, unknown>,
  path: readonly string[],
  value: unknown,
): Record<string, unknown> {
  const [first, ...rest] = path
  if (first === undefined) return json
  const inner = json[first]
  const next = rest.length === 0 ? value : withField(isRecord(inner) ? inner : {}, rest, value)
  const { [first]: _replaced, ...others } = json
  return next === undefined ? others : { ...others, [first]: next }
}

/** Writes JSON with the fields in their given order; a number beyond all bounds stays one. */
function encode(route: RouteModel, json: Record<string, unknown>): CarriedBody {
  if (route.body?.encoding !== 'form')
    return { bytes: Buffer.from(JSON.stringify(json)), contentType: 'application/json' }
  const fields = Object.entries(json).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).map((one): [string, string] => [
      name,
      typeof one === 'string' ? one : JSON.stringify(one),
    ]),
  )
  return {
    bytes: Buffer.from(new URLSearchParams(fields).toString()),
    contentType: 'application/x-www-form-urlencoded',
  }
}

/** The request with its headers, and with the signature that its provider would give it. */
export function write(
  client: AroClient,
  route: RouteModel,
  genuine: Genuine,
  json: Record<string, unknown> | undefined,
  { parameter, query, body, headers: odd = {} }: Alteration,
  now: () => number,
): WireRequest {
  const carried = body ?? (json === undefined || route.body === undefined ? undefined : encode(route, json))
  const filled = route.path.replaceAll(
    /\{(\w+)\}/g,
    (_whole, name: string) => parameter ?? encodeURIComponent(genuine.parameters?.[name] ?? ''),
  )
  const headers: Record<string, string> = {
    ...genuine.headers,
    ...(carried === undefined ? {} : { 'Content-Type': carried.contentType }),
  }
  const source = route.body?.isSignedBy
  if (source !== undefined) {
    const { signatureHeader, signature } = signBytes(source, carried?.bytes ?? '', {
      subject: client.subject,
      tenant: client.tenant,
      url: client.url,
      at: Math.floor(now() / 1000),
    })
    headers[signatureHeader] = signature
  }
  return {
    method: route.method,
    path: query === undefined ? filled : `${filled}?${query}`,
    headers: { ...headers, ...odd },
    bytes: carried?.bytes,
  }
}
