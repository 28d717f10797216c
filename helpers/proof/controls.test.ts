import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { identityOf } from '../evidence/identity.ts'

const root = join(import.meta.dirname, '../..')
const gates = join(root, 'gates')
const controls = readdirSync(gates, { recursive: true, encoding: 'utf8' }).flatMap((file) => {
  const identity = identityOf(join(gates, file))
  return identity === undefined ? [] : [{ ...identity, name: identity.id.split('/')[1] ?? '' }]
})

test('there are controls in each of the seven gates', () => {
  expect(new Set(controls.map(({ gateNumber }) => gateNumber))).toEqual(new Set([0, 1, 2, 3, 4, 5, 6]))
})

describe.each(controls)('$id', ({ id, name }) => {
  test('measures and judges in a folder of its own, and its judge is tested', () => {
    const trial = join(root, 'helpers/trials', name)
    for (const file of ['measure.ts', 'judge.ts', 'judge.test.ts'])
      expect(existsSync(join(trial, file)), file).toBe(true)
  })

  test('has at least four defects, each of another kind, and a variant', () => {
    const broken = sentences(join(root, 'fixtures/defects', id), 'Broken')
    expect(new Set(broken).size).toBe(broken.length)
    expect(broken.length).toBeGreaterThanOrEqual(4)
    expect(sentences(join(root, 'fixtures/variants', id), 'Differs').length).toBeGreaterThanOrEqual(1)
  })
})

function sentences(folder: string, field: 'Broken' | 'Differs'): string[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.patch'))
    .map((file) => new RegExp(`^${field}: (.+)$`, 'm').exec(readFileSync(join(folder, file), 'utf8'))?.[1] ?? file)
}
