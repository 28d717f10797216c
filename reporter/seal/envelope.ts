import { createPrivateKey, createPublicKey, sign } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { crypto, dsse } from '@sigstore/core'
import { z } from 'zod'
import { sha256 } from './manifest.ts'
import { statementSchema } from './statement.ts'
import type { Statement } from './statement.ts'

/** Name of the file that holds the signed statement. */
export const envelopeName = 'attestation.dsse.json'

const payloadType = 'application/vnd.in-toto+json'

/** A DSSE envelope (v1) around an in-toto statement. */
export const envelopeSchema = z.strictObject({
  payloadType: z.literal(payloadType),
  payload: z.base64(),
  signatures: z.array(z.strictObject({ keyid: z.string(), sig: z.base64() })).min(1),
})

/** @see envelopeSchema */
export type Envelope = z.infer<typeof envelopeSchema>

/** A public key that was read, so that a file that holds none is not taken for a wrong report. */
export type PublicKey = KeyObject

/** Kinds of keys that both sign and verify here. */
const keyTypes = ['ed25519', 'ec', 'rsa']

/** Signs a statement with a private key in PEM: Ed25519, ECDSA or RSA. @throws when the text is no such key. */
export function sealStatement(statement: Statement, privateKey: string): Envelope {
  const key = readKey('private', () => createPrivateKey(privateKey))
  const payload = Buffer.from(JSON.stringify(statement))
  const signature = sign(digestOf(key), dsse.preAuthEncoding(payloadType, payload), key)
  const keyid = keyIdOf(createPublicKey(privateKey))
  return {
    payloadType,
    payload: payload.toString('base64'),
    signatures: [{ keyid, sig: signature.toString('base64') }],
  }
}

/** Reads a public key in PEM. @throws when the text is none, or a private key, which nobody who verifies should have. */
export function readPublicKey(text: string): PublicKey {
  if (text.includes('PRIVATE KEY'))
    throw new Error('Expected a public key, got a private one: "openssl pkey -pubout" gives its public part.')
  return readKey('public', () => createPublicKey(text))
}

/** The statement in an envelope that this key has signed. @throws when it has not. */
export function openEnvelope(envelope: Envelope, key: PublicKey): Statement {
  const payload = Buffer.from(envelope.payload, 'base64')
  const signed = dsse.preAuthEncoding(envelope.payloadType, payload)
  const isSigned = envelope.signatures.some(({ sig }) =>
    crypto.verify(signed, key, Buffer.from(sig, 'base64'), digestOf(key) ?? undefined),
  )
  if (!isSigned) {
    const ids = envelope.signatures.map(({ keyid }) => keyid).join(', ')
    throw new Error(`none of its signatures is of this key (${keyIdOf(key)}); they name ${ids}`)
  }
  return statementSchema.parse(JSON.parse(payload.toString()))
}

/** SHA-256 of a key's public part (SubjectPublicKeyInfo, DER). */
const keyIdOf = (key: KeyObject): string => sha256(key.export({ type: 'spki', format: 'der' }))

/** Ed25519 hashes by itself. */
const digestOf = ({ asymmetricKeyType }: KeyObject): string | null =>
  asymmetricKeyType === 'ed25519' ? null : 'sha256'

function readKey(kind: string, read: () => KeyObject): KeyObject {
  try {
    const key = read()
    if (keyTypes.includes(key.asymmetricKeyType ?? '')) return key
    throw new Error(`one of type ${key.asymmetricKeyType}, not ${keyTypes.join(', ')}`)
  } catch (error) {
    throw new Error(
      `Expected a ${kind} key in PEM, got ${error instanceof Error ? error.message : String(error)}. "openssl genpkey -algorithm ed25519" makes a private one, "openssl pkey -pubout" gives its public part.`,
      { cause: error },
    )
  }
}
