import { createHmac, randomBytes } from 'node:crypto'
import type { AroClient } from '../subject/client.ts'
import type { Delivery, UnsignedDelivery, WebhookSource } from '../subject/deliveries.ts'

/** A delivery that must be refused, and the header lines to send instead of the genuine ones. */
export interface ForgedDelivery {
  name: string
  delivery: Delivery
  headers: Record<string, string | string[] | null>
}

/** Makes a new unsigned delivery with content of its own, so that each forgery can be told apart by its effect. */
export type MakeUnsigned = () => UnsignedDelivery

const otherSource: Record<WebhookSource, WebhookSource> = { calendly: 'stripe', stripe: 'twilio', twilio: 'calendly' }

/** Forgeries of one source's deliveries: each differs from a genuine one in what its name says and in nothing else. */
export function forgeDeliveries(client: AroClient, source: WebhookSource, make: MakeUnsigned): ForgedDelivery[] {
  const genuine = (): Delivery => client.sign(make())
  const forge = (name: string, change: (delivery: Delivery) => Partial<Delivery>): ForgedDelivery => {
    const delivery = genuine()
    return { name, delivery: { ...delivery, ...change(delivery) }, headers: {} }
  }
  const withHeader = (name: string, value: (delivery: Delivery) => string | string[] | null): ForgedDelivery => {
    const delivery = genuine()
    return { name, delivery, headers: { [delivery.signatureHeader]: value(delivery) } }
  }
  const signedWith = (name: string, secret: string): ForgedDelivery => ({
    name,
    delivery: client.sign(make(), { secret }),
    headers: {},
  })
  const digest = (change: (text: string) => string): ((delivery: Delivery) => string) => {
    return (delivery) => changeDigest(delivery.signature, change)
  }
  const common = [
    withHeader('unsigned', () => null),
    withHeader('empty signature', () => ''),
    withHeader('the word undefined as signature', () => 'undefined'),
    signedWith('signed with a wrong secret', randomBytes(24).toString('hex')),
    signedWith("signed with another source's secret", client.tenant.webhookSecrets[otherSource[source]]),
    signedWith('signed with an empty secret', ''),
    forge('body altered by one byte', ({ body }) => ({ body: alterOneByte(body) })),
    forge('body with a byte appended', ({ body }) => ({ body: `${body} ` })),
    withHeader(
      'first digit of the signature altered',
      digest((text) => alterAt(text, 0)),
    ),
    withHeader(
      'last digits of the signature altered',
      digest((text) => alterAt(text, text.length - 3)),
    ),
    withHeader(
      'middle digit of the signature altered',
      digest((text) => alterAt(text, Math.floor(text.length / 2))),
    ),
    withHeader(
      'all but the first eight digits of the signature altered',
      digest((text) => text.slice(0, 8) + alterAll(text.slice(8))),
    ),
    withHeader(
      'signature truncated to half',
      digest((text) => text.slice(0, text.length / 2)),
    ),
    withHeader(
      'signature truncated to one digit',
      digest((text) => text.slice(0, 1)),
    ),
    withHeader(
      'signature with digits appended',
      digest((text) => `${text}00`),
    ),
    withHeader('signature upper- or lower-cased', digest(swapCase)),
    withHeader('random signature of the right length', digest(alterAll)),
    withHeader(
      'signature of a wrong length',
      digest(() => randomBytes(7).toString('hex')),
    ),
    withHeader(
      'signature not in ASCII',
      digest((text) => `é${text.slice(1)}`),
    ),
    withHeader('header sent twice: genuine signature, then a forged one', (delivery) => [
      delivery.signature,
      changeDigest(delivery.signature, alterAll),
    ]),
    withHeader('header sent twice: forged signature, then a genuine one', (delivery) => [
      changeDigest(delivery.signature, alterAll),
      delivery.signature,
    ]),
    forgeQuery(genuine()),
    ...weakDigests(client, source, make),
  ]
  if (source === 'twilio') {
    return [
      ...common,
      signedWith("signed with another tenant's secret, to our number", client.otherTenant.webhookSecrets.twilio),
    ]
  }
  const reserialised = forge('body re-serialised', ({ body }) => ({
    body: JSON.stringify(JSON.parse(body), null, 2),
  }))
  return hasTimestamp(genuine())
    ? [...common, reserialised, ...forgeTimestamps(client, source, make)]
    : [...common, reserialised]
}

