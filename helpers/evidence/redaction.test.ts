import fc from 'fast-check'
import { expect, test } from 'vitest'
import { redact } from './redaction.ts'

const secret = 'S3cr3t/with+odd chars"and\\more'
const bytes = Buffer.from(secret)

test.each([
  ['raw', secret],
  ['base64', bytes.toString('base64')],
  ['base64url', bytes.toString('base64url')],
  ['hex', bytes.toString('hex')],
  ['upper-case hex', bytes.toString('hex').toUpperCase()],
  ['URL-encoded', encodeURIComponent(secret)],
  ['inside JSON text', JSON.stringify({ key: secret })],
])('removes an exact secret, %s', (_form, text) => {
  const redacted = redact({ seen: `before ${text} after` }, [secret])
  expect(redacted.seen).toMatch(/^before .*\(redacted secret 1\).* after$/)
  expect(redacted.seen).not.toContain(text)
})

test.each(['a:', 'ab:', 'abc:'])('removes a secret that stands behind %s in base64', (user) => {
  const header = Buffer.from(`${user}kJ8s-long-enough-password`).toString('base64')
  const redacted = redact(`Basic ${header}`, ['kJ8s-long-enough-password'])
  const rest = redacted.replace(/\(redacted secret 1\)/, '').replace('Basic ', '')
  expect(redacted).toContain('(redacted secret 1)')
  expect(rest.length).toBeLessThanOrEqual(10)
})

const samples: [string, string, string][] = [
  ['a JWT', 'token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc-_1 end', 'token (redacted token 1) end'],
  ['an unsigned JWT', 'eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.', '(redacted token 1)'],
  ['a Bearer token', 'Authorization: Bearer aro_1234567890', 'Authorization: Bearer (redacted token 1)'],
  ['a webhook secret', 'whsec_0123456789abcdef', '(redacted token 1)'],
  ['a live Stripe key', 'sk_live_0123456789', '(redacted token 1)'],
  ['a test Stripe key', 'sk_test_0123456789', '(redacted token 1)'],
  ['a phone number', 'to +16285551234.', 'to (redacted phone 1).'],
  ['a URL-encoded phone number', 'To=%2B16285551234&x', 'To=(redacted phone 1)&x'],
  ['an e-mail address', 'mail ada.l@clinic-1.example.org now', 'mail (redacted e-mail address 1) now'],
  [
    'a private key',
    'x -----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY----- y',
    'x (redacted private key 1) y',
  ],
]

test.each(samples)('removes %s', (_name, text, expected) => {
  expect(redact(text, [])).toBe(expected)
})

test('removes a password from a database address, also one that holds an @', () => {
  expect(redact('postgres://aro:hunter22@db:5432/aro', [])).toBe('postgres://aro:(redacted password 1)@db:5432/aro')
  expect(redact('at postgresql://aro:p@ss@db.example/aro', [])).toBe(
    'at postgresql://aro:(redacted password 1)@db.example/aro',
  )
  expect(redact('at postgresql://aro:pa/ss@db.example/aro', [])).not.toContain('pa/ss')
})

test.each([
  'vitest@5.1.1',
  '@aro/production-gate',
  '2026-11-23T10:00:00+01:00',
  'http://127.0.0.1:8080/webhooks/calendly',
  'Bearer of bad news',
  '1 + 2 = +3',
  'sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
])('leaves %s as it is', (text) => {
  expect(redact(text, [])).toBe(text)
})

test('gives equal secrets equal placeholders and different ones different, in keys and values, at any depth', () => {
  const before = { '+16285551234': [{ to: '+16285551234' }, { to: '+16285559999', count: 2, gone: null, ok: true }] }
  expect(redact(before, [])).toEqual({
    '(redacted phone 1)': [{ to: '(redacted phone 1)' }, { to: '(redacted phone 2)', count: 2, gone: null, ok: true }],
  })
})

test('leaves what holds no secret untouched, and is done after one pass', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const once = redact(value, [secret])
      expect(redact(once, [secret])).toEqual(once)
    }),
  )
})

test('leaves no given secret behind, whatever surrounds it', () => {
  const longSecret = fc.string({ minLength: 8, maxLength: 40, unit: fc.constantFrom(...'abcDEF123/+=_-% ') })
  fc.assert(
    fc.property(longSecret, fc.string(), fc.string(), (hidden, before, after) => {
      const redacted = redact({ text: `${before}${hidden}${after}`, [hidden]: 1 }, [hidden])
      expect(JSON.stringify(redacted)).not.toContain(hidden)
    }),
  )
})
