import { createHmac } from 'node:crypto'

/** A body byte for byte; a text stands for its UTF-8. */
type RawBody = string | Uint8Array

const hexadecimalSha256 = (secret: string, ...parts: readonly RawBody[]): string => {
  const hmac = createHmac('sha256', secret)
  for (const part of parts) hmac.update(part)
  return hmac.digest('hex')
}

/** `Calendly-Webhook-Signature`: HMAC-SHA256 over time and raw body (Calendly developer docs, Webhook signatures). */
export const signCalendly = (secret: string, rawBody: RawBody, unixSeconds: number): string =>
  `t=${unixSeconds},v1=${hexadecimalSha256(secret, `${unixSeconds}.`, rawBody)}`

/** `X-Calendly-Signature` of deployments that sign the raw body alone. */
export const signCalendlyBody = (secret: string, rawBody: RawBody): string => hexadecimalSha256(secret, rawBody)

/** `Stripe-Signature`: HMAC-SHA256 over time and raw body (Stripe docs, Verify webhook signatures manually). */
export const signStripe = (secret: string, rawBody: RawBody, unixSeconds: number): string =>
  `t=${unixSeconds},v1=${hexadecimalSha256(secret, `${unixSeconds}.`, rawBody)}`

/** `X-Twilio-Signature`: HMAC-SHA1 over the url and the sorted parameters (Twilio docs, Webhooks security). */
export function signTwilio(authToken: string, url: string, parameters: Readonly<Record<string, string>>): string {
  const sorted = Object.keys(parameters).toSorted()
  const text = sorted.reduce((signed, name) => `${signed}${name}${parameters[name] ?? ''}`, url)
  return createHmac('sha1', authToken).update(text, 'utf8').digest('base64')
}
