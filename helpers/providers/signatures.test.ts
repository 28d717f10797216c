import Stripe from 'stripe'
import twilio from 'twilio'
import { expect, test } from 'vitest'
import { signStripe, signTwilio } from './signatures.ts'

const now = Math.floor(Date.now() / 1000)

test('signs as the stripe package does', () => {
  const body = JSON.stringify({ id: 'evt_1', object: 'event', note: 'ä' })
  const stripe = new Stripe('sk_test_1')
  const header = signStripe('whsec_1', body, now)
  expect(stripe.webhooks.constructEvent(body, header, 'whsec_1').id).toBe('evt_1')
  expect(header).toBe(stripe.webhooks.generateTestHeaderString({ payload: body, secret: 'whsec_1', timestamp: now }))
  expect(() => stripe.webhooks.constructEvent(body, signStripe('whsec_2', body, now), 'whsec_1')).toThrow(/signature/i)
})

test('signs as the twilio package checks', () => {
  const url = 'http://127.0.0.1:3000/webhooks/sms/incoming'
  const parameters = { To: '+1', Body: 'STOP ñ & +', From: '+2', MessageSid: 'SM1', Empty: '' }
  expect(twilio.validateRequest('token', signTwilio('token', url, parameters), url, parameters)).toBe(true)
  expect(twilio.validateRequest('token', signTwilio('other', url, parameters), url, parameters)).toBe(false)
})
