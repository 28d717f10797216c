import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { controlsOnDisk } from './parts.ts'
import { reportSchema } from './record.ts'

const repository = fileURLToPath(new URL('..', import.meta.url))
const run = promisify(execFile)
let consumer: string

/** A repository of its own that has the packed gate among its installed packages, beside those that the gate needs. */
beforeAll(async () => {
  consumer = await mkdtemp(join(tmpdir(), 'aro-gate-package-'))
  const modules = join(consumer, 'node_modules')
  const installed = join(modules, '@aro/production-gate')
  await mkdir(installed, { recursive: true })
  await run('npm', ['run', 'prepack'], { cwd: repository })
  // without its scripts: they would install the reference application anew, under the feet of other tests
  const pack = ['pack', '--json', '--ignore-scripts', '--pack-destination', consumer]
  const { stdout } = await run('npm', pack, { cwd: repository })
  const file = /"filename": "([^"]+)"/.exec(stdout)?.[1] ?? 'no file'
  await run('tar', ['-xzf', join(consumer, file), '--strip-components=1', '-C', installed])
  for (const name of await readdir(join(repository, 'node_modules'))) {
    if (name !== '@aro') await symlink(join(repository, 'node_modules', name), join(modules, name))
  }
  await writeFile(join(consumer, 'package.json'), '{ "name": "consumer", "type": "module" }\n')
  await writeFile(join(consumer, 'vitest.config.ts'), configText)
  await writeFile(join(consumer, 'aro.gate.ts'), subjectText)
}, 120_000)

afterAll(() => rm(consumer, { recursive: true, force: true }))

const configText = `import { gate } from '@aro/production-gate'
import { defineConfig } from 'vitest/config'

export default defineConfig({ test: { projects: [gate({ subject: './aro.gate.ts' })] } })
`

const subjectText = `import { defineSubject } from '@aro/production-gate'

export default defineSubject({
  name: 'Consumer',
  version: 'v1.0.0',
  environment: 'staging',
  root: import.meta.dirname,
  start: { command: ['node', '--eval', 'process.exit(3)'], environment: ({ port }) => ({ PORT: String(port) }) },
  limits: { memoryMegabytes: 100, processors: 1 },
  command: { commandType: 'none', profile: 'none', aggregateType: 'none', payload: {} },
})
`

test('holds what runs and no tests', async () => {
  const files = await readdir(join(consumer, 'node_modules/@aro/production-gate'), { recursive: true })
  expect(files).toContain('dist/helpers/providers/preload.cjs')
  expect(files).toContain('dist/helpers/load/k6-script.js')
  expect(files).toContain('reporter/report.schema.json')
  expect(files.filter((file) => /\.test\.|\.bench\.|fixtures/.test(file))).toEqual([])
})

test('describes itself to TypeScript', async () => {
  const options = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext', '--target', 'es2024']
  const compiler = join(repository, 'node_modules/.bin/tsc')
  const { stdout } = await run(compiler, [...options, 'aro.gate.ts', 'vitest.config.ts'], { cwd: consumer })
  expect(stdout).toBe('')
}, 60_000)

test('runs its controls on the consumer’s subject', async () => {
  const { stdout, code } = await runGate()
  const report = reportSchema.parse(JSON.parse(await readFile(join(consumer, 'reports/gate/report.json'), 'utf8')))
  const controls = report.gates.flatMap((gate) => gate.controls)
  const known = new Set(controlsOnDisk(repository).map(({ id }) => id))
  const notBuilt = controls.filter(({ reason }) => /not built yet/.test(reason ?? '')).map(({ id }) => id)
  expect(
    notBuilt.filter((id) => known.has(id)),
    stdout,
  ).toEqual([])
  const tried = controls.find(({ id }) => id === 'operability/health-endpoints')
  expect(tried?.outcome).toBe('unverified')
  expect(tried?.reason).toMatch(/exit code 3/)
  expect(report.subject.name).toBe('Consumer')
  expect(report.verdict).toBe('NO-GO')
  expect(code).not.toBe(0)
}, 60_000)

async function runGate(): Promise<{ stdout: string; code: unknown }> {
  const vitest = join(repository, 'node_modules/vitest/vitest.mjs')
  const { PATH, HOME } = process.env
  const options = { cwd: consumer, env: { PATH, HOME, NO_COLOR: '1', ARO_GATE_DATABASE: 'embedded' } }
  try {
    const { stdout } = await run(process.execPath, [vitest, 'run', '--project', 'gate', 'health-endpoints'], options)
    return { stdout, code: 0 }
  } catch (error) {
    return error as { stdout: string; code: unknown }
  }
}
