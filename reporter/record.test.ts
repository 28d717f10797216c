import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { reportOn, situations } from './golden-situations.ts'
import { reportJsonSchema } from './record.ts'

const text = readFileSync(new URL('report.schema.json', import.meta.url), 'utf8')
const published = z.record(z.string(), z.unknown()).parse(JSON.parse(text))

test('the published schema is in step with the code', () => {
  expect(published, 'run npm run schema').toEqual(reportJsonSchema())
})

test('another validator accepts every golden report by the published schema, and refuses a spoilt one', () => {
  const ajv = new Ajv2020({ strict: false })
  addFormats.default(ajv)
  const validate = ajv.compile(published)
  for (const situation of situations) {
    validate(reportOn(situation))
    expect(validate.errors, situation).toBeNull()
  }
  expect(validate({ ...reportOn('go'), verdict: 'MAYBE' })).toBe(false)
})
