import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterEach, beforeEach, expect, test } from 'vitest'

const badInput = 2
let folder = ''

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'aro-gate-prove-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const header = 'Control: security/webhook-signatures\nBroken: nothing\nExpect: nothing\n\n'

test.each([
  [['--jobs', 'many'], /--jobs: expected a number from 1 to 99, got "many"/],
  [['--everything'], /Unknown option '--everything'[^]*usage: npm run prove/],
  [['security/tls'], /Unexpected argument 'security\/tls'[^]*usage: npm run prove/],
  [['--control', 'security/none'], /--control: expected one of the controls on disk \(.*\), got "security\/none"/],
  [['--defects', '/nowhere'], /--defects: expected a folder of \.patch files, found none at \/nowhere/],
])('refuses %j before anything is started', async (given, message) => {
  const { exitCode, stderr } = await prove(given)
  expect(stderr).toMatch(message)
  expect(exitCode).toBe(badInput)
})

test.each([
  ['', /expected defects of any control in .*, found none/],
  ['Control security/webhook-signatures\n', /odd\.patch:1: expected "Control:"/],
  [header, /odd\.patch:5: expected a unified diff relative to fixtures\/reference-aro/],
  [`${header.replace('webhook-signatures', 'none')}--- a/x\n`, /odd\.patch: Control: expected one of the controls/],
])('refuses a folder with the defect %j', async (text, message) => {
  if (text !== '') await writeFile(join(folder, 'odd.patch'), text)
  const { exitCode, stderr } = await prove(['--defects', folder])
  expect(stderr).toMatch(message)
  expect(exitCode).toBe(badInput)
})

test('a control that does not notice is said to have missed it, on the real gate and the real application', async () => {
  const harmless =
    'diff --git a/src/unused.ts b/src/unused.ts\nnew file mode 100644\n--- /dev/null\n+++ b/src/unused.ts\n@@ -0,0 +1 @@\n+export {}\n'
  await writeFile(
    join(folder, 'harmless.patch'),
    `Control: operability/health-endpoints\nBroken: nothing at all\nExpect: broken\n\n${harmless}`,
  )
  const { exitCode, stdout } = await prove(['--defects', folder, '--control', 'operability/health-endpoints'], 240)
  expect(stdout).toMatch(/health-endpoints reference reference-aro: held/)
  expect(stdout).toMatch(/health-endpoints defect harmless\.patch: missed/)
  expect(stdout).toMatch(/\*\*missed\*\* .*: nothing at all \(expected word: "broken"\)\n +The control said: passed/)
  expect(exitCode).toBe(1)
}, 250_000)

const prove = (given: string[], seconds = 20) =>
  execa(process.execPath, [join(import.meta.dirname, 'prove.ts'), ...given], { reject: false, timeout: seconds * 1000 })
