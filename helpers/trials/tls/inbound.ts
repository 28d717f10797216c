import type { KeyObject } from 'node:crypto'
import { once } from 'node:events'
import { connect as connectPlain } from 'node:net'
import { connect, createServer } from 'node:tls'
import type { DetailedPeerCertificate } from 'node:tls'
import { X509Certificate } from '@peculiar/x509'
import { ordinarySuites, sayHello, weakSuites } from '../../attacks/tls-hello.ts'
import type { HelloAnswer, HelloOffer } from '../../attacks/tls-hello.ts'
import type { CertificatePair } from '../../providers/authority.ts'
import { request } from '../../subject/request.ts'
import type { TlsTrial } from './judge.ts'

/** A subject that speaks TLS. */
export interface SecureSubject {
  url: string
  plainPort: number
  /** In PEM. */
  authority: string
  healthPath: string
  adminPath: string
}

/** Asks a whole request by TLS 1.2 and 1.3. */
export async function askByVersions(subject: SecureSubject): Promise<TlsTrial['served']> {
  const versions = ['1.2', '1.3'] as const
  return Promise.all(
    versions.map(async (version) => {
      try {
        const status = await requestBy(subject, `TLSv${version}`)
        return { version, status, problem: null }
      } catch (error) {
        return { version, status: null, problem: error instanceof Error ? error.message : String(error) }
      }
    }),
  )
}

async function requestBy({ url, healthPath }: SecureSubject, version: 'TLSv1.2' | 'TLSv1.3'): Promise<number> {
  const { hostname, port } = new URL(url)
  const socket = connect({
    host: hostname,
    port: Number(port),
    servername: 'localhost',
    minVersion: version,
    maxVersion: version,
    // the certificate is looked at for itself
    rejectUnauthorized: false,
  })
  socket.setTimeout(5000, () => socket.destroy(new Error('no answer within 5 s')))
  try {
    await once(socket, 'secureConnect')
    socket.write(`GET ${healthPath} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`)
    const chunks: Buffer[] = []
    for await (const chunk of socket) chunks.push(chunk as Buffer)
    return Number(/^HTTP\/1\.1 (\d{3})/.exec(Buffer.concat(chunks).toString('latin1'))?.[1] ?? 0)
  } finally {
    socket.destroy()
  }
}

const offers: readonly { offer: string; hello: HelloOffer }[] = [
  { offer: 'TLS 1.0', hello: { version: '1.0', suites: ordinarySuites } },
  { offer: 'TLS 1.1', hello: { version: '1.1', suites: ordinarySuites } },
  ...Object.entries(weakSuites).map(([offer, suites]) => ({ offer, hello: { version: '1.2' as const, suites } })),
]

/** Offers old versions and weak suites to the subject, and to a server of ours that takes whatever this Node still can. */
export async function offerWeakly(
  subject: SecureSubject,
  pair: CertificatePair,
): Promise<Pick<TlsTrial, 'oldVersions' | 'weakSuites'>> {
  const careless = createServer({
    cert: pair.certificate,
    key: pair.key,
    minVersion: 'TLSv1',
    ciphers: 'ALL:COMPLEMENTOFALL:@SECLEVEL=0',
    dhparam: 'auto',
  })
  careless.on('tlsClientError', () => undefined)
  careless.listen(0, '127.0.0.1')
  await once(careless, 'listening')
  try {
    const address = careless.address()
    if (address === null || typeof address === 'string')
      throw new Error('Expected a TCP port from the operating system.')
    const other = new URL(`https://127.0.0.1:${address.port}`)
    const attempts: TlsTrial['oldVersions'] = []
    for (const { offer, hello } of offers) {
      const answer = await sayHello(new URL(subject.url), hello)
      const control = await sayHello(other, hello)
      attempts.push({
        offer,
        isAccepted: answer.isAccepted,
        answer: inWords(answer),
        // what this Node was built without, no server of ours can take
        isTakenByOther: control.isAccepted ? true : null,
      })
    }
    const taken = new Set(attempts.filter(({ isTakenByOther }) => isTakenByOther === true).map(({ offer }) => offer))
    for (const needed of ['TLS 1.0', 'TLS 1.1', 'no encryption', 'no certificate']) {
      if (!taken.has(needed))
        throw new Error(
          `A server that takes ${needed} refused our client too: that the subject does would prove nothing.`,
        )
    }
    return { oldVersions: attempts.slice(0, 2), weakSuites: attempts.slice(2) }
  } finally {
    careless.close()
  }
}

