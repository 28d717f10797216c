import 'reflect-metadata'
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
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
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
  const issue = async (host: string): Promise<SecureContext> => {
    const leafKeys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
    const leaf = await X509CertificateGenerator.create({
      serialNumber: serialNumber(),
      subject: `CN=${host}`,
      issuer: authority.subject,
      ...validity,
      signingAlgorithm: algorithm,
      publicKey: leafKeys.publicKey,
      signingKey: keys.privateKey,
      extensions: [new SubjectAlternativeNameExtension([{ type: 'dns', value: host }])],
    })
    const key = Buffer.from(await crypto.subtle.exportKey('pkcs8', leafKeys.privateKey)).toString('base64')
    return createSecureContext({
      cert: leaf.toString('pem'),
      key: `-----BEGIN PRIVATE KEY-----\n${key}\n-----END PRIVATE KEY-----\n`,
    })
  }
  return {
    certificate,
    contextFor(host) {
      const context = contexts.get(host) ?? issue(host)
      contexts.set(host, context)
      return context
    },
  }
}

const serialNumber = (): string => Buffer.from(crypto.getRandomValues(new Uint8Array(8))).toString('hex')
