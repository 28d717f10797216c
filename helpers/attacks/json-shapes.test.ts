import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bodyShapes } from '../subject/request-shapes.ts'
import { validValues, wrongFields } from './json-shapes.ts'
import { refusedBodies } from './broken-bodies.ts'

test('makes valid values with every required field', () => {
  fc.assert(
    fc.property(validValues(bodyShapes.calendly), (value) => {
      const { data } = value as { data: { customer: { name: string; phone: string }; scheduled_at: string } }
      expect(data.customer.name).toMatch(/\S{2}/u)
      expect(data.customer.name.isWellFormed()).toBe(true)
      expect(data.customer.phone).toMatch(/^\+1\d{10}$/)
      expect(Number.isNaN(Date.parse(data.scheduled_at))).toBe(false)
    }),
    { numRuns: 50 },
  )
})

test('spoils each field in each way', () => {
  const kinds = wrongFields(bodyShapes.consent).map(({ path, name }) => `${path.join('.')}: ${name}`)
  expect(kinds).toEqual(
    expect.arrayContaining([
      'granted: missing',
      'granted: as text, to be coerced',
      'granted: a number, to be coerced',
      'method: with NUL',
    ]),
  )
})

test('no broken body is what it was made of', () => {
  const json = { name: 'Ana', limit: 3 }
  for (const { name, spoil } of refusedBodies) {
    const { bytes, contentType } = spoil(json)
    const isSame = contentType === 'application/json' && bytes.equals(Buffer.from(JSON.stringify(json)))
    expect(isSame, name).toBe(false)
  }
})
