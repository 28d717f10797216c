import { createHmac } from 'node:crypto'

const hexadecimalSha256 = (secret: string, text: string): string =>
  createHmac('sha256', secret).update(text).digest('hex')

/** `Calendly-Webhook-Signature`: HMAC-SHA256 over time and raw body (Calendly developer docs, Webhook signatures). */
export const signCalendly = (secret: string, rawBody: string, unixSeconds: number): string =>
  `t=${unixSeconds},v1=${hexadecimalSha256(secret, `${unixSeconds}.${rawBody}`)}`

/** `X-Calendly-Signature` of deployments that sign the raw body alone. */
export const signCalendlyBody = (secret: string, rawBody: string): string => hexadecimalSha256(secret, rawBody)

/** `Stripe-Signature`: HMAC-SHA256 over time and raw body (Stripe docs, Verify webhook signatures manually). */
export const signStripe = (secret: string, rawBody: string, unixSeconds: number): string =>
  `t=${unixSeconds},v1=${hexadecimalSha256(secret, `${unixSeconds}.${rawBody}`)}`

/** `X-Twilio-Signature`: HMAC-SHA1 over the url and the sorted parameters (Twilio docs, Webhooks security). */
export function signTwilio(authToken: string, url: string, parameters: Readonly<Record<string, string>>): string {
  const sorted = Object.keys(parameters).toSorted()
  const text = sorted.reduce((signed, name) => `${signed}${name}${parameters[name] ?? ''}`, url)
  return createHmac('sha1', authToken).update(text, 'utf8').digest('base64')
}
