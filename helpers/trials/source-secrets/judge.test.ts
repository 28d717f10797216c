import { createHash } from 'node:crypto'
import { testJudge } from '../judge-harness.ts'
import { judgeSourceSecrets, sourceSecretsTrialSchema } from './judge.ts'
import type { SourceSecretsTrial } from './judge.ts'

type Finding = SourceSecretsTrial['findings'][number]

const finding = (overrides: Partial<Finding> = {}): Finding => ({
  rule: 'private key',
  sha256: createHash('sha256').update('test').digest('hex'),
  characters: 184,
  isLive: false,
  places: [{ place: 'tree', where: 'deploy/key.pem:1' }],
  listed: null,
  ...overrides,
})
const listing = {
  listing: 'tests/key.pem',
  reason: 'signs nothing outside of the tests',
  matches: 1,
  coversLive: false,
}
const inHistory = { place: 'history' as const, where: 'scripts/pay.ts:4, commit 1a2b3c4' }

testJudge({
  directory: import.meta.dirname,
  schema: sourceSecretsTrialSchema,
  judge: judgeSourceSecrets,
  alterations: [
    [
      'a private key in a file',
      ({ findings }) => findings.push(finding()),
      /in the source: private key.*deploy\/key\.pem:1 \(tree\)/,
    ],
    [
      'a key that was removed later',
      ({ findings }) => findings.push(finding({ rule: 'Stripe live key', isLive: true, places: [inHistory] })),
      /in the history.*Stripe live key.*commit 1a2b3c4/,
    ],
    [
      'a live key that is listed',
      ({ findings }) => findings.push(finding({ isLive: true, listed: 'only for a demonstration' })),
      /a secret is in the source/,
    ],
    ['a listing of nothing', ({ listings }) => listings.push({ ...listing, matches: 0 }), /nothing in the source/],
    [
      'a listing of a live key',
      ({ listings }) => listings.push({ ...listing, coversLive: true }),
      /covers a value in the form of a live/,
    ],
  ],
  allowed: [
    [
      'a test value that is listed',
      ({ findings, listings }) => {
        findings.push(finding({ listed: listing.reason }))
        listings.push(listing)
      },
    ],
  ],
})
