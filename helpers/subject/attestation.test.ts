import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { evidenceFileSchema, humanNameSchema } from '../evidence/attestation.ts'
import { judgeEvidenceFiles } from '../evidence/attestation.ts'
import { readAttestation } from './attestation.ts'
import { parseSubject } from './load.ts'

const schema = z.strictObject({ date: z.iso.date(), by: humanNameSchema, evidence: z.array(evidenceFileSchema).min(1) })
const artefact = 'what was seen\n'
const sha256 = createHash('sha256').update(artefact).digest('hex')
const record = { date: '2026-11-01', by: 'Dana Whitfield', evidence: [{ path: 'drill.md', sha256 }] }

function read(files: Record<string, string>, named: string | null = 'record.json') {
  const root = mkdtempSync(join(tmpdir(), 'aro-gate-attestation-'))
  onTestFinished(() => rmSync(root, { recursive: true, force: true }))
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  const subject = parseSubject(
    {
      name: 'A',
      version: 'v1',
      environment: 'staging',
      root,
      start: { command: ['node'], environment: () => ({}) },
      limits: { memoryMegabytes: 1, processors: 1 },
      command: { commandType: 'a', profile: 'a', aggregateType: 'a', payload: {} },
      attestations: named === null ? {} : { incidentResponse: named },
    },
    'subject.ts',
  )
  return readAttestation({
    subject,
    name: 'incidentResponse',
    schema,
    datedOn: ({ date }) => date,
    longestDays: 90,
    directory: join(root, 'exported'),
    now: new Date('2026-11-25T12:00:00Z'),
  })
}

const written = (difference: Partial<typeof record> = {}, text = artefact): Record<string, string> => ({
  'record.json': JSON.stringify({ ...record, ...difference }),
  'drill.md': text,
})

test('a record in force is read with the files that back it', async () => {
  const { attested } = await read(written())
  expect(attested).toEqual({
    record: 'record.json',
    datedOn: '2026-11-01',
    ageDays: 24,
    evidenceFiles: [{ path: 'drill.md', sha256, foundSha256: sha256, bytes: artefact.length }],
  })
})

test('a file that was altered since is told with what it has', async () => {
  const { attested } = await read(written({}, 'something else'))
  expect(attested.evidenceFiles).toEqual([
    { path: 'drill.md', sha256, foundSha256: createHash('sha256').update('something else').digest('hex'), bytes: 14 },
  ])
  expect(judgeEvidenceFiles(attested)).toEqual([
    expect.objectContaining({ what: expect.stringMatching(/^drill\.md was altered after/) as string }),
  ])
  expect(judgeEvidenceFiles((await read(written())).attested)).toEqual([])
})

test.each([
  ['names none', () => read(written(), null), /add attestations: \{ incidentResponse/],
  ['is absent', () => read({}), /cannot be read: ENOENT/],
  ['is no JSON', () => read({ 'record.json': 'by Dana' }), /is not JSON/],
  ['lacks a part', () => read({ 'record.json': '{"date":"2026-11-01"}' }), /not a record as it has to be/],
  ['is too old', () => read(written({ date: '2026-08-26' })), /91 days ago; at most 90/],
  ['is of the future', () => read(written({ date: '2026-11-26' })), /still to come/],
  ['is backed by nothing', () => read(written({ evidence: [] })), /evidence/],
  [
    'is backed by a file that is gone',
    () => read({ 'record.json': JSON.stringify(record) }),
    /drill.md.*cannot be read/,
  ],
  [
    'is backed by a file from elsewhere',
    () => read(written({ evidence: [{ path: '../drill.md', sha256 }] })),
    /outside the subject's root/,
  ],
])('a record that %s is refused', async (_name, reading, message) => {
  await expect(reading()).rejects.toThrow(message)
})

test.each(['TBD', 'to do: TODO', 'On-call', 'the team', 'N/A', '<name>', 'dana@example.org', 'X', 'xxx', ''])(
  '%j is no person',
  async (by) => {
    await expect(read(written({ by }))).rejects.toThrow(/not a record as it has to be/)
  },
)

test.each(['Dana Whitfield', 'José O’Neill-Čapek', 'Dr. Ana María de la Cruz', 'Nadia'])(
  '%j is a person',
  async (by) => {
    await expect(read(written({ by }))).resolves.toBeDefined()
  },
)
