import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hang } from '../faults/provider-hang.ts'
import { answerGarbage } from '../faults/provider-garbage.ts'
import { halveAnswer } from '../faults/provider-half-answer.ts'
import { loseAnswer } from '../faults/provider-answer-lost.ts'
import { refuseConnections } from '../faults/provider-refused.ts'
import { answerLate } from '../faults/provider-slow.ts'
import { answerWithStatus } from '../faults/provider-status.ts'
import { makeTenants } from '../subject/tenants.ts'
import { startProviderLab } from './lab.ts'
import type { ProviderLab } from './lab.ts'

// programs lie where the packages they use can be resolved from
const repository = fileURLToPath(new URL('../..', import.meta.url))
const directory = mkdtempSync(join(repository, 'node_modules/.aro-gate-lab-'))
const [tenant] = makeTenants(2)
let lab: ProviderLab

beforeAll(async () => {
  lab = await startProviderLab({ tenants: makeTenants(0).concat(tenant ?? []), directory })
})
afterAll(async () => {
  await lab[Symbol.asyncDispose]()
  rmSync(directory, { recursive: true, force: true })
})

interface Ran {
  exitCode: number | null
  output: string
}

let programs = 0

/** Runs a program as the subject would be run; it prints what the test looks at. */
async function run(
  program: string,
  options: { extension?: string; environment?: Record<string, string>; flags?: string[] } = {},
): Promise<Ran> {
  const file = join(directory, `program-${(programs += 1)}.${options.extension ?? 'mjs'}`)
  writeFileSync(file, program)
  return runFile([...(options.flags ?? []), file], options.environment)
}

