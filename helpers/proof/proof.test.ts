import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readLedger } from '../reaper/ledger.ts'
import { renderMatrix } from './matrix.ts'
import type { Matrix } from './matrix.ts'
import { prove } from './proof.ts'
import type { ProofParts } from './proof.ts'

let folder = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aro-gate-proof-'))
  for (const [path, text] of Object.entries(repository)) write(path, text)
})
afterEach(() => rm(folder, { recursive: true, force: true }))

/** A gate in small: its one control reads the oldest protocol from the subject's source. */
const smallGate = `
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
const { ARO_GATE_SUBJECT: file, ARO_GATE_REPORT_DIR: reports } = process.env
const { default: subject } = await import(file)
let oldest
try { oldest = readFileSync(join(subject.root, 'src/tls.txt'), 'utf8').trim() } catch {}
const tried = new URL('tried', import.meta.url)
if (oldest === 'late' && existsSync(tried)) oldest = 'oldest 1.0'
if (oldest === 'late') writeFileSync(tried, '')
if (oldest === 'crash') process.exit(3)
if (oldest === 'hang') setInterval(() => undefined, 1000)
else {
  const shortfalls = oldest === 'oldest 1.0' ? [{ what: 'TLS 1.0 is served', where: 'port 443' }] : []
  const outcome = oldest === undefined ? 'unverified' : shortfalls.length > 0 ? 'failed' : 'passed'
  const control = { id: 'security/tls', outcome, shortfalls, reason: oldest === undefined ? 'no source' : null }
  mkdirSync(reports, { recursive: true })
  writeFileSync(join(reports, 'report.json'), JSON.stringify({ finishedAt: 'now', gates: [{ controls: [control] }] }))
  process.exitCode = 1
}
`
const repository = {
  'gate.mjs': smallGate,
  'gates/1-security/tls.gate.ts': 'timeLimitSeconds: 20',
  'fixtures/reference-aro/package.json': '{}',
  'fixtures/reference-aro/src/tls.txt': 'oldest 1.2\n',
  'fixtures/subject.ts': 'export default { root: "nowhere", start: {} }',
  'fixtures/degenerate/refusing.ts': '',
}

test('tells caught from missed, for the wrong reason, refused and broken', async () => {
  defect('served', 'oldest 1.0', '1.0')
  defect('unnoticed', 'oldest 1.1', '1.1')
  defect('elsewhere', 'oldest 1.0', 'cipher')
  defect('crashing', 'crash', '1.0')
  write('fixtures/defects/security/tls/outdated.patch', patch('Broken: x\nExpect: 1.0', 'oldest 0.9', 'oldest 1.0'))
  write('fixtures/variants/security/tls/newer.patch', patch('Differs: only 1.3', 'oldest 1.2', 'oldest 1.3'))
  write('fixtures/variants/security/tls/older.patch', patch('Differs: 1.0 too', 'oldest 1.2', 'oldest 1.0'))

  const matrix = await run()

  expect(outcomes(matrix)).toEqual({
    'reference-aro': 'held',
    'served.patch': 'caught',
    'unnoticed.patch': 'missed',
    'elsewhere.patch': 'wrong reason',
    'crashing.patch': 'error',
    'outdated.patch': 'error',
    'newer.patch': 'held',
    'older.patch': 'refused',
    'refusing.ts': 'held',
  })
  expect(matrix.counts).toEqual({ passed: 4, failed: 5 })
  expect(said(matrix, 'outdated.patch')).toMatch(
    /outdated\.patch:5: the patch does not apply .*src\/tls\.txt:1.*Make the change anew/,
  )
  expect(said(matrix, 'crashing.patch')).toMatch(/left no report/)
  const text = renderMatrix(matrix)
  expect(text).toContain('| security/tls | 1/1 ')
  expect(text).toContain('- **missed** security/tls, defect fixtures/defects/security/tls/unnoticed.patch')
})

test('asks again, alone, where the answer is not as it has to be, and tells both', async () => {
  defect('late', 'late', '1.0')
  const matrix = await run()
  expect(matrix.cases.find(({ file }) => file.endsWith('late.patch'))).toMatchObject({
    outcome: 'caught',
    atFirst: { outcome: 'missed', said: 'passed' },
  })
  expect(renderMatrix(matrix)).toContain('late.patch: missed at first, then caught')
})

test('does not try defects on a control that fails the reference application', async () => {
  write('fixtures/reference-aro/src/tls.txt', 'oldest 1.0\n')
  defect('served', 'oldest 1.0', '1.0')
  const matrix = await run()
  expect(outcomes(matrix)).toMatchObject({ 'reference-aro': 'refused', 'served.patch': 'error' })
  expect(said(matrix, 'served.patch')).toMatch(/not run/)
})

