import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { compareInventory } from '../../subject/inventory.ts'
import { readRoutes } from '../../source/routes.ts'
import { subjectSchema } from '../../subject/subject.ts'
import { at, testJudge, where } from '../judge-harness.ts'
import { secondsToWait } from './burst.ts'
import { judgeRates, rateTrialSchema } from './judge.ts'
import type { LimitTrial, RateTrial } from './judge.ts'

const admin = (trial: RateTrial): LimitTrial => where(trial.limits, ({ name }) => name === 'admin API')
const refusal = { retryAfterSeconds: 60, code: 'RATE_LIMIT_EXCEEDED', isJson: true }

testJudge({
  directory: import.meta.dirname,
  schema: rateTrialSchema,
  judge: judgeRates,
  alterations: [
    [
      'an undeclared route',
      ({ inventory }) => inventory.undeclared.push({ route: 'GET /debug', where: 'src/a.ts:1:1' }),
      /GET \/debug is not declared \(src\/a.ts/,
    ],
    ['a missing route', ({ inventory }) => inventory.missing.push('GET /v1/events'), /GET \/v1\/events does not exist/],
    ['one too many', (trial) => (admin(trial).served = 103), /103 of 115 .*limit is 100/],
    ['one too few', (trial) => (admin(trial).served = 99), /only 99 requests/],
    [
      'limited after who it is',
      (trial) => (admin(trial).withoutCredentials.refused = 0),
      /without credentials was limited/,
    ],
    ['no Retry-After', (trial) => (admin(trial).refusal = { ...refusal, retryAfterSeconds: null }), /no Retry-After/],
    ['Retry-After 0', (trial) => (admin(trial).refusal = { ...refusal, retryAfterSeconds: 0 }), /Retry-After 0 s/],
    [
      'Retry-After next week',
      (trial) => (admin(trial).refusal = { ...refusal, retryAfterSeconds: 604_800 }),
      /604800 s/,
    ],
    ['no envelope', (trial) => (admin(trial).refusal = { ...refusal, code: null }), /no error envelope/],
    ['another code', (trial) => (admin(trial).refusal = { ...refusal, code: 'SLOW_DOWN' }), /the code SLOW_DOWN/],
    ['HTML', (trial) => (admin(trial).refusal = { ...refusal, isJson: false }), /content type/],
    ['an open route', (trial) => (at(admin(trial).routes, 3).status = 200), /answers 200 past the limit/],
    ['an evasion', (trial) => (at(admin(trial).evasions, 0).status = 200), /evaded by X-Forwarded-For: 200/],
    ['pipelined', (trial) => (admin(trial).pipelined = [429, 200]), /1 of 2 pipelined/],
    ['another instance', (trial) => (admin(trial).otherInstance = 200), /second instance answers 200/],
    ['another client', (trial) => (admin(trial).otherClient = 429), /another client is answered 429/],
    ['too early', (trial) => (admin(trial).early = 200), /before its window has ended/],
    ['never again', (trial) => (admin(trial).afterwards = 429), /answered 429 after its window/],
  ],
  allowed: [
    ['a bucket that fills up meanwhile', (trial) => Object.assign(admin(trial), { served: 101, seconds: 9 })],
    ['another spelling that is no route', (trial) => (at(admin(trial).evasions, 22).status = 404)],
    ['a route of no profile', ({ inventory }) => (inventory.atRunTime = null)],
  ],
})

function repositoryWith(files: Record<string, string>): string {
  const root = mkdtempSync(join(tmpdir(), 'routes-'))
  onTestFinished(() => rmSync(root, { recursive: true }))
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(root, name, '..'), { recursive: true })
    writeFileSync(join(root, name), text)
  }
  return root
}

test('routes are found in every usual way to register them, and nothing else is taken for one', () => {
  const root = repositoryWith({
    'src/app.ts': `
      app.get('/health', async () => 'ok')
      router.post(\`/v1/things/:id\`, guard, handler)
      app.route({ method: ['GET', 'HEAD'], url: '/both', handler })
      app.all('/any', (request, response) => response.end())
      cache.get('key', () => 1)
      client.get('/not-a-route')
      app.get(\`\${prefix}/computed\`, async () => 'x')
    `,
    'src/broken.ts': 'const = ',
    'tests/fake.ts': `app.get('/only-in-tests', async () => 'x')`,
    'src/app.test.ts': `app.get('/only-in-tests', async () => 'x')`,
  })
  const { routes, computed, unreadable } = readRoutes(root)
  expect(routes.map(({ method, path }) => `${method} ${path}`).toSorted()).toEqual([
    'ALL /any',
    'GET /both',
    'GET /health',
    'HEAD /both',
    'POST /v1/things/:id',
  ])
  expect(computed).toEqual(['src/app.ts:8:7'])
  expect(unreadable).toEqual(['src/broken.ts'])
})

const subjectAt = (root: string, routes: object[] = []) =>
  subjectSchema.parse({
    name: 'ARO',
    version: 'v1',
    environment: 'staging',
    root,
    routes,
    start: { command: ['node', 'main.js'], environment: () => ({}) },
    limits: { memoryMegabytes: 512, processors: 1 },
    command: { commandType: 'a', profile: 'b', aggregateType: 'c', payload: {} },
  })

test.each([
  ['in the source', `app.get('/debug/:id', async () => 'x')`, [], 'src/app.ts:1:1'],
  ['at run time', '', ['GET /debug/:id'], 'the framework’s own list'],
])('an undeclared route is found %s', (_name, source, served, where) => {
  const root = repositoryWith({ 'src/app.ts': source })
  expect(compareInventory(subjectAt(root), new Set(served)).undeclared).toEqual([{ route: 'GET /debug/:id', where }])
  const declared = subjectAt(root, [{ method: 'GET', path: '/debug/{id}', limit: { requests: 1, windowSeconds: 1 } }])
  expect(compareInventory(declared, new Set(served)).undeclared).toEqual([])
})

test('a declared route that the framework does not list is missing', () => {
  const root = repositoryWith({ 'src/app.ts': `app.get('/health', async () => 'x')` })
  const { missing, atRunTime } = compareInventory(subjectAt(root), new Set(['GET /health', 'HEAD /health']))
  expect(missing).toContain('GET /ready')
  expect(missing).not.toContain('GET /health')
  expect(atRunTime).toBe(1)
})

test.each([
  [{ 'retry-after': '60' }, 60],
  [{}, null],
  [{ 'retry-after': 'soon' }, null],
  [{ 'retry-after': 'Tue, 24 Nov 2026 10:01:30 GMT' }, 90],
])('how long to wait is read from %j', (headers, seconds) => {
  expect(secondsToWait(headers, Date.UTC(2026, 10, 24, 10))).toBe(seconds)
})
