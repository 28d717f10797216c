import { once } from 'node:events'
import { createServer as createPlainServer } from 'node:net'
import type { AddressInfo, Server } from 'node:net'
import { createServer } from 'node:tls'
import { expect, onTestFinished, test } from 'vitest'
import { ordinarySuites, sayHello, weakSuites } from '../../attacks/tls-hello.ts'
import { makeAuthority } from '../../providers/authority.ts'
import { at, testJudge } from '../judge-harness.ts'
import { judgeTls, tlsTrialSchema } from './judge.ts'

const redirect = { port: 'port beside it', status: 308, location: 'https://localhost/', how: 'answered' }

testJudge({
  directory: import.meta.dirname,
  schema: tlsTrialSchema,
  judge: judgeTls,
  alterations: [
    [
      'no TLS 1.3',
      ({ served }) => Object.assign(at(served, 1), { status: null, problem: 'alert protocol version' }),
      /TLS 1.3 is not served: alert protocol version/,
    ],
    [
      'TLS 1.0',
      ({ oldVersions }) => Object.assign(at(oldVersions, 0), { isAccepted: true, answer: 'TLS 1.0 with suite 0xc013' }),
      /offers TLS 1.0 only is accepted: TLS 1.0 with suite/,
    ],
    ['RC4', ({ weakSuites: offers }) => (at(offers, 3).isAccepted = true), /offers RC4 only is accepted/],
    [
      'another name',
      ({ certificate }) => (certificate.problem = 'ERR_TLS_CERT_ALTNAME_INVALID'),
      /not believed: ERR_TLS/,
    ],
    ['a short key', ({ certificate }) => (certificate.keyBits = 1024), /rsa key has 1024 bits/],
    ['a short curve', ({ certificate }) => Object.assign(certificate, { keyType: 'ec', keyBits: 192 }), /192 bits/],
    ['an old signature', ({ certificate }) => (certificate.signature = 'RSA with SHA-1'), /signed with RSA with SHA-1/],
    ['plain HTTP', ({ plain }) => plain.push({ ...redirect, status: 200 }), /port beside it is answered with 200/],
    [
      'a redirect to plain HTTP',
      ({ plain }) => plain.push({ ...redirect, location: 'http://localhost/' }),
      /answered with 308/,
    ],
    ['no HSTS', (trial) => (at(trial.strictTransport, 2).maxAgeSeconds = null), /no-such-path has no Strict-Transport/],
    ['HSTS for a day', (trial) => (at(trial.strictTransport, 0).maxAgeSeconds = 86_400), /for 86400 s only/],
    ['a stranger', ({ outbound }) => (at(outbound, 0).delivered = 1), /1 requests were sent to a twilio/],
  ],
  allowed: [
    ['nothing beside the port of TLS', ({ plain }) => (at(plain, 1).status = null)],
    ['an elliptic curve', ({ certificate }) => Object.assign(certificate, { keyType: 'ec', keyBits: 256 })],
    ['SHA-384', ({ certificate }) => (certificate.signature = 'RSASSA-PKCS1-v1_5 with SHA-384')],
  ],
})

async function listening(server: Server): Promise<URL> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return new URL(`https://127.0.0.1:${(server.address() as AddressInfo).port}`)
}

async function secureServer(options: object): Promise<URL> {
  const { certificate, key } = await (await makeAuthority()).issueRsa(['localhost'])
  const server = createServer({ cert: certificate, key, ...options })
  server.on('tlsClientError', () => undefined)
  return listening(server)
}

test.each([
  ['1.0', 'TLSv1', true],
  ['1.1', 'TLSv1.1', true],
  ['1.2', 'TLSv1.2', true],
  ['1.0', 'TLSv1.1', false],
  ['1.1', 'TLSv1.2', false],
] as const)('a client of TLS %s at a server from %s on: %s', async (version, minVersion, isAccepted) => {
  const url = await secureServer({ minVersion, ciphers: 'DEFAULT:@SECLEVEL=0' })
  expect(await sayHello(url, { version, suites: ordinarySuites })).toMatchObject(
    isAccepted ? { isAccepted, version } : { isAccepted },
  )
})

test.each(['no encryption', 'no certificate'])('a server that takes suites with %s is found out', async (name) => {
  const careless = await secureServer({ ciphers: 'ALL:COMPLEMENTOFALL:@SECLEVEL=0' })
  const careful = await secureServer({})
  const offer = { version: '1.2', suites: weakSuites[name] ?? [] } as const
  expect(await sayHello(careless, offer)).toMatchObject({ isAccepted: true })
  expect(await sayHello(careful, offer)).toEqual({ isAccepted: false, how: 'alert' })
})

test('what answers garbage or closes has not accepted', async () => {
  const garbage = await listening(createPlainServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')))
  const closing = await listening(createPlainServer((socket) => socket.end()))
  for (const url of [garbage, closing])
    expect(await sayHello(url, { version: '1.2', suites: ordinarySuites })).toMatchObject({ isAccepted: false })
})
