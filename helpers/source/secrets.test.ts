import { expect, test } from 'vitest'
import { findBySecretlint } from './secretlint.ts'
import { findSecrets } from './secret-rules.ts'
import { makeSecretSamples } from './secret-samples.ts'

const samples = makeSecretSamples()

test.each(samples.filter(({ isSecret }) => isSecret))('finds a secret: $name', ({ path, text }) => {
  expect(findSecrets(path, text)).not.toEqual([])
})

test.each(samples.filter(({ isSecret }) => !isSecret))('finds none: $name', ({ path, text }) => {
  expect(findSecrets(path, text)).toEqual([])
})

test('a comment cannot switch secretlint off', async () => {
  const key = samples.find(({ name }) => name === 'GitHub token')?.text ?? ''
  expect(await findBySecretlint('.npmrc', `# secretlint-disable\n${key}`)).not.toEqual([])
})

test('a key of a live system is found as one within base64', () => {
  const manifest = samples.find(({ name }) => name === 'manifest of a cluster')?.text ?? ''
  expect(findSecrets('deploy/secret.yaml', manifest)).toMatchObject([
    { rule: 'Stripe live key in base64', isLive: true },
  ])
})