const inWords = (answer: HelloAnswer): string =>
  answer.isAccepted
    ? `TLS ${answer.version} with suite 0x${answer.suite.toString(16).padStart(4, '0')}`
    : `refused (${answer.how})`

/** Looks at the certificate as a client of today does. @throws when the subject presents none. */
export async function readCertificate({ url, authority }: SecureSubject): Promise<TlsTrial['certificate']> {
  const { hostname, port } = new URL(url)
  const socket = connect({
    host: hostname,
    port: Number(port),
    servername: 'localhost',
    ca: authority,
    rejectUnauthorized: false,
  })
  socket.setTimeout(5000, () => socket.destroy(new Error('No TLS handshake within 5 s.')))
  try {
    await once(socket, 'secureConnect')
    const peer: DetailedPeerCertificate = socket.getPeerCertificate(true)
    const certificate = new X509Certificate(peer.raw)
    const { keyType, keyBits } = keyOf(socket.getPeerX509Certificate()?.publicKey)
    const { name, hash } = certificate.signatureAlgorithm as { name: string; hash?: { name: string } }
    return {
      // types say it is an error, but it is its code
      problem: socket.authorized ? null : String(socket.authorizationError),
      keyType,
      keyBits,
      signature: hash === undefined ? name : `${name} with ${hash.name}`,
      validFrom: certificate.notBefore.toISOString(),
      validTo: certificate.notAfter.toISOString(),
    }
  } finally {
    socket.destroy()
  }
}

const curveBits: Readonly<Record<string, number>> = {
  prime256v1: 256,
  secp384r1: 384,
  secp521r1: 521,
  secp256k1: 256,
  secp224r1: 224,
  prime192v1: 192,
}

function keyOf(key: KeyObject | undefined): { keyType: string; keyBits: number } {
  const { modulusLength, namedCurve } = key?.asymmetricKeyDetails ?? {}
  const keyType = key?.asymmetricKeyType ?? 'unknown'
  if (keyType === 'ed25519' || keyType === 'ed448') return { keyType, keyBits: keyType === 'ed448' ? 448 : 256 }
  return { keyType, keyBits: modulusLength ?? curveBits[namedCurve ?? ''] ?? 1 }
}

/** Speaks plain HTTP to the port of TLS and to the one beside it. */
export async function speakPlainly({ url, plainPort, healthPath }: SecureSubject): Promise<TlsTrial['plain']> {
  const { hostname, port } = new URL(url)
  const ports = [
    { name: 'port of TLS', number: Number(port) },
    { name: 'port beside it', number: plainPort },
  ]
  return Promise.all(
    ports.map(async ({ name, number }) => {
      const { text, how } = await sendPlainly(hostname, number, healthPath)
      const status = /^HTTP\/1\.[01] (\d{3})/.exec(text)?.[1]
      return {
        port: name,
        status: status === undefined ? null : Number(status),
        location: /^location: *(.*)\r$/im.exec(text)?.[1] ?? null,
        how,
      }
    }),
  )
}

async function sendPlainly(host: string, port: number, path: string): Promise<{ text: string; how: string }> {
  const socket = connectPlain({ host, port })
  const chunks: Buffer[] = []
  const how = await new Promise<string>((resolve) => {
    socket.setTimeout(3000, () => resolve('no answer'))
    socket.on('data', (chunk) => chunks.push(chunk))
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    socket.on('close', () => resolve('closed'))
    socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`)
  })
  socket.destroy()
  const text = Buffer.concat(chunks).toString('latin1')
  return { text, how: text === '' ? how : 'answered' }
}

/** Reads Strict-Transport-Security from answers that succeed, are refused, and are of no route. */
export async function readStrictTransport(subject: SecureSubject): Promise<TlsTrial['strictTransport']> {
  const { url, healthPath, adminPath } = subject
  const paths = [healthPath, `${adminPath}/appointments`, '/no-such-path']
  return Promise.all(
    paths.map(async (path) => {
      const { headers } = await request({ url, isCertificateChecked: false, path })
      const maxAge = /max-age="?(\d+)/i.exec(headers['strict-transport-security'] ?? '')?.[1]
      return { route: `GET ${path}`, maxAgeSeconds: maxAge === undefined ? null : Number(maxAge) }
    }),
  )
}
