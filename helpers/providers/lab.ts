import { createServer as createHttpServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Socket } from 'node:net'
import type { SecureContext, TLSSocket } from 'node:tls'
import { fileURLToPath } from 'node:url'
import { providerNames } from '../subject/facilities.ts'
import type { ProviderName, Tenant } from '../subject/facilities.ts'
import type { Fault } from '../faults/fault.ts'
import { makeAuthority } from './authority.ts'
import { makeClock } from './clock.ts'
import type { MovableClock } from './clock.ts'
import { openControlChannel } from './control-channel.ts'
import type { ClosedProcess } from './control-channel.ts'
import { openExchange, readBody } from './exchange.ts'
import { makeHandlers, providerAt, providerHosts } from './handlers.ts'
import { Journal } from './journal.ts'
import { makeInspector } from './prototypes.ts'
import type { PrototypeInspector } from './prototypes.ts'
import { ProviderFaults } from './provider-fault.ts'
import type { ProviderFault } from './provider-fault.ts'

/** A call by the subject to somebody that no provider is known to be; it was refused. */
export interface Escape {
  host: string
  port: number
  what: string
}

/** The outside world of the subject: its providers on loopback, with real sockets, real TLS, and faults. */
export interface ProviderLab extends AsyncDisposable {
  /** Plain-HTTP addresses of the providers, for subjects that take them from their environment. */
  urls: Record<ProviderName, string>
  /** Reroutes a Node subject's connections to the lab and makes it trust the lab's certificates. */
  environment: Record<string, string>
  /** The same, with a clock that {@link MovableClock} moves. */
  environmentWithClock: Record<string, string>
  journal: Journal
  escapes: readonly Escape[]
  clock: MovableClock
  prototypes: PrototypeInspector
  /** Routes that the subject's framework says it serves, as `GET /health`; empty for a framework that does not tell. */
  routes: ReadonlySet<string>
  /** Processes and workers of the subject that have loaded the preload. */
  processes: readonly ClosedProcess[]
  /** Puts a fault in force at one provider. */
  fault(provider: ProviderName, fault: ProviderFault): Promise<Fault>
  /** Hosts at which a caller did not believe the lab's certificate, or broke off the handshake; once for each time. */
  refusedHandshakes: readonly string[]
  /** From now on the lab proves itself at this host by a certificate that nobody has reason to trust. */
  presentUntrustedCertificate(host: string): void
}

const preload = fileURLToPath(new URL('./preload.cjs', import.meta.url))

