import 'reflect-metadata'
import type { webcrypto } from 'node:crypto'
import { isIP } from 'node:net'
import { createSecureContext } from 'node:tls'
import type { SecureContext } from 'node:tls'
import {
  BasicConstraintsExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509'

/** Issues certificates for the names of providers, for one lab and for a day. */
export interface CertificateAuthority {
  /** In PEM; what a subject has to trust to believe the lab. */
  certificate: string
  contextFor(host: string): Promise<SecureContext>
  /** Issues a certificate with a 2,048-bit RSA key for these names, which server programs of every age can use. */
  issueRsa(names: readonly string[]): Promise<CertificatePair>
}

/** A certificate and its key, in PEM. */
export interface CertificatePair {
  certificate: string
  key: string
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const rsa = {
  name: 'RSASSA-PKCS1-v1_5',
  modulusLength: 2048,
  publicExponent: new Uint8Array([1, 0, 1]),
  hash: 'SHA-256',
}
const day = 86_400_000

/** Makes a certificate authority of its own. */
export async function makeAuthority(name = 'ARO production gate'): Promise<CertificateAuthority> {
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const validity = { notBefore: new Date(Date.now() - day), notAfter: new Date(Date.now() + day) }
  const authority = await X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: `CN=${name}`,
    ...validity,
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new BasicConstraintsExtension(true, 1, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
    ],
  })
  const certificate = authority.toString('pem')
  const contexts = new Map<string, Promise<SecureContext>>()
  const issue = async (names: readonly string[], leafKeys: webcrypto.CryptoKeyPair): Promise<CertificatePair> => {
    const leaf = await X509CertificateGenerator.create({
      serialNumber: serialNumber(),
      subject: `CN=${names[0] ?? 'nobody'}`,
      issuer: authority.subject,
      ...validity,
      signingAlgorithm: algorithm,
      publicKey: leafKeys.publicKey,
      signingKey: keys.privateKey,
      extensions: [
        new SubjectAlternativeNameExtension(
          names.map((value) => ({ type: isIP(value) === 0 ? 'dns' : 'ip', value }) as const),
        ),
      ],
    })
    const key = Buffer.from(await crypto.subtle.exportKey('pkcs8', leafKeys.privateKey)).toString('base64')
    return {
      certificate: leaf.toString('pem'),
      key: `-----BEGIN PRIVATE KEY-----\n${key}\n-----END PRIVATE KEY-----\n`,
    }
  }
  const makeContext = async (host: string): Promise<SecureContext> => {
    const pair = await issue([host], await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']))
    return createSecureContext({ cert: pair.certificate, key: pair.key })
  }
  return {
    certificate,
    contextFor(host) {
      const context = contexts.get(host) ?? makeContext(host)
      contexts.set(host, context)
      return context
    },
    issueRsa: async (names) => issue(names, await crypto.subtle.generateKey(rsa, true, ['sign', 'verify'])),
  }
}

const serialNumber = (): string => Buffer.from(crypto.getRandomValues(new Uint8Array(8))).toString('hex')
