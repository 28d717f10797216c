import { expect, test } from 'vitest'
import { labelledTexts, measureDetector } from './corpus.ts'
import { findHealthInformation } from './detector.ts'
import { healthKinds } from './terms.ts'

test('tells all labelled texts apart', () => {
  const { samples, precision, recall, mistaken } = measureDetector()
  expect(mistaken).toEqual([])
  expect({ samples, precision, recall }).toEqual({ samples: labelledTexts.length, precision: 1, recall: 1 })
})

test('the corpus has texts of every kind, and harmless ones', () => {
  for (const kind of [...healthKinds, null])
    expect(labelledTexts.filter(([carries]) => carries === kind).length).toBeGreaterThanOrEqual(5)
})

test('names what was found in plain letters', () => {
  expect(findHealthInformation('SESIÓN DE DIÁLISIS')).toEqual([{ kind: 'treatment', word: 'dialisis' }])
})