/** Starts the lab; `directory` takes its certificate. */
export async function startProviderLab(options: {
  tenants: readonly Tenant[]
  directory: string
}): Promise<ProviderLab> {
  const stack = new AsyncDisposableStack()
  const journal = new Journal()
  const escapes: Escape[] = []
  const world = { tenants: options.tenants, journal }
  const handlers = mapProviders((provider) => makeHandlers[provider](world))
  const faults = mapProviders(() => new ProviderFaults())
  const [authority, stranger] = await Promise.all([makeAuthority(), makeAuthority('Nobody')])
  const untrusted = new Set<string>()
  const refusedHandshakes: string[] = []

  const serve = async (provider: ProviderName, request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await readBody(request)
    const entry = journal.add(describeRequest(provider, request, body))
    const exchange = openExchange({ provider, entry, body, handlers: handlers[provider], response })
    const met = faults[provider].next(entry)
    if (met !== undefined) return met.fault.apply(exchange, met.hit)
    const { status, headers, body: answer } = await exchange.takeEffect()
    exchange.answer(status, headers, answer)
  }
  const serveHost = (request: IncomingMessage, response: ServerResponse): void => {
    const host = request.headers.host ?? 'unknown'
    const provider = providerAt(host)
    if (provider === undefined) {
      escapes.push({ host, port: 0, what: `${request.method} ${host}${request.url}` })
      request.socket.resetAndDestroy()
      return
    }
    void serve(provider, request, response).catch(() => request.socket.destroy())
  }
  const refuseRaw = (_error: Error, socket: Socket | { destroy(): void }): void => {
    escapes.push({ host: 'unknown', port: 0, what: 'a connection that speaks no HTTP' })
    socket.destroy()
  }

  const plain = createHttpServer(serveHost).on('clientError', refuseRaw)
  const secure = createHttpsServer(
    {
      ALPNProtocols: ['http/1.1'],
      SNICallback(host, done: (error: Error | null, context?: SecureContext) => void) {
        if (providerAt(host) === undefined) {
          escapes.push({ host, port: 443, what: `TLS to ${host}` })
          done(new Error(`Nobody is known at ${host}.`))
          return
        }
        void (untrusted.has(host) ? stranger : authority).contextFor(host).then(
          (context) => done(null, context),
          (error: unknown) => done(error instanceof Error ? error : new Error(String(error))),
        )
      },
    },
    serveHost,
  ).on('tlsClientError', (_error: Error, socket: TLSSocket) => {
    // false where none was named, which the types do not know
    refusedHandshakes.push((socket as { servername?: string | false }).servername || 'unknown')
    socket.destroy()
  })
  const direct = mapProviders((provider) =>
    createHttpServer((request, response) => {
      void serve(provider, request, response).catch(() => request.socket.destroy())
    }),
  )
  const plainPort = await listen(plain, stack)
  const securePort = await listen(secure, stack)
  const urls = await mapProvidersAsync(async (provider) => `http://127.0.0.1:${await listen(direct[provider], stack)}`)

  const processes: ClosedProcess[] = []
  const routes = new Set<string>()
  const clock = makeClock(() => processes)
  const prototypes = makeInspector(() => processes)
  const channel = stack.use(
    await openControlChannel((message, from) => {
      clock.hear(message)
      prototypes.hear(message)
      if (message.type === 'hello' && from) processes.push(from)
      if (message.type === 'route') routes.add(`${message.method} ${message.path}`)
      if (message.type === 'escape') escapes.push({ host: message.host, port: message.port, what: message.what })
    }),
  )
  const certificateFile = join(options.directory, `authority-${securePort}.pem`)
  await writeFile(certificateFile, authority.certificate)
  const environment = {
    NODE_OPTIONS: `--require=${preload}`,
    NODE_EXTRA_CA_CERTS: certificateFile,
    ARO_GATE_LAB_HTTP_PORT: String(plainPort),
    ARO_GATE_LAB_HTTPS_PORT: String(securePort),
    ARO_GATE_LAB_CONTROL_PORT: String(channel.port),
  }
  return {
    urls,
    environment,
    environmentWithClock: { ...environment, ARO_GATE_LAB_CLOCK: 'movable' },
    journal,
    escapes,
    clock,
    prototypes,
    routes,
    processes,
    fault: async (provider, fault) => faults[provider].start(fault),
    refusedHandshakes,
    presentUntrustedCertificate(host) {
      untrusted.add(host)
      // whoever was believed before has to prove itself anew
      secure.closeAllConnections()
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

function describeRequest(
  provider: ProviderName,
  request: IncomingMessage,
  body: Buffer,
): Parameters<Journal['add']>[0] {
  const headers = Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : (value ?? ''),
    ]),
  )
  const text = body.toString('utf8')
  const type = headers['content-type'] ?? ''
  const json = type.includes('json') ? parseJson(text) : undefined
  const key = headers['idempotency-key'] ?? headers['i-twilio-idempotency-token']
  const correlationId = headers['x-correlation-id']
  return {
    provider,
    at: performance.timeOrigin + performance.now(),
    method: request.method ?? 'GET',
    url: `https://${providerHosts[provider][0]}${request.url ?? '/'}`,
    headers,
    body: text,
    ...(type.includes('x-www-form-urlencoded') ? { form: Object.fromEntries(new URLSearchParams(text)) } : {}),
    ...(json === undefined ? {} : { json }),
    ...(key === undefined ? {} : { idempotencyKey: key }),
    ...(correlationId === undefined ? {} : { correlationId }),
  }
}

async function listen(server: Server, stack: AsyncDisposableStack): Promise<number> {
  // the subject decides how long it keeps connections; a provider that closes idle ones would add failures of its own
  server.keepAliveTimeout = 0
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  stack.defer(async () => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('Expected a TCP port from the operating system.')
  return address.port
}

function mapProviders<Value>(make: (provider: ProviderName) => Value): Record<ProviderName, Value> {
  return Object.fromEntries(providerNames.map((provider) => [provider, make(provider)])) as Record<ProviderName, Value>
}

async function mapProvidersAsync<Value>(
  make: (provider: ProviderName) => Promise<Value>,
): Promise<Record<ProviderName, Value>> {
  const entries = providerNames.map(async (provider) => [provider, await make(provider)] as const)
  return Object.fromEntries(await Promise.all(entries)) as Record<ProviderName, Value>
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
