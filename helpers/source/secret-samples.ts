import { createHash, generateKeyPairSync, randomBytes, randomInt, randomUUID } from 'node:crypto'

/** A piece of source that does, or does not, hold a secret; made anew each time, so that no secret is written anywhere. */
export interface SecretSample {
  name: string
  path: string
  text: string
  isSecret: boolean
}

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const pick = (alphabet: string, length: number): string =>
  Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join('')
const alphanumeric = (length: number): string => `${pick(letters, length - 2)}${randomInt(10)}${pick('ABCDEFGH', 1)}`
const hex = (bytes: number): string => randomBytes(bytes).toString('hex')

const token = (claims: object): string =>
  [{ alg: 'HS256', typ: 'JWT' }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.') + `.${randomBytes(32).toString('base64url')}`

/** Samples of each kind of secret that an ARO has, and of what is easily taken for one. */
export function makeSecretSamples(): SecretSample[] {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  const account = `AC${hex(16)}`
  const secret = (name: string, path: string, text: string): SecretSample => ({ name, path, text, isSecret: true })
  const harmless = (name: string, path: string, text: string): SecretSample => ({ name, path, text, isSecret: false })
  return [
    secret('Stripe live key in code', 'src/pay.ts', `const stripe = new Stripe('sk_live_${alphanumeric(40)}')\n`),
    secret('Stripe restricted key', 'a.env', `STRIPE_API_KEY=rk_live_${alphanumeric(40)}\n`),
    secret('Stripe webhook secret', 'config.yaml', `webhook: whsec_${alphanumeric(32)}\n`),
    secret('Twilio account and token', 'src/sms.ts', `twilio('${account}', '${hex(16)}')\n`),
    secret('Twilio token by name', 'a.env', `TWILIO_AUTH_TOKEN=${hex(16)}\n`),
    secret(
      'Twilio API key and secret',
      'src/sms.ts',
      `twilio('SK${hex(16)}', '${alphanumeric(32)}', { accountSid })\n`,
    ),
    secret(
      'Calendly personal token',
      'src/book.ts',
      `const calendly = '${token({ iss: 'https://auth.calendly.com', jti: randomUUID() })}'\n`,
    ),
    secret('PostgreSQL address', 'docs/run.md', `psql postgres://aro:${alphanumeric(20)}@db-1.aro.internal:5432/aro\n`),
    secret('private key', 'deploy/key.pem', pem),
    secret('private key in one line', 'src/key.ts', `const key = ${JSON.stringify(pem)}\n`),
    secret('signing secret by name', 'src/token.ts', `const key = process.env.JWT_SECRET ?? '${hex(32)}'\n`),
    secret('encryption key in a manifest', 'deploy/values.yaml', `encryptionKey: ${hex(32)}\n`),
    secret(
      'service token in JSON',
      'tenants.json',
      `{ "serviceToken": "${randomBytes(24).toString('base64url')}7" }\n`,
    ),
    secret('password', 'docker-compose.yaml', `POSTGRES_PASSWORD: Tq7!${alphanumeric(12)}\n`),
    secret('password in SQL', 'seed.sql', `create role aro login password '${alphanumeric(14)}7!';\n`),
    secret('default of a schema', 'src/config.ts', `JWT_SECRET: z.string().default('${hex(32)}'),\n`),
    secret(
      'bearer header',
      'try.sh',
      `curl -H "Authorization: Bearer ${randomBytes(30).toString('base64url')}1a" https://aro.internal\n`,
    ),
    secret(
      'manifest of a cluster',
      'deploy/secret.yaml',
      `data:\n  stripe: ${Buffer.from(`sk_live_${alphanumeric(40)}`).toString('base64')}\n`,
    ),
    secret('GitHub token', '.npmrc', `//npm.pkg.github.com/:_authToken=ghp_${alphanumeric(36)}\n`),
    secret('AWS keys', 'up.sh', `export AWS_SECRET_ACCESS_KEY=${alphanumeric(40)}\n`),
    harmless(
      'environment template',
      '.env.example',
      'JWT_SECRET=<64 hexadecimal digits>\nSTRIPE_API_KEY=sk_test_your_key_here\n',
    ),
    harmless('variable in an address', 'a.yaml', 'url: postgres://aro:${POSTGRES_PASSWORD}@db:5432/aro\n'),
    harmless('public key', 'release.pem', publicKey.export({ type: 'spki', format: 'pem' }).toString()),
    harmless('checksum', 'SHA256SUMS', `${hex(32)}  aro-1.4.0.tgz\n`),
    harmless('integrity', 'package-lock.json', `"integrity": "sha512-${randomBytes(64).toString('base64')}"\n`),
    harmless('commit', 'README.md', `Built from commit ${hex(20)}.\n`),
    harmless('id', 'src/ids.ts', `const tokenOwner = '${randomUUID()}'\n`),
    harmless('made at run time', 'src/make.ts', 'const apiKey = `sk_live_${random(24)}`\n'),
    harmless('read from the environment', 'src/config.ts', 'const jwtSecret = process.env.JWT_SECRET\n'),
    harmless('pattern', 'src/rule.ts', 'const stripeKey = /\\bsk_live_\\w{8,}/\n'),
    harmless('words', 'src/names.ts', "const accessToken = 'healthcare.access.token.of.session'\n"),
    harmless('account id', 'src/sms.ts', `const sender = '${account}'\n`),
    harmless('digest', 'src/sum.ts', `const etag = '${createHash('sha256').update(hex(4)).digest('hex')}'\n`),
    harmless('local database', 'vitest.config.ts', "const url = 'postgres://postgres:postgres@localhost:5432/test'\n"),
    harmless('regular value', 'tests/a.test.ts', `const encryptionKey = '${'0f'.repeat(32)}'\n`),
  ]
}
