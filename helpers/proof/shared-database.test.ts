import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startSharedDatabase } from './shared-database.ts'
import type { SharedDatabase } from './shared-database.ts'

let database: SharedDatabase

beforeAll(async () => {
  database = await startSharedDatabase(join(import.meta.dirname, '../../fixtures/subject.ts'))
})
afterAll(() => database[Symbol.asyncDispose]())

test.each([
  [[], true],
  [['src/main.ts', 'docs/runbooks/rollback.md'], true],
  [['src/main.ts', 'migrations/001-initial.sql'], false],
  [['src/migrate.ts'], false],
  [['src/platform/migrations.ts'], false],
  [['package.json'], false],
])('offers the reference application’s schema to a subject that differs in %j: %s', (changed, isOffered) => {
  const environment = database.environmentFor(changed)
  expect(environment.ARO_GATE_DATABASE).toMatch(/^postgres:/)
  expect('ARO_GATE_PROOF_TEMPLATE' in environment).toBe(isOffered)
})
