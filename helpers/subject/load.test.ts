import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { loadSubject, parseSubject, SubjectFileError } from './load.ts'

const directory = mkdtempSync(join(tmpdir(), 'aro-subject-'))
afterAll(() => rmSync(directory, { recursive: true }))

const subject = {
  name: 'Any',
  version: 'v1',
  environment: 'staging',
  root: directory,
  start: { command: ['true'], environment: () => ({}) },
  limits: { memoryMegabytes: 1, processors: 1 },
  command: { commandType: 'a', profile: 'b', aggregateType: 'c', payload: {} },
}

function written(name: string, text: string): string {
  const file = join(directory, name)
  writeFileSync(file, text)
  return file
}

test('fills in what the contract says where the file is silent', () => {
  const parsed = parseSubject(subject, 'aro.gate.ts')
  expect(parsed.paths.ready).toBe('/ready')
  expect(parsed.webhooks.calendly).toEqual({ scheme: 'timestamped', toleranceSeconds: 180 })
  expect(parsed.start.readyWithinSeconds).toBe(20)
})

test('says what to set when the file is missing', async () => {
  await expect(loadSubject('nowhere.ts', directory)).rejects.toThrow(/nowhere\.ts.*ARO_GATE_SUBJECT/)
})

test('says what to write when there is no default export', async () => {
  const file = written('empty.mjs', 'export const subject = {}\n')
  await expect(loadSubject(file)).rejects.toThrow(/no default export; write: export default defineSubject/)
})

test('names the cause when the file cannot be imported', async () => {
  const file = written('broken.mjs', "throw new Error('half a file')\n")
  await expect(loadSubject(file)).rejects.toThrow(/cannot be imported: half a file/)
})

test.each([
  ['a missing field', { ...subject, start: undefined }, /start/],
  ['an unknown field', { ...subject, skip: ['security/tls'] }, /skip/],
  ['an environment that does not exist', { ...subject, environment: 'production' }, /staging/],
  ['a relative root', { ...subject, root: '.' }, /absolute path/],
  ['an environment that is no function', { ...subject, start: { command: ['a'], environment: {} } }, /function/],
  [
    'a statement without expiry',
    { ...subject, notApplicable: [{ scope: 'docker', reason: 'none at all', approver: 'me' }] },
    /expires/,
  ],
])('refuses %s', (_what, value, message) => {
  expect(() => parseSubject(value, 'aro.gate.ts')).toThrow(SubjectFileError)
  expect(() => parseSubject(value, 'aro.gate.ts')).toThrow(message)
})

test('refuses a root that is no folder', async () => {
  const file = written('rootless.mjs', `export default ${JSON.stringify({ ...subject, root: '/none/such' })}\n`)
  await expect(loadSubject(file)).rejects.toThrow(/start|root/)
})
