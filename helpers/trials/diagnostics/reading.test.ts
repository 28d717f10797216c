import { expect, test } from 'vitest'
import { brokenInJson, brokenInText } from './reading.ts'

test.each([
  [
    'a list of checks',
    {
      checks: [
        { name: 'database', status: 'ok' },
        { name: 'stripe', status: 'failed' },
      ],
    },
    ['stripe'],
  ],
  ['by name', { database: { healthy: true }, providers: { twilio: { healthy: false, error: 'x' } } }, ['twilio']],
  ['flags', { ok: false, results: { postgres: 'up', llm: 'down' } }, ['llm']],
  ['a list of what is broken', { healthy: false, broken: ['openclaw'], skipped: ['calendly'] }, ['openclaw']],
  ['truth values', { db: true, sms: false }, ['twilio']],
  [
    'what depends on it was skipped',
    {
      checks: [
        { name: 'database', status: 'fail' },
        { name: 'queue', status: 'skipped' },
      ],
    },
    ['database'],
  ],
  ['nothing', { status: 'healthy', checks: [{ component: 'PostgreSQL', state: 'up' }] }, []],
])('JSON: %s', (_layout, document, broken) => {
  expect(brokenInJson(document)).toEqual(broken)
})

test.each([
  ['✓ database  answers (3 ms)\n✗ twilio  connection reset (9 ms)\nunhealthy: twilio', ['twilio']],
  ['[ OK ] Postgres\n[FAIL] Stripe: 401\n', ['stripe']],
  ['database ........ ok\nllm ............. TIMED OUT\n', ['llm']],
  ['✓ database\n✓ dead-letters  0 failed\n- calendly  not looked at\nhealthy', []],
])('text %j', (text, broken) => {
  expect(brokenInText(text)).toEqual(broken)
})