test('calls a control with fewer than three defects a problem', async () => {
  defect('served', 'oldest 1.0', '1.0')
  const { problems, counts } = await run()
  expect(problems).toEqual([expect.stringContaining('security/tls has 1 defects, expected at least 3')])
  expect(counts.failed).toBe(1)
})

test('leaves further defects to a thorough proof, and says so', async () => {
  for (const name of ['one', 'two', 'three', 'further/four']) defect(name, 'oldest 1.0', '1.0')
  const matrix = await run()
  expect(outcomes(matrix)).not.toHaveProperty('four.patch')
  expect(renderMatrix(matrix)).toContain('1 further defects and variants were not tried')
  expect(outcomes(await run({ isThorough: true }))).toMatchObject({ 'four.patch': 'caught', 'one.patch': 'caught' })
  expect(outcomes(await run({ control: 'security/tls' }))).toMatchObject({ 'four.patch': 'caught' })
})

test('tries a folder of defects by itself', async () => {
  write('elsewhere/any/place.patch', patch('Broken: x\nExpect: 1.0', 'oldest 1.2', 'oldest 1.0'))
  const matrix = await run({ defects: join(folder, 'elsewhere') })
  expect(outcomes(matrix)).toEqual({ 'reference-aro': 'held', 'place.patch': 'caught' })
  expect(matrix.counts).toEqual({ passed: 2, failed: 0 })
})

test.each([
  [
    { control: 'security/tsl' },
    /--control: expected one of the controls on disk \(security\/tls\), got "security\/tsl"/,
  ],
  [{ defects: '/nowhere' }, /--defects: expected a folder of \.patch files, found none at \/nowhere/],
])('refuses %o', async (request, message) => {
  await expect(run(request)).rejects.toThrow(message)
})

test('refuses a defect of an unknown control, and one in the folder of another', async () => {
  const text = patch('Broken: x\nExpect: 1.0', 'oldest 1.2', 'oldest 1.0')
  write('fixtures/defects/security/tsl/x.patch', text)
  await expect(run()).rejects.toThrow(/expected this defect of security\/tls in .*defects\/security\/tls/)
  write('fixtures/defects/security/tsl/x.patch', text.replace('security/tls', 'security/tsl'))
  await expect(run()).rejects.toThrow(/x\.patch: Control: expected one of the controls on disk/)
})

test('ends what it started when interrupted', async () => {
  write('fixtures/reference-aro/src/tls.txt', 'hang\n')
  const running = run({}, (interruption) => interruption.abort())
  await expect(running).rejects.toThrow(/abort/i)
  const [child] = readLedger(folder)
  expect(child?.kind === 'process' ? isAlive(child.pid) : 'no process noted').toBe(false)
})

async function run(
  request: { control?: string; defects?: string; isThorough?: boolean } = {},
  onStart?: (interruption: AbortController) => void,
): Promise<Matrix> {
  const parts: ProofParts = {
    repository: folder,
    gates: join(folder, 'gates'),
    reference: { root: join(folder, 'fixtures/reference-aro'), subjectFile: join(folder, 'fixtures/subject.ts') },
    defects: join(folder, 'fixtures/defects'),
    variants: join(folder, 'fixtures/variants'),
    degenerate: join(folder, 'fixtures/degenerate'),
    gateCommand: () => [process.execPath, join(folder, 'gate.mjs')],
    openDatabase: async () => ({ environmentFor: () => ({}), [Symbol.asyncDispose]: async () => undefined }),
  }
  const interruption = new AbortController()
  const { signal } = interruption
  const proof = prove(parts, {
    control: undefined,
    defects: undefined,
    isThorough: false,
    ...request,
    jobs: 2,
    runDirectory: folder,
    signal,
    say: () => undefined,
  })
  if (onStart !== undefined) {
    await expect.poll(() => readLedger(folder).length, { timeout: 10_000 }).toBeGreaterThan(0)
    onStart(interruption)
  }
  return proof
}

function defect(name: string, becomes: string, expected: string): void {
  write(
    `fixtures/defects/security/tls/${name}.patch`,
    patch(`Broken: ${name}\nExpect: ${expected}`, 'oldest 1.2', becomes),
  )
}

const patch = (headers: string, before: string, after: string): string =>
  `Control: security/tls\n${headers}\n\n--- a/src/tls.txt\n+++ b/src/tls.txt\n@@ -1 +1 @@\n-${before}\n+${after}\n`

function write(path: string, text: string): void {
  const file = join(folder, path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
}

const outcomes = ({ cases }: Matrix): Record<string, string> =>
  Object.fromEntries(cases.map(({ file, outcome }) => [basename(file), outcome]))

const said = ({ cases }: Matrix, name: string): string =>
  cases.find(({ file }) => file.endsWith(name))?.said ?? 'no such case'

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
