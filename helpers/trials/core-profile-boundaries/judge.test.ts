import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { readImports } from '../../source/imports.ts'
import { readImportGraph } from '../../source/import-graph.ts'
import { readLayers } from '../../source/layers.ts'
import { readTables } from '../../source/tables.ts'
import { testJudge } from '../judge-harness.ts'
import { boundariesTrialSchema, judgeBoundaries } from './judge.ts'
import { findViolations } from './reach.ts'

const violation = {
  fromLayer: 'core',
  toLayer: 'profiles',
  kind: 'type',
  where: 'src/core-engine/core.ts:3:1',
  specifier: '#profile/pack',
  path: ['src/platform/bridge.ts', 'src/profiles/healthcare/pack.ts'],
  isOtherProfile: false,
} as const

testJudge({
  directory: import.meta.dirname,
  schema: boundariesTrialSchema,
  judge: judgeBoundaries,
  alterations: [
    [
      'an import across a boundary',
      (trial) => trial.violations.push({ ...violation, path: [...violation.path] }),
      /core reaches profiles by a type import: '#profile\/pack' by way of src\/platform\/bridge.ts, to .*core.ts:3:1/,
    ],
    [
      'another profile',
      (trial) => trial.violations.push({ ...violation, path: ['a'], fromLayer: 'profiles', isOtherProfile: true }),
      /profiles reaches another profile/,
    ],
    ['a computed name', (trial) => trial.computed.push({ layer: 'core', where: 'a:1:1' }), /computed name.*a:1:1/],
    [
      'a table of the core',
      (trial) => trial.tables.push({ table: 'events', where: 'a:1', coreWhere: 'b:2' }),
      /core's table events.*a:1.*b:2/,
    ],
    [
      'no start alone',
      (trial) => void (trial.withoutProfiles.startProblem = 'No profile is installed.'),
      /without a profile: it does not start: No profile/,
    ],
    ['not ready alone', (trial) => void (trial.withoutProfiles.readyStatus = 503), /ready answers 503/],
    ['no events alone', (trial) => void (trial.withoutProfiles.eventsStatus = 404), /Event API answers 404/],
    ['a crash alone', (trial) => void (trial.withoutProfiles.commandStatus = 500), /answered with 500/],
    ['no envelope alone', (trial) => void (trial.withoutProfiles.commandCode = null), /without the error envelope/],
  ],
  allowed: [
    [
      'a command accepted alone',
      (trial) => Object.assign(trial.withoutProfiles, { commandStatus: 202, commandCode: null }),
    ],
  ],
})

test.each([
  ["import { a } from './a.ts'", 'static', './a.ts'],
  ["import type { a } from './a.ts'", 'type', './a.ts'],
  ["export { a } from './a.ts'", 're-export', './a.ts'],
  ["export * from './a.ts'", 're-export', './a.ts'],
  ["export * as all from './a.ts'", 're-export', './a.ts'],
  ["const a = await import('./a.ts')", 'dynamic', './a.ts'],
  ['const a = await import(`./a.ts`)', 'dynamic', './a.ts'],
  ["const a = await import('./' + 'a.ts')", 'dynamic', './a.ts'],
  ["const a = require('./a.ts')", 'require', './a.ts'],
  ["const a = require.resolve('./a.ts')", 'require', './a.ts'],
  ["const a = createRequire(import.meta.url)('./a.ts')", 'require', './a.ts'],
  ["const a = import.meta.resolve('./a.ts')", 'require', './a.ts'],
  ["type A = import('./a.ts').A", 'type', './a.ts'],
  ["import a = require('./a.ts')", 'require', './a.ts'],
  ["const a = new URL('./a.ts', import.meta.url)", 'path', './a.ts'],
  ["const a = readFile('./a.ts')", 'path', './a.ts'],
])('%s names a file', (text, kind, specifier) => {
  expect(readImports('/x/b.ts', `// first\n  ${text}`)).toEqual([
    { kind, specifier, isWhole: true, line: 2, column: expect.any(Number) as number },
  ])
})

test('of a computed name what is certain is kept', () => {
  const read = (text: string): unknown => readImports('/x/b.ts', text)
  expect(read('import(`./parts/${name}.ts`)')).toMatchObject([{ specifier: './parts/', isWhole: false }])
  expect(read('import(name)')).toMatchObject([{ specifier: '', isWhole: false }])
})

test('a file that does not parse is said so', () => {
  expect(() => readImports('/x/b.ts', 'import {')).toThrow(/\/x\/b.ts/)
})

test('tables are read from SQL texts, and from nothing else', () => {
  const source = [
    'const a = `select * from orders o join "order lines" l on true`',
    "const b = 'insert into public.events values (1)'",
    "const c = 'with recent as (select 1) select * from recent'",
    "const d = 'Choose from many clinics'",
  ].join('\n')
  expect(readTables('/x/b.ts', source)).toEqual([
    { table: 'orders', line: 1 },
    { table: 'order lines', line: 1 },
    { table: 'events', line: 2 },
  ])
})

