import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { findSecrets } from './secret-search.ts'

const secret = 'sk_test_9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822c'
const labelsIn = (haystack: string | Buffer): string[] =>
  findSecrets(haystack, { key: secret }).map(({ label }) => label)

test.each([
  ['as it is', `{"key":"${secret}"}`],
  ['in base64 inside a longer text', Buffer.from(`token:${secret}:end`).toString('base64')],
  ['in hexadecimal', Buffer.from(secret).toString('hex').toUpperCase()],
  ['reversed', [...secret].toReversed().join('')],
  ['masked but for its beginning', `${secret.slice(0, -4)}****`],
  ['compressed, in base64', `v1:${gzipSync(secret).toString('base64')}`],
  ['compressed bytes', gzipSync(`before ${secret} after`)],
])('finds a secret %s', (_name, haystack) => {
  expect(labelsIn(haystack)).toContain('key')
})

test.each([
  ['the last four characters', `•••• ${secret.slice(-4)}`],
  ['what every key of the kind begins with', `${secret.slice(0, 8)}…`],
  ['another secret', secret.replaceAll('8', '7').replaceAll('a', 'b')],
])('does not take %s for the secret', (_name, haystack) => {
  expect(labelsIn(haystack)).toEqual([])
})
