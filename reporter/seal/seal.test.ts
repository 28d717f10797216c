import { execFile } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { reportOn } from '../golden-situations.ts'
import { writeReports } from '../write.ts'
import { checkSeal } from './check.ts'
import { envelopeName, envelopeSchema, readPublicKey, sealStatement } from './envelope.ts'
import { manifestName, renderManifest } from './manifest.ts'
import { stateVerdict } from './statement.ts'

const commit = 'c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00'
const { subject, ...rest } = reportOn('go')
const report = { ...rest, subject: { ...subject, commit } }
const pem = { publicKeyEncoding: { type: 'spki', format: 'pem' }, privateKeyEncoding: { type: 'pkcs8', format: 'pem' } }
const keys = generateKeyPairSync('ed25519', pem as never) as unknown as { publicKey: string; privateKey: string }
let directory = ''

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'aro-gate-seal-'))
  writeReports(directory, report)
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const path = (name: string): string => join(directory, name)
const read = (name: string): string => readFileSync(path(name), 'utf8')
const edit = (name: string, change: (text: string) => string): void => writeFileSync(path(name), change(read(name)))

function signWith(privateKey: string): void {
  const statement = stateVerdict(report, read(manifestName), '0.1.0')
  writeFileSync(path(envelopeName), JSON.stringify(sealStatement(statement, privateKey)))
}

test('a report as it was written matches its manifest', () => {
  expect(checkSeal(directory)).toMatchObject({ isSigned: false, mismatches: [] })
})

test.each([
  ['an Ed25519 key', keys],
  ['an ECDSA key', generateKeyPairSync('ec', { namedCurve: 'P-256', ...pem } as never) as unknown as typeof keys],
  ['an RSA key', generateKeyPairSync('rsa', { modulusLength: 2048, ...pem } as never) as unknown as typeof keys],
])('a report signed with %s matches, statement and all', (_, { publicKey, privateKey }) => {
  signWith(privateKey)
  expect(checkSeal(directory, readPublicKey(publicKey))).toMatchObject({ isSigned: true, mismatches: [] })
})

test('the statement is a SLSA verification summary over the commit and the manifest', () => {
  signWith(keys.privateKey)
  const { payload } = envelopeSchema.parse(JSON.parse(read(envelopeName)))
  expect(JSON.parse(Buffer.from(payload, 'base64').toString())).toMatchObject({
    _type: 'https://in-toto.io/Statement/v1',
    predicateType: 'https://slsa.dev/verification_summary/v1',
    subject: [{ name: 'manifest.json' }, { name: subject.name, digest: { gitCommit: commit } }],
    predicate: { verificationResult: 'PASSED', verifiedLevels: ['ARO_PRODUCTION_GATE_GO'] },
  })
})

test('a commit with other changes beside it is not signed for', () => {
  const dirty = { ...report, subject: { ...report.subject, commit: `${commit} with uncommitted changes` } }
  expect(stateVerdict(dirty, '', '0.1.0').subject.map(({ name }) => name)).toEqual(['manifest.json'])
})

test.each(['report.md', 'report.json', 'junit.xml', 'report.sarif'])('one byte more in %s is noticed', (name) => {
  edit(name, (text) => `${text} `)
  expect(checkSeal(directory).mismatches).toContainEqual(expect.stringMatching(`^${name} was altered`))
})

test('a file that is missing or was added is noticed', () => {
  rmSync(path('junit.xml'))
  writeFileSync(path('appendix.md'), 'all is well')
  expect(checkSeal(directory).mismatches).toEqual([
    'junit.xml is in the manifest, and not in the folder',
    'appendix.md is in the folder, and not in the manifest',
    expect.stringMatching(/^junit\.xml is not what the gate makes/),
  ])
})

test('a folder without a manifest, or with another one’s, is noticed', () => {
  edit(manifestName, (text) => text.replace(report.runId, 'another-run'))
  expect(checkSeal(directory).mismatches).toEqual([expect.stringContaining('the manifest of run another-run')])
  rmSync(path(manifestName))
  expect(checkSeal(directory).mismatches).toEqual(['manifest.json is missing'])
})

test('files that were changed together with the manifest do not match what was signed', () => {
  const failing = reportOn('one-failure')
  writeReports(directory, failing)
  const statement = stateVerdict(failing, read(manifestName), '0.1.0')
  writeReports(directory, report)
  writeFileSync(path(envelopeName), JSON.stringify(sealStatement(statement, keys.privateKey)))
  expect(checkSeal(directory).mismatches).toEqual([])
  expect(checkSeal(directory, readPublicKey(keys.publicKey)).mismatches).toEqual([
    expect.stringMatching(/signed statement differs from this report in its subjects/),
  ])
})

