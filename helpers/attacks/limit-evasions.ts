import { randomInt, randomUUID } from 'node:crypto'
import { connect } from 'node:net'
import type { SubjectRequest } from '../subject/request.ts'

/** A request that a limit has refused, written so that a careless limiter takes it for another client's or another route's. */
export interface Evasion {
  name: string
  headers?: Record<string, string>
  path?: string
}

const anyAddress = (): string => `${randomInt(11, 99)}.${randomInt(256)}.${randomInt(256)}.${randomInt(1, 255)}`

// what proxies and content networks set to name the client; anybody can send them
const addressHeaders = [
  'X-Forwarded-For',
  'X-Real-IP',
  'X-Client-IP',
  'X-Cluster-Client-IP',
  'CF-Connecting-IP',
  'True-Client-IP',
  'Fastly-Client-IP',
  'X-Originating-IP',
  'X-Remote-IP',
  'X-Remote-Addr',
  'X-Appengine-User-IP',
  'Fly-Client-IP',
]

/** Ways around a limit for a request to `path`: headers that name a client, and other spellings of the path. */
export function limitEvasions(path: string): Evasion[] {
  const [plain = '', query] = path.split('?')
  const tail = query === undefined ? '' : `?${query}`
  const last = plain.slice(-1)
  const encoded = `${plain.slice(0, -1)}%${last.charCodeAt(0).toString(16)}`
  return [
    ...addressHeaders.map((name) => ({ name, headers: { [name]: anyAddress() } })),
    {
      name: 'X-Forwarded-For with a list',
      headers: { 'X-Forwarded-For': `${anyAddress()}, ${anyAddress()}, 127.0.0.1` },
    },
    { name: 'X-Forwarded-For with IPv6', headers: { 'X-Forwarded-For': '2001:db8::17' } },
    { name: 'Forwarded', headers: { Forwarded: `for=${anyAddress()};proto=https` } },
    { name: 'X-Forwarded-Host', headers: { 'X-Forwarded-Host': `${randomUUID()}.example.org` } },
    { name: 'another User-Agent', headers: { 'User-Agent': `agent-${randomUUID()}` } },
    { name: 'another Cookie', headers: { Cookie: `session=${randomUUID()}` } },
    { name: 'another X-Correlation-Id', headers: { 'X-Correlation-Id': randomUUID() } },
    { name: 'another X-Request-Id', headers: { 'X-Request-Id': randomUUID() } },
    { name: 'another X-API-Key', headers: { 'X-API-Key': randomUUID() } },
    { name: 'another X-Device-Id', headers: { 'X-Device-Id': randomUUID() } },
    { name: 'in capitals', path: `${plain.toUpperCase()}${tail}` },
    { name: 'first letter in capitals', path: `/${plain.charAt(1).toUpperCase()}${plain.slice(2)}${tail}` },
    { name: 'with a slash at the end', path: `${plain}/${tail}` },
    { name: 'with two slashes at the start', path: `/${plain}${tail}` },
    { name: 'with a letter encoded', path: `${encoded}${tail}` },
    { name: 'with a dot segment', path: `/.${plain}${tail}` },
    { name: 'with a matrix parameter', path: `${plain};v=1${tail}` },
    { name: 'with a fragment', path: `${plain}${tail}#x` },
    { name: 'with an empty query', path: `${plain}?` },
    { name: 'with another query', path: `${plain}${tail}${query === undefined ? '?' : '&'}_=${randomInt(1e9)}` },
  ]
}

/**
 * Sends requests on one connection without waiting for answers (HTTP/1.1 pipelining), each path byte for byte.
 * @returns the status of each answer that came within 5 s.
 */
export async function sendPipelined(
  url: string,
  from: string,
  requests: readonly Pick<SubjectRequest, 'method' | 'path' | 'headers' | 'body'>[],
): Promise<number[]> {
  const { hostname, port, host } = new URL(url)
  const socket = connect({ host: hostname, port: Number(port), localAddress: from })
  const text = requests.map(({ method = 'GET', path, headers = {}, body }, index) => {
    const bytes = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body)
    const lines = Object.entries({
      Host: host,
      ...headers,
      ...(bytes === '' ? {} : { 'Content-Length': String(Buffer.byteLength(bytes)) }),
      Connection: index === requests.length - 1 ? 'close' : 'keep-alive',
    })
    return `${method} ${path} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}`).join('\r\n')}\r\n\r\n${bytes}`
  })
  const received: Buffer[] = []
  await new Promise<void>((resolve, reject) => {
    socket.setTimeout(5000, () => socket.destroy())
    socket.on('data', (chunk) => received.push(chunk))
    socket.on('error', reject)
    socket.on('close', () => resolve())
    socket.write(text.join(''))
  })
  const answers = Buffer.concat(received).toString('latin1')
  return [...answers.matchAll(/HTTP\/1\.[01] (\d{3}) /g)].map(([, status]) => Number(status))
}
