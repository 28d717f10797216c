import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { Ajv } from 'ajv'
import addFormats from 'ajv-formats'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { reportOn, situations } from './golden-situations.ts'
import { renderSarif } from './sarif.ts'

const require = createRequire(import.meta.url)
const schemaPath = require.resolve('@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json')
// without its draft-04 names the schema means the same in draft-07
const schema = z
  .record(z.string(), z.unknown())
  .transform(({ id: _id, $schema: _dialect, ...rest }) => rest)
  .parse(JSON.parse(readFileSync(schemaPath, 'utf8')))

const resultsSchema = z
  .object({
    runs: z.tuple([
      z.object({
        results: z.array(z.looseObject({ ruleId: z.string(), kind: z.string(), locations: z.array(z.json()) })),
      }),
    ]),
  })
  .transform(({ runs: [run] }) => run.results)
const resultsOf = (situation: string) => resultsSchema.parse(JSON.parse(renderSarif(reportOn(situation))))

test.each(situations)('is valid SARIF 2.1.0: %s', (situation) => {
  const ajv = new Ajv({ strict: false, unicodeRegExp: false })
  addFormats.default(ajv)
  const validate = ajv.compile(schema)
  validate(JSON.parse(renderSarif(reportOn(situation))))
  expect(validate.errors).toBeNull()
})

test('has a result for each shortfall, with the place that it names', () => {
  const results = resultsOf('many-failures')
  expect(results).toHaveLength(10)
  const injection = results.find(({ ruleId }) => ruleId === 'security/sql-injection')
  expect(injection).toMatchObject({ level: 'error', kind: 'fail' })
  expect(injection?.locations[0]).toMatchObject({
    physicalLocation: {
      artifactLocation: { uri: 'src/core/appointments.ts' },
      region: { startLine: 88, startColumn: 14 },
    },
  })
})

test('has an open result for each unverified control', () => {
  expect(resultsOf('unverified').filter(({ kind }) => kind === 'open')).toHaveLength(46)
})

test('has no result where all is well', () => {
  expect(resultsOf('go')).toEqual([])
})
