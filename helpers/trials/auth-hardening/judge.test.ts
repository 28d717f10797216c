import { jwtVerify } from 'jose'
import { expect, test } from 'vitest'
import { forgeTokens, signToken, takeApart } from '../../attacks/forged-tokens.ts'
import { at, testJudge, where } from '../judge-harness.ts'
import { authTrialSchema, judgeAuth } from './judge.ts'
import type { AuthTrial } from './judge.ts'
import { cookiesOf } from './logins.ts'

const through = (trial: AuthTrial, status: number): void => {
  at(trial.attacks, 3).notRefused.push({ route: 'GET /customers', status })
}

testJudge({
  directory: import.meta.dirname,
  schema: authTrialSchema,
  judge: judgeAuth,
  alterations: [
    ['a token for ever', (trial) => void (trial.token.lifetimeSeconds = null), /lives for ever/],
    ['a token for two days', (trial) => void (trial.token.lifetimeSeconds = 172_800), /lives for 48.0 h/],
    ['a forged token believed', (trial) => through(trial, 200), /let through by 1 of 17.*GET \/customers \(200\)/],
    ['a forged token answered with not found', (trial) => through(trial, 404), /let through.*\(404\)/],
    ['a forged token that crashes', (trial) => through(trial, 500), /makes 1 of 17 admin routes fail/],
    [
      'another tenant reads',
      (trial) => trial.otherTenant.reached.push({ route: 'GET /customers/{id}', status: 200 }),
      /another tenant.*GET \/customers\/\{id\} \(200\)/,
    ],
    ['another tenant sees', (trial) => trial.otherTenant.leaks.push('GET /dashboard'), /another tenant.*dashboard/],
    ['something changed', (trial) => trial.changed.push('200 a became 200 b'), /changed the customer.*became/],
    [
      'alive after logout',
      (trial) => trial.loggedOut.stillAlive.push({ route: 'GET /metrics', status: 200 }),
      /good after its logout/,
    ],
    ['a wrong password', (trial) => void (at(trial.nearMisses, 0).status = 200), /wrong password \(the last char.*200/],
    ['locked early', (trial) => void (trial.lockout.afterFour = 429), /after four failures already/],
    [
      'not locked',
      (trial) => void (at(where(trial.lockout.tries, ({ name }) => name.includes('instances')).right, 1).status = 200),
      /no lockout after 5.*two instances.*on the other/,
    ],
    ['told by time', (trial) => void (trial.enumeration.unknownMedianMilliseconds = 4), /the time of the answer tells/],
    ['told by words', (trial) => void (trial.enumeration.unknown = ['404 no such account']), /the answer tells/],
    [
      'told by the lockout',
      (trial) => void (trial.enumeration.unknownSequence = [401, 401, 401, 401, 401, 401]),
      /the lockout tells/,
    ],
    ['a fast hash', (trial) => void (trial.passwords.processorMillisecondsPerLogin = 1.2), /hash is fast.*1.2 ms/],
    ['no salt', (trial) => trial.passwords.sharedValues.push('admin_users.password_hash'), /no salt.*admin_users/],
    ['a readable password', (trial) => trial.passwords.traces.push('password in a.b'), /can be read: password in a.b/],
    ['default credentials', (trial) => trial.defaultCredentials.accepted.push('admin with admin'), /default cred/],
    [
      'a bare cookie',
      (trial) => trial.cookies.push({ name: 'session', lacks: ['Secure', 'SameSite'] }),
      /cookie session lacks Secure, SameSite/,
    ],
    ['a process that ended', (trial) => void (trial.endedProcesses = 1), /1 of the subject's processes ended/],
  ],
  allowed: [
    ['a shorter life', (trial) => void (trial.token.lifetimeSeconds = 3600)],
    ['a whole cookie', (trial) => trial.cookies.push({ name: 'session', lacks: [] })],
  ],
})

const secret = 'a'.repeat(64)
const claims = {
  sub: '1',
  tenantId: 'one',
  iss: 'aro-system',
  aud: 'aro-admin',
  jti: 'j',
  iat: 1_800_000_000,
  exp: 1_800_086_400,
}
const genuine = signToken(Buffer.from(secret, 'hex'), claims)
const verify = (token: string): Promise<unknown> =>
  jwtVerify(token, Buffer.from(secret, 'hex'), {
    algorithms: ['HS256'],
    issuer: 'aro-system',
    audience: 'aro-admin',
    requiredClaims: ['exp', 'iss', 'aud'],
    currentDate: new Date(1_800_000_100_000),
  })

test('an independent library believes our genuine token and none of the forged', async () => {
  await expect(verify(genuine)).resolves.toMatchObject({ payload: claims })
  const forged = forgeTokens(takeApart(genuine, secret), { otherTenantId: 'two', now: 1_800_000_100 })
  expect(new Set(forged.map(({ name }) => name)).size).toBe(forged.length)
  for (const { name, authorization } of forged) {
    const token = /^Bearer (.+)$/.exec(authorization ?? '')?.[1] ?? 'none'
    await expect(verify(token), name).rejects.toThrow(/\w/)
    expect(token, name).not.toBe(genuine)
  }
})

test('a token of another key is not taken apart', () => {
  expect(() => takeApart(genuine, 'b'.repeat(64))).toThrow(/not signed by HS256 with secrets.jwt/)
})

test.each([
  ['session=a; Path=/; HttpOnly; Secure; SameSite=Strict', []],
  ['session=a; httponly; secure; samesite=lax', []],
  ['session=a; HttpOnly; SameSite=None', ['Secure', 'SameSite']],
  ['session=a', ['HttpOnly', 'Secure', 'SameSite']],
])('of the cookie %j the flags that lack are found', (cookie, lacks) => {
  const answer = { status: 200, text: '', json: undefined, durationMilliseconds: 1, sentAt: 1 }
  // node gives this one header as a list
  const headers = { 'set-cookie': [cookie] as unknown as string }
  expect(cookiesOf({ ...answer, headers })).toEqual([{ name: 'session', lacks }])
})
