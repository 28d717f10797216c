import { expect, test } from 'vitest'
import { subjectSchema } from '../../subject/subject.ts'
import { readLine } from './lines.ts'

const at = Date.parse('2026-11-02T10:00:00.500Z')
const fields = subjectSchema.shape.logFields.parse({})
const good = { time: '2026-11-02T10:00:00.000Z', level: 'info', message: 'm', service: 's', correlationId: 'c' }
const flawsOf = (line: unknown): string[] =>
  readLine({ stream: 'stdout', at, text: typeof line === 'string' ? line : JSON.stringify(line) }, fields).flaws

test.each([
  ['as the contract has it', good],
  ['with milliseconds since the epoch', { ...good, time: at }],
  ['with seconds since the epoch', { ...good, time: at / 1000 }],
  ['with a time zone of its own', { ...good, time: '2026-11-02T12:00:00+02:00' }],
  ['with a level in capitals', { ...good, level: 'WARN' }],
  ['with a numbered level', { ...good, level: 30 }],
  ['with null for no correlation id', { ...good, correlationId: null }],
])('accepts a line %s', (_name, line) => {
  expect(flawsOf(line)).toEqual([])
})

test.each([
  ['plain text', 'listening on 3000', /no JSON/],
  ['a list', '[1]', /no JSON/],
  ['two objects', '{} {}', /no JSON/],
  ['an unknown level', { ...good, level: 'loud' }, /level/],
  ['an empty message', { ...good, message: ' ' }, /message/],
  ['no service', { ...good, service: undefined }, /service/],
  ['no correlation id', { ...good, correlationId: undefined }, /correlationId/],
  ['a time without its zone', { ...good, time: '2026-11-02T10:00:00' }, /time/],
  ['a time of last year', { ...good, time: '2025-11-02T10:00:00Z' }, /another time/],
  ['a time to come', { ...good, time: '2026-11-02T10:01:00Z' }, /another time/],
])('refuses %s', (_name, line, words) => {
  expect(flawsOf(line).join()).toMatch(words)
})