async function runFile(nodeArguments: string[], environment: Record<string, string> = {}): Promise<Ran> {
  const child = spawn(process.execPath, nodeArguments, {
    env: { PATH: process.env.PATH, ...lab.environment, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const [exitCode] = (await once(child, 'close')) as [number | null]
  return { exitCode, output }
}

const url = 'https://api.openai.com/v1/chat/completions'
const print = 'console.log(status)'

describe('every client is rerouted to the lab, with TLS verified', () => {
  const clients: [string, string, string?][] = [
    ['fetch', `const { status } = await fetch('${url}', { method: 'POST' }); ${print}`],
    [
      'fetch over plain HTTP',
      `const { status } = await fetch('${url.replace('https', 'http')}', { method: 'POST' }); ${print}`,
    ],
    [
      'https',
      `import https from 'node:https'; https.request('${url}', { method: 'POST' }, ({ statusCode: status }) => { ${print}; process.exit() }).end()`,
    ],
    [
      'https from CommonJS',
      `require('https').request('${url}', { method: 'POST' }, ({ statusCode: status }) => { ${print}; process.exit() }).end()`,
      'cjs',
    ],
    [
      'https with keep-alive, twice',
      `import https from 'node:https'; const agent = new https.Agent({ keepAlive: true }); const call = () => new Promise((done) => https.request('${url}', { method: 'POST', agent }, (response) => { response.resume(); response.on('end', () => done(response.statusCode)) }).end()); await call(); const status = await call(); ${print}; process.exit()`,
    ],
    [
      'axios',
      `import axios from 'axios'; const { status } = await axios.post('${url}', {}, { validateStatus: () => true }); ${print}`,
    ],
    [
      'undici fetch',
      `import { fetch } from 'undici'; const { status } = await fetch('${url}', { method: 'POST' }); ${print}`,
    ],
    [
      'undici request',
      `import { request } from 'undici'; const { statusCode: status } = await request('${url}', { method: 'POST' }); ${print}`,
    ],
    [
      'undici Pool',
      `import { Pool } from 'undici'; const { statusCode: status } = await new Pool('https://api.openai.com').request({ path: '/v1/chat/completions', method: 'POST' }); ${print}; process.exit()`,
    ],
    [
      'a child process',
      `import { spawnSync } from 'node:child_process'; const { stdout } = spawnSync(process.execPath, ['-e', "fetch('${url}', { method: 'POST' }).then(({ status }) => ${print})"]); console.log(String(stdout).trim())`,
    ],
    [
      'a worker',
      `import { Worker } from 'node:worker_threads'; new Worker(new URL('data:text/javascript,' + encodeURIComponent("const { status } = await fetch('${url}', { method: 'POST' }); ${print}")))`,
    ],
    [
      'an eval worker',
      `import { Worker } from 'node:worker_threads'; new Worker("fetch('${url}', { method: 'POST' }).then(({ status }) => ${print})", { eval: true })`,
    ],
  ]

  test.concurrent.each(clients)('%s', async (_client, program, extension) => {
    const before = lab.journal.mark()
    const { output } = await run(program, extension === undefined ? {} : { extension })
    expect(output.trim()).toBe('401')
    expect(lab.journal.since(before).some((entry) => entry.url === url)).toBe(true)
  })

  test('the twilio package sends a message', async () => {
    const { twilioAccountSid: sid, webhookSecrets, phoneNumber } = tenant ?? expect.fail('no tenant')
    const { output } = await run(
      `import twilio from 'twilio'; const message = await twilio('${sid}', '${webhookSecrets.twilio}').messages.create({ to: '+14155550100', from: '${phoneNumber}', body: 'Hello' }); console.log(message.sid, message.status)`,
    )
    expect(output).toMatch(/^SM[0-9a-f]{32} queued/)
    expect(lab.journal.messages().find((message) => message.to === '+14155550100')?.body).toBe('Hello')
  })

  test('the twilio package is told of a wrong number and a wrong token', async () => {
    const { twilioAccountSid: sid, webhookSecrets, phoneNumber } = tenant ?? expect.fail('no tenant')
    const send = (token: string, to: string): string =>
      `await twilio('${sid}', '${token}').messages.create({ to: '${to}', from: '${phoneNumber}', body: 'x' }).catch((error) => console.log(error.status, error.code));`
    const { output } = await run(
      `import twilio from 'twilio'; ${send(webhookSecrets.twilio, 'nobody')} ${send('0'.repeat(32), '+14155550100')}`,
    )
    expect(output.trim().split('\n')).toEqual(['400 21211', '401 20003'])
  })

  test('the stripe package makes a checkout session once for one idempotency key', async () => {
    const { stripeApiKey } = tenant ?? expect.fail('no tenant')
    const { output } = await run(
      `import Stripe from 'stripe'; const stripe = new Stripe('${stripeApiKey}'); const make = () => stripe.checkout.sessions.create({ mode: 'payment' }, { idempotencyKey: 'one' }); const [a, b] = [await make(), await make()]; console.log(a.id === b.id, a.url.startsWith('https://checkout.stripe.com/'))`,
    )
    expect(output.trim()).toBe('true true')
  })
})

describe('nothing gets out', () => {
  test('a call to an unknown host fails and is recorded', async () => {
    const { output } = await run("await fetch('https://evil.example.com/x').catch((error) => console.log('failed'))")
    expect(output).toContain('failed')
    expect(lab.escapes.some((escape) => escape.host === 'evil.example.com')).toBe(true)
  })

  test('raw bytes to an address fail and are recorded', async () => {
    const before = lab.escapes.length
    await run(
      "import net from 'node:net'; const socket = net.connect(5432, '203.0.113.7'); socket.on('error', () => {}); socket.end('not http\\r\\n\\r\\n')",
    )
    expect(lab.escapes.length).toBeGreaterThan(before)
  })

  test('a datagram and a name query are refused and recorded', async () => {
    const { output } = await run(
      "import dgram from 'node:dgram'; import dns from 'node:dns'; dgram.createSocket('udp4').send('x', 53, '203.0.113.7', (error) => { console.log(error.code); dns.resolve4('evil.example.com', (failure) => { console.log(failure.code); setTimeout(() => process.exit(), 300) }) })",
    )
    expect(output.trim().split('\n')).toEqual(['EACCES', 'ENOTFOUND'])
    expect(lab.escapes.some((escape) => escape.what === 'UDP')).toBe(true)
    expect(lab.escapes.some((escape) => escape.what === 'dns.resolve4')).toBe(true)
  })

  test('a call fails when the lab is gone', async () => {
    const environment = { ARO_GATE_LAB_HTTPS_PORT: '1' }
    const { output } = await run(`await fetch('${url}').catch((error) => console.log(error.cause.code))`, {
      environment,
    })
    expect(output).toContain('ECONNREFUSED')
  })

  test('a process without the lab’s ports does not start', async () => {
    const { exitCode } = await run("console.log('ran')", { environment: { ARO_GATE_LAB_HTTP_PORT: '' } })
    expect(exitCode).toBe(97)
  })

  test('loopback stays as it is', async () => {
    const server = createServer((_request, response) => response.end('local')).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    const port = typeof address === 'object' ? address?.port : 0
    const { output } = await run(
      `console.log(await (await fetch('http://localhost:${port}/').catch(() => fetch('http://127.0.0.1:${port}/'))).text())`,
    )
    expect(output.trim()).toBe('local')
    server.close()
  })

  test('a certificate that nobody vouches for is refused by a client that verifies', async () => {
    const own = await startProviderLab({ tenants: [], directory })
    own.presentUntrustedCertificate('api.openai.com')
    const { output } = await run(`await fetch('${url}').catch((error) => console.log(error.cause.code))`, {
      environment: own.environment,
    })
    expect(output).toMatch(/CERT|ISSUER|SIGNATURE/)
    await own[Symbol.asyncDispose]()
  })
})

describe('faults at the socket', () => {
  const call = `const started = performance.now(); try { const response = await fetch('${url}', { method: 'POST', signal: AbortSignal.timeout(4000) }); const text = await response.text(); console.log(response.status, text.slice(0, 6), performance.now() - started > 2000 ? 'late' : 'soon') } catch (error) { console.log(error.name === 'TimeoutError' ? 'timeout' : 'broken') } process.exit()`

  test.each([
    ['a status', answerWithStatus({ status: 503 }), /^503/],
    ['a hang', hang(), /^timeout/],
    ['a reset', refuseConnections(), /^broken/],
    ['garbage', answerGarbage(), /^200 <html>/],
    ['half an answer', halveAnswer(), /^broken/],
    ['a lost answer', loseAnswer(), /^broken/],
    ['a late answer', answerLate({ milliseconds: 2200 }), /^401 .* late/],
  ])('%s is met by a real client, and is over when ended', async (_name, fault, expected) => {
    const active = await lab.fault('llm', fault)
    expect(active.proof().tookHold).toBe(false)
    expect((await run(call)).output).toMatch(expected)
    expect(active.proof()).toMatchObject({ tookHold: true, observations: 1, ended: false })
    await active.end()
    expect((await run(call)).output).toMatch(/^401 .* soon/)
    expect(active.proof()).toMatchObject({ observations: 1, ended: true })
  })

  test('meets only as many requests as it should', async () => {
    await using active = await lab.fault('llm', answerWithStatus({ status: [500, 502], times: 2 }))
    const { output } = await run(
      `for (let i = 0; i < 3; i += 1) console.log((await fetch('${url}', { method: 'POST' })).status)`,
    )
    expect(output.trim().split('\n')).toEqual(['500', '502', '401'])
    expect(active.proof().observations).toBe(2)
  })

  test('takes effect although the answer is lost, once for one idempotency key', async () => {
    const { twilioAccountSid: sid, webhookSecrets, phoneNumber } = tenant ?? expect.fail('no tenant')
    await using fault = await lab.fault('twilio', loseAnswer({ times: 1 }))
    await run(
      `for (let i = 0; i < 2; i += 1) await fetch('https://api.twilio.com/2010-04-01/Accounts/${sid}/Messages.json', { method: 'POST', headers: { authorization: 'Basic ' + btoa('${sid}:${webhookSecrets.twilio}'), 'idempotency-key': 'k1' }, body: new URLSearchParams({ To: '+14155550111', From: '${phoneNumber}', Body: 'x' }) }).catch(() => {})`,
    )
    expect(fault.proof().observations).toBe(1)
    expect(lab.journal.calls('twilio').filter((entry) => entry.form?.To === '+14155550111')).toHaveLength(2)
    expect(lab.journal.messages().filter((message) => message.to === '+14155550111')).toHaveLength(1)
  })
})

describe('the movable clock', () => {
  test('fires a timer of a minute at once and moves Date', async () => {
    const program = `const started = Date.now(); setTimeout(() => { console.log(Date.now() - started >= 60_000 ? 'moved' : 'stood'); process.exit() }, 60_000)`
    const own = await startProviderLab({ tenants: [], directory })
    const running = run(program, { environment: own.environmentWithClock })
    await expect.poll(() => own.processes.length, { timeout: 10_000 }).toBe(1)
    const startedAt = performance.now()
    await own.clock.advance(61_000).catch(() => undefined)
    expect((await running).output.trim()).toBe('moved')
    expect(performance.now() - startedAt).toBeLessThan(5000)
    await own[Symbol.asyncDispose]()
  })

  test('goes on by itself, and lets fetch work', async () => {
    const own = await startProviderLab({ tenants: [], directory })
    const { output } = await run(
      `const { status } = await fetch('${url}', { method: 'POST' }); await new Promise((done) => setTimeout(done, 100)); console.log(status); process.exit()`,
      { environment: own.environmentWithClock },
    )
    expect(output.trim()).toBe('401')
    await own[Symbol.asyncDispose]()
  })

  test('says so when no process follows', async () => {
    await expect(lab.clock.advance(1000)).rejects.toThrow(/movable clock/)
  })
})
