import { randomBytes, randomUUID } from 'node:crypto'
import { signCalendly, signCalendlyBody, signStripe, signTwilio } from '../providers/signatures.ts'
import type { Tenant } from './facilities.ts'
import type { Booking } from './people.ts'
import type { Subject } from './subject.ts'

/** The providers that call ARO. */
export type WebhookSource = 'calendly' | 'stripe' | 'twilio'

/** A webhook as it goes over the wire: what a provider would send, signed or not. */
export interface Delivery {
  source: WebhookSource
  /** Unique text inside the body by which the delivery is found again wherever it went. */
  marker: string
  path: string
  /** Further texts that only this delivery holds, such as a person's; none may be found when it was refused. */
  traces: string[]
  /** The body byte for byte, as it was signed. */
  body: string
  contentType: string
  /** Name of the header that carries the signature. */
  signatureHeader: string
  signature: string
  /** Found again in events, logs and provider calls. */
  correlationId: string
}

/** Where and how a delivery is signed. */
export interface SigningContext {
  subject: Subject
  tenant: Tenant
  /** Address of the subject; part of what Twilio signs. */
  url: string
  /** Unix time in seconds that the signature claims; now by default. */
  at?: number
  /** Secret to sign with; the tenant's own by default. */
  secret?: string
}

/** A body not yet signed. */
export interface UnsignedDelivery {
  source: WebhookSource
  marker: string
  traces: string[]
  body: string
  contentType: string
}

/** The calendar provider's message about a booking. */
export function calendlyMessage(
  booking: Booking,
  event: 'appointment.created' | 'appointment.updated' | 'appointment.cancelled' = 'appointment.created',
): UnsignedDelivery {
  const body = JSON.stringify({
    event,
    event_id: `https://api.calendly.com/scheduled_events/${randomUUID()}/invitees/${randomUUID()}`,
    data: {
      ...booking.extras,
      appointment_id: booking.appointmentId,
      customer: booking.person,
      scheduled_at: booking.scheduledAt,
      duration: booking.durationMinutes,
      service_type: booking.serviceType,
    },
  })
  const { phone, email, name } = booking.person
  const traces = [phone, email, name]
  return { source: 'calendly', marker: booking.appointmentId, traces, body, contentType: 'application/json' }
}

/** An incoming SMS as Twilio posts it. */
export function smsMessage(tenant: Tenant, sms: { from: string; body: string; messageSid?: string }): UnsignedDelivery {
  const marker = sms.messageSid ?? `SM${randomBytes(16).toString('hex')}`
  const form = new URLSearchParams({
    MessageSid: marker,
    AccountSid: tenant.twilioAccountSid,
    From: sms.from,
    To: tenant.phoneNumber,
    Body: sms.body,
    NumMedia: '0',
  })
  return {
    source: 'twilio',
    marker,
    traces: [],
    body: form.toString(),
    contentType: 'application/x-www-form-urlencoded',
  }
}

/** Stripe's message that a deposit was paid. */
export function stripeMessage(details: { appointmentId: string; eventId?: string }): UnsignedDelivery {
  const marker = details.eventId ?? `evt_${randomBytes(12).toString('hex')}`
  const body = JSON.stringify({
    id: marker,
    object: 'event',
    api_version: '2025-09-30.clover',
    created: Math.floor(Date.now() / 1000),
    livemode: false,
    pending_webhooks: 1,
    request: { id: null, idempotency_key: null },
    type: 'checkout.session.completed',
    data: {
      object: {
        id: `cs_test_${randomBytes(12).toString('hex')}`,
        object: 'checkout.session',
        amount_total: 5000,
        currency: 'usd',
        payment_status: 'paid',
        status: 'complete',
        client_reference_id: details.appointmentId,
        metadata: { appointment_id: details.appointmentId, service: 'consultation' },
      },
    },
  })
  return { source: 'stripe', marker, traces: [], body, contentType: 'application/json' }
}

/** Signs a body as its provider really does, by the subject's scheme. */
export function sign(unsigned: UnsignedDelivery, context: SigningContext): Delivery {
  return { ...unsigned, correlationId: randomUUID(), ...signBytes(unsigned.source, unsigned.body, context) }
}

/** Where a provider posts a body, and the signature by which it proves itself; the body need not be text. */
export function signBytes(
  source: WebhookSource,
  body: string | Buffer,
  context: SigningContext,
): Pick<Delivery, 'path' | 'signatureHeader' | 'signature'> {
  const { subject, tenant } = context
  const at = context.at ?? Math.floor(Date.now() / 1000)
  const secret = context.secret ?? tenant.webhookSecrets[source]
  switch (source) {
    case 'calendly': {
      const timestamped = subject.webhooks.calendly.scheme === 'timestamped'
      return {
        path: subject.paths.calendlyWebhook,
        signatureHeader: timestamped ? 'Calendly-Webhook-Signature' : 'X-Calendly-Signature',
        signature: timestamped ? signCalendly(secret, body, at) : signCalendlyBody(secret, body),
      }
    }
    case 'stripe':
      return {
        path: subject.paths.stripeWebhook,
        signatureHeader: 'Stripe-Signature',
        signature: signStripe(secret, body, at),
      }
    case 'twilio': {
      const signedUrl = subject.webhooks.twilio.publicUrl ?? `${context.url}${subject.paths.smsWebhook}`
      return {
        path: subject.paths.smsWebhook,
        signatureHeader: 'X-Twilio-Signature',
        signature: signTwilio(secret, signedUrl, Object.fromEntries(new URLSearchParams(body.toString()))),
      }
    }
  }
}