test('files that contradict each other do not match, though the manifest has their digests', () => {
  const doctored = new Map(
    ['report.md', 'report.json', 'junit.xml', 'report.sarif'].map((name) => [name, read(name)] as const),
  )
  const rewrite = (): void => {
    for (const [name, text] of doctored) writeFileSync(path(name), text)
    writeFileSync(path(manifestName), renderManifest(report.runId, doctored))
  }
  doctored.set('report.md', read('report.md').replace('GO', 'NO-GO'))
  rewrite()
  expect(checkSeal(directory).mismatches).toEqual([expect.stringMatching(/^report\.md is not what the gate makes/)])
  writeReports(directory, { ...reportOn('one-failure'), verdict: 'GO' })
  expect(checkSeal(directory).mismatches).toEqual([expect.stringMatching(/verdict of report\.json is GO, which/)])
})

test('links and folders are no files of a report', () => {
  mkdirSync(path('appendix'))
  symlinkSync('/etc/hostname', path('extra.md'))
  expect(checkSeal(directory).mismatches.toSorted()).toEqual([
    expect.stringMatching(/^appendix is no plain file/),
    expect.stringMatching(/^extra\.md is no plain file/),
  ])
})

test('a private key, another kind of key and other text are no public keys', () => {
  expect(() => readPublicKey(keys.privateKey)).toThrow(/got a private one/)
  expect(() => readPublicKey('no key')).toThrow(/Expected a public key in PEM/)
  const other = generateKeyPairSync('x25519', pem as never) as unknown as typeof keys
  expect(() => readPublicKey(other.publicKey)).toThrow(/of type x25519/)
})

test('another key, an altered payload and a missing signature are noticed', () => {
  expect(checkSeal(directory, readPublicKey(keys.publicKey)).mismatches).toEqual(['attestation.dsse.json is missing'])
  signWith(keys.privateKey)
  const other = generateKeyPairSync('ed25519', pem as never) as unknown as typeof keys
  expect(checkSeal(directory, readPublicKey(other.publicKey)).mismatches).toEqual([
    expect.stringMatching(/none of its signatures/),
  ])
  const envelope = envelopeSchema.parse(JSON.parse(read(envelopeName)))
  const payload = Buffer.from(Buffer.from(envelope.payload, 'base64').toString().replace('PASSED', 'FAILED'))
  writeFileSync(path(envelopeName), JSON.stringify({ ...envelope, payload: payload.toString('base64') }))
  expect(checkSeal(directory, readPublicKey(keys.publicKey)).mismatches).toEqual([
    expect.stringMatching(/none of its signatures/),
  ])
})

const run = promisify(execFile)
const command = async (program: string, ...rest: string[]): Promise<{ code: number; output: string }> =>
  run(process.execPath, [join(import.meta.dirname, program), ...rest]).then(
    ({ stdout }) => ({ code: 0, output: stdout }),
    (error: { code: number; stdout: string; stderr: string }) => ({
      code: error.code,
      output: error.stdout + error.stderr,
    }),
  )

test('the commands sign and verify, and say what does not match', async () => {
  const privateFile = join(directory, '..', `${process.pid}-private.pem`)
  const publicFile = join(directory, '..', `${process.pid}-public.pem`)
  writeFileSync(privateFile, keys.privateKey)
  writeFileSync(publicFile, keys.publicKey)
  try {
    expect(await command('verify-report.ts', directory)).toMatchObject({ code: 0 })
    expect(await command('sign-report.ts', directory, '--key', privateFile)).toMatchObject({ code: 0 })
    expect(await command('verify-report.ts', directory)).toMatchObject({ code: 1 })
    expect(await command('verify-report.ts', directory, '--public-key', publicFile)).toMatchObject({ code: 0 })
    edit('report.md', (text) => text.replace('GO', 'G0'))
    const altered = await command('verify-report.ts', directory, '--public-key', publicFile)
    expect(altered).toMatchObject({ code: 1, output: expect.stringContaining('report.md was altered') as string })
    expect(await command('sign-report.ts', directory, '--key', privateFile)).toMatchObject({ code: 2 })
    expect(await command('verify-report.ts', '/nowhere')).toMatchObject({ code: 2 })
    writeReports(directory, reportOn('one-failure'))
    expect(await command('verify-report.ts', directory)).toMatchObject({ code: 3 })
  } finally {
    rmSync(privateFile)
    rmSync(publicFile)
  }
})