function repository(files: Record<string, string>): string {
  const root = mkdtempSync(join(tmpdir(), 'layers-'))
  onTestFinished(() => rmSync(root, { recursive: true }))
  const whole = {
    'contracts/a.ts': '',
    'core/a.ts': '',
    'profiles/one/a.ts': '',
    'ui/one/a.ts': '',
    'executor/a.ts': '',
  }
  for (const [path, text] of Object.entries({ ...whole, ...files })) {
    mkdirSync(join(root, dirname(path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  return root
}

const layers = {
  contracts: ['contracts/**'],
  core: ['core/**'],
  profiles: ['profiles/**'],
  ui: ['ui/**'],
  executor: ['executor/**'],
}

function violationsIn(files: Record<string, string>): string[] {
  const root = repository(files)
  const source = readLayers({ root, layers })
  const graph = readImportGraph(root, source.layerOf.keys())
  return findViolations(root, graph, source).map(({ where, path }) => `${where} → ${path.join(' → ')}`)
}

test.each([
  ['core a profile', { 'core/a.ts': "import '../profiles/one/a.ts'" }, 'core/a.ts:1:1 → profiles/one/a.ts'],
  [
    'core a profile without extension',
    { 'core/a.ts': "import '../profiles/one/a'" },
    'core/a.ts:1:1 → profiles/one/a.ts',
  ],
  [
    'core a profile through two files of no layer',
    { 'core/a.ts': "import '../b.ts'", 'b.ts': "export * from './c.ts'", 'c.ts': "import './profiles/one/a.ts'" },
    'core/a.ts:1:1 → b.ts → c.ts → profiles/one/a.ts',
  ],
  [
    'core a profile by a path alias',
    {
      'core/a.ts': "import type {} from '@p/a'",
      'tsconfig.json': '{"compilerOptions":{"paths":{"@p/*":["./profiles/one/*"]}}}',
    },
    'core/a.ts:1:1 → profiles/one/a.ts',
  ],
  [
    'core a profile by its own package’s imports',
    { 'core/a.ts': "import '#p'", 'package.json': '{"imports":{"#p":"./profiles/one/a.ts"}}' },
    'core/a.ts:1:1 → profiles/one/a.ts',
  ],
  ['core a folder of profiles', { 'core/a.ts': "readdir('./profiles/one')" }, 'core/a.ts:1:9 → profiles/one'],
  ['a profile the core', { 'profiles/one/a.ts': "import '../../core/a.ts'" }, 'profiles/one/a.ts:1:1 → core/a.ts'],
  [
    'a profile another',
    { 'profiles/one/a.ts': "import '../two/a.ts'", 'profiles/two/a.ts': '' },
    'profiles/one/a.ts:1:1 → profiles/two/a.ts',
  ],
  ['a page the core', { 'ui/one/a.ts': "import('../../core/a.ts')" }, 'ui/one/a.ts:1:1 → core/a.ts'],
  [
    'a page another profile',
    { 'ui/one/a.ts': "import '../../profiles/two/a.ts'", 'profiles/two/a.ts': '' },
    'ui/one/a.ts:1:1 → profiles/two/a.ts',
  ],
  [
    'the executor a profile',
    { 'executor/a.ts': "require('../profiles/one/a.ts')" },
    'executor/a.ts:1:1 → profiles/one/a.ts',
  ],
  ['contracts the core', { 'contracts/a.ts': "import '../core/a.ts'" }, 'contracts/a.ts:1:1 → core/a.ts'],
])('it is seen when %s reaches', (_name, files, expected) => {
  expect(violationsIn(files)).toEqual([expected])
})

test('what each layer may import is no violation', () => {
  expect(
    violationsIn({
      'core/a.ts': "import '../contracts/a.ts'\nimport './b.ts'\nimport '../platform.ts'\nimport 'node:fs'",
      'core/b.ts': '',
      'platform.ts': "import './contracts/a.ts'",
      'main.ts': "import './core/a.ts'\nimport './profiles/one/a.ts'",
      'profiles/one/a.ts': "import '../../contracts/a.ts'",
      'ui/one/a.ts': "import '../../profiles/one/a.ts'",
      'executor/a.ts': "import '../contracts/a.ts'",
    }),
  ).toEqual([])
})

test('layers that prove nothing are refused with what to mend', () => {
  const root = repository({})
  expect(() => readLayers({ root, layers: undefined })).toThrow(/names no layers/)
  expect(() => readLayers({ root, layers: { ...layers, core: ['engine/**'] } })).toThrow(/layers core/)
  expect(() => readLayers({ root, layers: { ...layers, ui: ['{ui,core}/**'] } })).toThrow(/core\/a.ts.*core and ui/)
})
