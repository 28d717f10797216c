import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { at, testJudge } from '../judge-harness.ts'
import { dependencyTrialSchema, judgeDependencies } from './judge.ts'
import type { Advisory, DependencyTrial } from './judge.ts'
import { compareDeclared, examineEntries, readLockfile } from './lockfile.ts'

const advisory: Advisory = {
  id: 'GHSA-35jh-r3h4-6jhm',
  title: 'Command Injection in lodash',
  severity: 'high',
  package: 'lodash',
  range: '<4.17.21',
  url: 'https://github.com/advisories/GHSA-35jh-r3h4-6jhm',
  score: 7.2,
  nodes: ['node_modules/lodash'],
  isInProduction: true,
}
const found = (trial: DependencyTrial, difference: Partial<Advisory>): void => {
  at(trial.projects, 0).advisories.push({ ...advisory, ...difference })
}

testJudge({
  directory: import.meta.dirname,
  schema: dependencyTrialSchema,
  judge: judgeDependencies,
  alterations: [
    ['a high one in production', (trial) => found(trial, {}), /GHSA-35jh-r3h4-6jhm \(high, CVSS 7.2\).*production/],
    [
      'one of the least in production',
      (trial) => found(trial, { severity: 'info', score: null }),
      /\(info\).*production dependency lodash/,
    ],
    ['a high one in development', (trial) => found(trial, { isInProduction: false }), /development dependency lodash/],
    ['no lock file', (trial) => void (at(trial.projects, 0).lockfile = null), /no lock file for .\/package.json/],
    ['out of step', (trial) => at(trial.projects, 0).outOfStep.push('missing: pg'), /not in step.*missing: pg/],
    ['no hash', (trial) => at(trial.projects, 0).withoutIntegrity.push('node_modules/pg'), /integrity hash.*pg/],
    ['no registry', (trial) => at(trial.projects, 0).unusualSources.push('pg from git'), /elsewhere.*pg from git/],
    ['another archive', (trial) => at(trial.projects, 0).disguised.push('pg says 8'), /archive: pg says 8/],
    [
      'many at once',
      (trial) => at(trial.projects, 0).withoutIntegrity.push('a', 'b', 'c', 'd', 'e', 'f', 'g'),
      /a; b; c; d; e and 2 more/,
    ],
  ],
  allowed: [
    ['a moderate one in development', (trial) => found(trial, { isInProduction: false, severity: 'moderate' })],
  ],
})

const hash = `sha512-${'A'.repeat(86)}==`
const sound = { version: '8.23.1', resolved: 'https://registry.npmjs.org/pg/-/pg-8.23.1.tgz', integrity: hash }

function projectWith(lock: object, declared: object = {}): string {
  const directory = mkdtempSync(join(tmpdir(), 'lockfile-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  writeFileSync(join(directory, 'package.json'), JSON.stringify(declared))
  writeFileSync(join(directory, 'package-lock.json'), JSON.stringify(lock))
  return directory
}

test.each([
  ['is sound', sound, {}],
  ['has no address', { ...sound, resolved: undefined }, {}],
  [
    'has a sha1 hash',
    { ...sound, integrity: 'sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=' },
    { withoutIntegrity: ['node_modules/pg'] },
  ],
  ['has no hash', { ...sound, integrity: undefined }, { withoutIntegrity: ['node_modules/pg'] }],
  ['comes bundled', { version: '8.23.1', inBundle: true }, { entries: 0 }],
  ['is a link', { resolved: 'packages/pg', link: true }, { entries: 0 }],
  [
    'comes from git',
    { ...sound, resolved: 'git+ssh://git@github.com/a/pg.git#1' },
    { unusualSources: ['node_modules/pg from git+ssh://git@github.com/a/pg.git#1'] },
  ],
  [
    'comes from a folder',
    { ...sound, resolved: 'file:../pg.tgz' },
    { unusualSources: ['node_modules/pg from file:../pg.tgz'] },
  ],
  [
    'is another version',
    { ...sound, resolved: 'https://registry.npmjs.org/pg/-/pg-7.0.0.tgz' },
    { disguised: ['node_modules/pg says version 8.23.1, its archive is pg-7.0.0.tgz'] },
  ],
  [
    'is another package',
    { ...sound, resolved: 'https://registry.npmjs.org/gp/-/pg-8.23.1.tgz' },
    { disguised: ['node_modules/pg says version 8.23.1, its archive is pg-8.23.1.tgz'] },
  ],
  ['is an alias', { ...sound, name: '@a/pg', resolved: 'https://r.example/@a/pg/-/pg-8.23.1.tgz' }, {}],
])('an entry that %s', (_name, entry, expected) => {
  const lockfile = readLockfile(projectWith({ lockfileVersion: 3, packages: { '': {}, 'node_modules/pg': entry } }))
  const nothing = { entries: 1, withoutIntegrity: [], unusualSources: [], disguised: [] }
  expect(lockfile && examineEntries(lockfile)).toEqual({ ...nothing, ...expected })
})

test('a lock file of version 1 is refused with what to do', () => {
  const directory = projectWith({ lockfileVersion: 1, dependencies: {} })
  expect(() => readLockfile(directory)).toThrow(/version 2 or 3.*npm 7/)
})

test('differences between package.json and the lock file are named in both directions', () => {
  const directory = projectWith({}, { dependencies: { pg: '^8.0.0' }, devDependencies: { vitest: '^5.0.0' } })
  expect(compareDeclared(join(directory, 'package.json'), { dependencies: { pg: '^9.0.0', left: '1.0.0' } })).toEqual([
    'dependencies: pg is ^8.0.0 in package.json, ^9.0.0 in the lock file',
    'dependencies: left is nothing in package.json, 1.0.0 in the lock file',
    'devDependencies: vitest is ^5.0.0 in package.json, nothing in the lock file',
  ])
})
