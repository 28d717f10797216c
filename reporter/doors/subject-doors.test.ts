import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startDatabaseServer } from '../../helpers/database/server.ts'
import type { DatabaseServer } from '../../helpers/database/server.ts'
import { parseDatabaseSetting } from '../../helpers/database/setting.ts'
import { makeTinyGate, passingControl } from './harness.ts'
import type { GateOutcome, TinyGate } from './harness.ts'

const second = 'gates/1-security/second.gate.ts'
const serving = (answer: string): string =>
  `require('node:http').createServer((request, response) => { ${answer} }).listen(process.env.PORT, '127.0.0.1')`

let directory = ''
let server: DatabaseServer | undefined

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'aro-gate-doors-'))
  // PostgreSQL does not run as root; the user it runs as has to get through
  await chmod(directory, 0o711)
  server = await startDatabaseServer({ ...parseDatabaseSetting({ ARO_GATE_DATABASE: 'embedded' }), directory })
})
afterAll(async () => {
  await server?.[Symbol.asyncDispose]()
  await rm(directory, { recursive: true, force: true })
})

/** Runs the tiny gate, whose second control needs the subject, on a subject with this program. */
async function runOn(gate: TinyGate, program: string): Promise<GateOutcome> {
  gate.write('app.cjs', program)
  gate.write(
    'subject.mjs',
    `export default {
      name: 'Tiny', version: 'v1.0.0', environment: 'staging', root: ${JSON.stringify(gate.directory)},
      start: {
        command: ['node', 'app.cjs'],
        environment: ({ port }) => ({ PORT: String(port) }),
        readyWithinSeconds: 3,
      },
      limits: { memoryMegabytes: 100, processors: 1 },
      command: { commandType: 'none', profile: 'none', aggregateType: 'none', payload: {} },
    }\n`,
  )
  const adminUrl = server?.describe().adminUrl ?? ''
  return gate.run({ environment: { ARO_GATE_DATABASE: adminUrl } })
}

const needing = (facility: string): string =>
  passingControl.replace('needs: []', `needs: ['${facility}']`).replace('timeLimitSeconds: 2', 'timeLimitSeconds: 30')

function expectUnverified({ report, exitCode, output }: GateOutcome, reason: RegExp): void {
  expect(exitCode, output).toBeGreaterThan(0)
  expect(report?.verdict, output).toBe('NO-GO')
  const controls = report?.gates.flatMap((entry) => entry.controls) ?? []
  expect(controls.map(({ outcome }) => outcome)).toEqual(['passed', 'unverified'])
  expect(controls[1]?.reason).toMatch(reason)
}

describe('fails closed with a subject that', { timeout: 60_000 }, () => {
  test.each([
    ['cannot be started', 'this is no program', /ended with exit code 1 before it was ready.*Unexpected identifier/s],
    ['ends at once, as if all were well', 'process.exit(0)', /ended with exit code 0 before it was ready/],
    ['never listens', 'setInterval(() => undefined, 1000)', /not ready within 3 s.*ECONNREFUSED/s],
    ['takes requests and never answers', serving(''), /not ready within 3 s/],
    [
      'answers with what is no HTTP',
      `require('node:net').createServer((socket) => socket.end('garbage')).listen(process.env.PORT, '127.0.0.1')`,
      /not ready within 3 s/,
    ],
  ])('%s', async (_name, program, reason) => {
    using gate = makeTinyGate()
    gate.write(second, needing('app'))
    expectUnverified(await runOn(gate, program), reason)
  })

  test('runs as it should, so that the cases above fail for their own reason', async () => {
    using gate = makeTinyGate()
    gate.write(second, needing('app'))
    const { report, exitCode, output } = await runOn(gate, serving('response.writeHead(200).end()'))
    expect(report?.verdict, output).toBe('GO')
    expect(exitCode).toBe(0)
  })
})

test('fails closed with a provider lab that cannot start', { timeout: 60_000 }, async () => {
  using gate = makeTinyGate()
  gate.write(
    'gates/1-security/first.gate.ts',
    passingControl
      .replace('needs: []', `needs: ['run']`)
      .replace(
        'async measure() {',
        "async measure({ run }) { const { writeFileSync } = await import('node:fs'); writeFileSync(run.runDirectory + '/providers', 'in the way');",
      ),
  )
  gate.write(second, needing('providers'))
  expectUnverified(await runOn(gate, ''), /EEXIST|ENOTDIR/)
})
