import { XMLParser } from 'fast-xml-parser'
import { SyntaxValidator } from 'fast-xml-validator'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { reportOn, situations } from './golden-situations.ts'
import { renderJunit } from './junit.ts'

const parser = new XMLParser({ ignoreAttributes: false, isArray: (name) => /^(testcase|failure|error)$/.test(name) })

const junitSchema = z.object({
  testsuites: z.object({
    '@_tests': z.coerce.number(),
    '@_failures': z.coerce.number(),
    '@_errors': z.coerce.number(),
    testsuite: z.array(
      z.object({
        testcase: z.array(
          z.looseObject({ failure: z.array(z.unknown()).optional(), error: z.array(z.unknown()).optional() }),
        ),
      }),
    ),
  }),
})

test.each(situations)('is well-formed and counts what it holds: %s', (situation) => {
  const report = reportOn(situation)
  const xml = renderJunit(report)
  expect(SyntaxValidator.validate(xml)).toBe(true)
  const { testsuites } = junitSchema.parse(parser.parse(xml))
  const cases = testsuites.testsuite.flatMap((suite) => suite.testcase)
  const failed = cases.filter(({ failure }) => failure !== undefined).length
  const erred = cases.filter(({ error }) => error !== undefined).length
  expect(cases).toHaveLength(51)
  expect(testsuites).toMatchObject({ '@_tests': 51, '@_failures': failed, '@_errors': erred })
  expect(failed === 0).toBe(report.verdict === 'GO')
})