/** Forgeries that only a signature with a time in it can tell from the genuine. */
function forgeTimestamps(client: AroClient, source: WebhookSource, make: MakeUnsigned): ForgedDelivery[] {
  const now = Math.floor(Date.now() / 1000)
  const tolerance =
    source === 'stripe'
      ? client.subject.webhooks.stripe.toleranceSeconds
      : client.subject.webhooks.calendly.toleranceSeconds
  const at = (name: string, time: number): ForgedDelivery => ({
    name,
    delivery: client.sign(make(), { at: time }),
    headers: {},
  })
  const retimed = (name: string, time: string): ForgedDelivery => {
    const delivery = client.sign(make())
    const signature = delivery.signature.replace(/t=\d+/, time === '' ? '' : `t=${time}`).replace(/^,/, '')
    return { name, delivery: { ...delivery, signature }, headers: {} }
  }
  return [
    at('stale timestamp, just past the tolerance', now - tolerance - 10),
    at('stale timestamp, a day old', now - 86_400),
    at('future timestamp, just past the tolerance', now + tolerance + 10),
    at('future timestamp, a day ahead', now + 86_400),
    retimed('timestamp renewed after signing', String(now + 1)),
    retimed('timestamp left out', ''),
    retimed('timestamp that is no number', 'NaN'),
    (() => {
      const delivery = client.sign(make(), { at: now * 1000 })
      return { name: 'timestamp in milliseconds', delivery, headers: {} }
    })(),
  ]
}

/** Digests that are weaker than the scheme, or over less than it says. */
function weakDigests(client: AroClient, source: WebhookSource, make: MakeUnsigned): ForgedDelivery[] {
  const secret = client.tenant.webhookSecrets[source]
  const encoding = source === 'twilio' ? 'base64' : 'hex'
  const weak = (name: string, digestOf: (body: string) => string, version?: string): ForgedDelivery => {
    const delivery = client.sign(make())
    const signature = changeDigest(delivery.signature, () => digestOf(delivery.body))
    return {
      name,
      delivery: { ...delivery, signature: version ? signature.replace('v1=', `${version}=`) : signature },
      headers: {},
    }
  }
  const body = weak('signature over the body without its context', (text) =>
    createHmac('sha256', secret).update(text).digest(encoding),
  )
  const delivery = client.sign(make())
  const isPlain = source === 'calendly' && !hasTimestamp(delivery)
  return [
    ...(isPlain ? [] : [body]),
    weak('algorithm downgrade: MD5 instead of the scheme’s', (text) =>
      createHmac('md5', secret).update(text).digest(encoding),
    ),
    ...(hasTimestamp(delivery)
      ? [
          {
            name: 'algorithm downgrade: genuine digest under the version v0',
            delivery: { ...delivery, signature: delivery.signature.replace('v1=', 'v0=') },
            headers: {},
          },
        ]
      : []),
  ]
}

function forgeQuery(delivery: Delivery): ForgedDelivery {
  const path = `${delivery.path}?${new URLSearchParams({ [delivery.signatureHeader]: delivery.signature }).toString()}`
  return {
    name: 'signature in the query instead of the header',
    delivery: { ...delivery, path },
    headers: { [delivery.signatureHeader]: null },
  }
}

const hasTimestamp = (delivery: Delivery): boolean => delivery.signature.startsWith('t=')

/** Changes the digest inside a signature header and leaves the rest. */
function changeDigest(signature: string, change: (text: string) => string): string {
  const marker = 'v1='
  const start = signature.indexOf(marker)
  if (!signature.startsWith('t=')) return change(signature)
  return signature.slice(0, start + marker.length) + change(signature.slice(start + marker.length))
}

const alterAll = (text: string): string => [...text].map((digit) => alterDigit(digit)).join('')

const alterAt = (text: string, index: number): string =>
  text.slice(0, index) + alterDigit(text.charAt(index)) + text.slice(index + 1)

/** Another digit of the same alphabet: hexadecimal, or a letter that base64 has too. */
function alterDigit(digit: string): string {
  if (/[0-9]/.test(digit)) return digit === '9' ? '1' : String(Number(digit) + 1)
  return digit === 'a' ? 'b' : 'a'
}

const swapCase = (text: string): string => (text === text.toLowerCase() ? text.toUpperCase() : text.toLowerCase())

/** Alters one letter of the service's name, which every made delivery holds; its marker stays. */
function alterOneByte(body: string): string {
  if (!body.includes('consultation')) throw new Error('Expected the word consultation in the body of a delivery.')
  return body.replace('consultation', 'consultatiom')
}
