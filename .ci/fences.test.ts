import { execFile } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'

const repository = join(import.meta.dirname, '..')
const control = 'gates/1-security/tls.gate.ts'

/** What each fence refuses: the file, what it imports, and a word of the reason given. */
const refused: [file: string, specifier: string, reason: string][] = [
  [control, './rate-limiting.gate.ts', 'never another control'],
  [control, '../2-reliability/uptime.gate.ts', 'never another control'],
  [control, '../../reporter/verdict.ts', 'never another control'],
  [control, '../../fixtures/subject.ts', 'never another control'],
  [control, 'vitest', 'one way to define a control'],
  ['gates/1-security/tls.test.ts', '../2-reliability/uptime.gate.ts', "A control's test"],
  ['gates/1-security/tls.test.ts', '../../fixtures/subject.ts', 'Nothing imports fixtures'],
  ['helpers/load/plan.ts', '../../gates/1-security/tls.gate.ts', 'point one way'],
  ['helpers/load/plan.ts', '../../reporter/verdict.ts', 'never the other way round'],
  ['helpers/load/plan.ts', '../../fixtures/subject.ts', 'Nothing imports fixtures'],
  ['helpers/load/plan.ts', 'vitest/node', 'speak to vitest'],
  ['helpers/control.ts', '../reporter/verdict.ts', 'never the other way round'],
  ['helpers/load/plan.test.ts', '../../fixtures/subject.ts', 'Nothing imports fixtures'],
  ['reporter/verdict.ts', '../gates/1-security/tls.gate.ts', 'point one way'],
  ['reporter/verdict.ts', '../helpers/run.ts', 'the run record alone'],
  ['reporter/markdown/gates.ts', '../../helpers/database/server.ts', 'the run record alone'],
  ['reporter/verdict.ts', 'vitest/node', "reporter's adapters"],
  ['reporter/verdict.ts', '../fixtures/subject.ts', 'Nothing imports fixtures'],
  ['reporter/collect.ts', '../helpers/database/server.ts', 'not how evidence is gathered'],
  ['reporter/collect.ts', '../helpers/subject/app.ts', 'not how evidence is gathered'],
  ['reporter/verdict.test.ts', '../fixtures/subject.ts', 'Nothing imports fixtures'],
  ['vitest.config.ts', './fixtures/subject.ts', 'Nothing imports fixtures'],
  ['fixtures/subject.ts', '../helpers/database/server.ts', 'its own schema'],
]

/** The other side of each fence, which stays open. */
const allowed: [file: string, specifier: string][] = [
  ['gates/1-security/auth-hardening.gate.ts', '../../helpers/control.ts'],
  ['gates/1-security/auth-hardening.gate.ts', 'zod'],
  ['gates/1-security/auth-hardening.test.ts', './auth-hardening.gate.ts'],
  ['gates/1-security/auth-hardening.test.ts', 'vitest'],
  ['helpers/load/engine.ts', '../database/server.ts'],
  ['helpers/global-set-up.ts', 'vitest/node'],
  ['helpers/load/engine.test.ts', 'vitest'],
  ['reporter/markdown/escape.ts', '../../helpers/evidence/outcome.ts'],
  ['reporter/markdown/escape.ts', './gates.ts'],
  ['reporter/plugin.ts', 'vitest/node'],
  ['reporter/plugin.ts', '../helpers/run.ts'],
  ['reporter/index.ts', '../helpers/subject/subject.ts'],
  ['fixtures/degenerate/hanging.ts', '../../helpers/subject/subject.ts'],
]

const reportSchema = z.object({
  diagnostics: z.array(z.object({ filename: z.string(), code: z.string(), message: z.string(), help: z.string() })),
})

let directory = ''
let findings: z.infer<typeof reportSchema>['diagnostics'] = []

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'aro-gate-fences-'))
  await copyFile(join(repository, '.oxlintrc.json'), join(directory, '.oxlintrc.json'))
  const files = Map.groupBy([...refused, ...allowed], ([file]) => file)
  for (const [file, imports] of files) {
    await mkdir(dirname(join(directory, file)), { recursive: true })
    await writeFile(join(directory, file), imports.map(([, specifier]) => `export * from '${specifier}'\n`).join(''))
  }
  findings = reportSchema.parse(JSON.parse(await lint())).diagnostics.filter((finding) => isFence(finding.code))
})

afterAll(() => rm(directory, { recursive: true, force: true }))

test.each(refused)('%s may not import %s: %s', (file, specifier, reason) => {
  const messages = reasonsGiven(file, specifier)
  expect(messages.join('\n')).toContain(reason)
})

test.each(allowed)('%s may import %s', (file, specifier) => {
  expect(reasonsGiven(file, specifier)).toEqual([])
})

test('every reason in the configuration is seen to be given', async () => {
  const text = await readFile(join(repository, '.oxlintrc.json'), 'utf8')
  const reasons = [...text.matchAll(/"message": ("(?:[^"\\]|\\.)*")/g)].map(
    ([, quoted]) => JSON.parse(quoted ?? '""') as string,
  )
  const given = findings.map((finding) => finding.help).join('\n')
  expect(reasons.length).toBeGreaterThan(10)
  expect([...new Set(reasons)].filter((reason) => !given.includes(reason))).toEqual([])
})

const isFence = (code: string): boolean => code.includes('no-restricted-imports')

function reasonsGiven(file: string, specifier: string): string[] {
  return findings
    .filter((finding) => finding.filename.endsWith(file) && finding.message.includes(`'${specifier}'`))
    .map((finding) => finding.help)
}

function lint(): Promise<string> {
  const program = join(repository, 'node_modules/oxlint/bin/oxlint')
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [program, '-f', 'json', directory], { cwd: directory }, (error, stdout, stderr) => {
      if (stdout.startsWith('{')) resolve(stdout)
      else reject(new Error(`Expected oxlint's findings as JSON, got: ${stdout}${stderr}`, { cause: error }))
    })
  })
}
