import { randomInt } from 'node:crypto'
import { Agent } from 'node:http'
import { Agent as SecureAgent } from 'node:https'
import supertest from 'supertest'
import type { Response } from 'supertest'

/** One HTTP request to the subject. */
export interface SubjectRequest {
  url: string
  path: string
  method?: string
  headers?: Record<string, string | string[]>
  /** Sent as it is when it is a text or bytes; anything else as JSON. */
  body?: unknown
  /** Loopback address to send from; by default another one each time, since the contract limits rates for each client. */
  from?: string
  timeoutMilliseconds?: number
  /** Whether the certificate of an https address has to be genuine; it has to unless told otherwise. */
  isCertificateChecked?: boolean
}

/** What the subject answered. */
export interface Answer {
  status: number
  headers: Record<string, string>
  text: string
  /** The body when it parses as JSON, otherwise undefined. */
  json: unknown
  durationMilliseconds: number
  /** Milliseconds since the epoch when the request was sent. */
  sentAt: number
}

/** A loopback address that is as good as unique: 127.1.0.1 to 127.254.255.254. */
export function clientAddress(): string {
  return `127.${randomInt(1, 255)}.${randomInt(0, 256)}.${randomInt(1, 255)}`
}

/**
 * Sends one request on a connection of its own and waits for the whole answer; redirects are not followed.
 * @throws on refused or reset connections and after `timeoutMilliseconds` (10 s), naming the method, path and cause.
 */
export async function request(options: SubjectRequest): Promise<Answer> {
  const method = options.method ?? 'GET'
  const connection = { localAddress: options.from ?? clientAddress(), keepAlive: false }
  const agent = options.url.startsWith('https:')
    ? new SecureAgent({ ...connection, rejectUnauthorized: options.isCertificateChecked ?? true })
    : new Agent(connection)
  const startedAt = performance.now()
  const sentAt = Date.now()
  try {
    const call = createCall(options, method)
      .agent(agent)
      .redirects(0)
      .ok(() => true)
      .buffer(true)
      .parse(collectBytes)
      .timeout({ deadline: options.timeoutMilliseconds ?? 10_000 })
    for (const [name, value] of Object.entries(options.headers ?? {})) {
      // superagent's types know one value for each header; node sends an array as repeated header lines
      call.set(name, value as string)
    }
    const response = await (options.body === undefined ? call : call.serialize(asSent).send(wire(options.body)))
    const text = Buffer.isBuffer(response.body) ? response.body.toString('utf8') : ''
    return {
      status: response.status,
      headers: response.headers,
      text,
      json: parseJson(text),
      durationMilliseconds: performance.now() - startedAt,
      sentAt,
    }
  } catch (error) {
    throw new Error(`${method} ${options.path}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    })
  } finally {
    agent.destroy()
  }
}

function createCall(options: SubjectRequest, method: string): supertest.Test {
  const factory = supertest(options.url)
  const name = method.toLowerCase()
  const methods: Record<string, (path: string) => supertest.Test> = {
    get: (path) => factory.get(path),
    head: (path) => factory.head(path),
    post: (path) => factory.post(path),
    put: (path) => factory.put(path),
    patch: (path) => factory.patch(path),
    delete: (path) => factory.delete(path),
    options: (path) => factory.options(path),
  }
  const create = methods[name]
  if (create === undefined) throw new Error(`expected one of ${Object.keys(methods).join(', ')}, got ${method}`)
  return create(options.path)
}

const asSent = (body: unknown): string => body as string

function wire(body: unknown): string {
  if (Buffer.isBuffer(body) || typeof body === 'string') return body as string
  return JSON.stringify(body)
}

function collectBytes(response: Response, done: (error: Error | null, body: unknown) => void): void {
  const chunks: Buffer[] = []
  response.on('data', (chunk: Buffer | string) => chunks.push(Buffer.from(chunk)))
  response.on('end', () => done(null, Buffer.concat(chunks)))
  response.on('error', (error: Error) => done(error, Buffer.concat(chunks)))
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
