import type { AroClient } from '../subject/client.ts'
import { calendlyMessage, smsMessage, stripeMessage } from '../subject/deliveries.ts'
import type { Delivery, UnsignedDelivery, WebhookSource } from '../subject/deliveries.ts'
import { makeBooking, makePerson } from '../subject/people.ts'

/** A delivery that a provider might really send, and what is unusual about it. */
export interface GenuineDelivery {
  name: string
  delivery: Delivery
}

/** Makes plain deliveries of one source, each with content of its own. */
export const plainDelivery: Record<WebhookSource, (client: AroClient) => UnsignedDelivery> = {
  calendly: () => calendlyMessage(makeBooking()),
  stripe: () => stripeMessage({ appointmentId: makeBooking().appointmentId }),
  twilio: (client) => smsMessage(client.tenant, { from: makePerson().phone, body: 'Is my consultation at nine?' }),
}

/** Genuine deliveries of one source, plain and unusual: whoever checks something else than the bytes sent refuses some. */
export function genuineDeliveries(client: AroClient, source: WebhookSource): GenuineDelivery[] {
  const make = (): UnsignedDelivery => plainDelivery[source](client)
  const plain = { name: 'plain', delivery: client.sign(make()) }
  if (source === 'twilio') {
    const text = smsMessage(client.tenant, {
      from: makePerson().phone,
      body: 'consultation + 50 % & más = ¿mañana? 👍',
    })
    const empty = make()
    return [
      plain,
      { name: 'unusual characters', delivery: client.sign(text) },
      {
        name: 'an empty parameter',
        delivery: client.sign({ ...empty, body: `${empty.body}&ProfileName=&ApiVersion=2010-04-01` }),
      },
    ]
  }
  const reshape = (change: (value: object) => string): Delivery => {
    const unsigned = make()
    return client.sign({ ...unsigned, body: change(JSON.parse(unsigned.body) as object) })
  }
  const now = Math.floor(Date.now() / 1000)
  return [
    plain,
    { name: 'white space in the JSON', delivery: reshape((value) => `${JSON.stringify(value, null, 3)}\r\n`) },
    {
      name: 'escapes in the JSON',
      delivery: reshape((value) => JSON.stringify(value).replaceAll('consultation', String.raw`\u0063onsultation`)),
    },
    { name: 'sent half a minute ago', delivery: client.sign(make(), { at: now - 30 }) },
  ]
}
