import { expect, test } from 'vitest'
import { goesThereAndBack, precedes } from './versions.ts'

test.each([
  ['1.3.0', '1.4.0', 'yes'],
  ['v1.4.0', '1.4.0', 'no'],
  ['1.5.0', '1.4.0', 'no'],
  ['1.4.0-rc.1', '1.4.0', 'yes'],
  ['1.4.0.1', '1.4.0.2', 'yes'],
  ['2026.11.02', '2026.11.01', 'no'],
  ['2026-11-12', '2026-11-13', 'yes'],
  ['9f2a1c9', '1e1b2dd', 'unknown'],
  ['blue', 'green', 'unknown'],
])('%s before %s: %s', (version, other, expected) => {
  expect(precedes(version, other)).toBe(expected)
})

test.each([
  ['10:02 1.4.0 up, 10:20 1.3.0 up, 10:31 1.4.0 up', true],
  ['v1.4.0 went live. v1.3.0 was put back; then v1.4.0.', true],
  ['image aro:1.4.0, image aro:1.3.0, image aro:1.4.0', true],
  ['## 1.4.0\nnew\n## 1.3.0\nold', false],
  ['1.4.0-rc.2, then 1.3.0, then 1.4.0', false],
  ['1.4.0, then 1.3.0.7, then 1.4.0', false],
  ['1.3.0, then 1.2.0, then 1.3.0', false],
])('%j goes there and back: %s', (text, expected) => {
  expect(goesThereAndBack(text, '1.4.0', '1.3.0')).toBe(expected)
})

test('a name within a longer word is no version', () => {
  expect(goesThereAndBack('blueprint, green, blueprint', 'blue', 'green')).toBe(false)
  expect(goesThereAndBack('blue, green, blue', 'blue', 'green')).toBe(true)
})
