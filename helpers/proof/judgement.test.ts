import { expect, test } from 'vitest'
import type { ControlAnswer, GateAnswer } from './gate-process.ts'
import { judgeCase } from './judgement.ts'
import type { Expectation } from './judgement.ts'

const control = 'security/tls'
const caught: Expectation = { kind: 'caught', word: 'Downgrade' }
const passed: ControlAnswer = { outcome: 'passed', shortfalls: [], reason: null }
const unverified: ControlAnswer = { outcome: 'unverified', shortfalls: [], reason: 'a downgrade never arrived' }
const failed: ControlAnswer = {
  outcome: 'failed',
  shortfalls: [{ what: 'a downgrade is served', where: 'port 443' }],
  reason: null,
}
const failedElsewhere: ControlAnswer = { ...failed, shortfalls: [{ what: 'no answer', where: 'port 443' }] }

const answer = (said: ControlAnswer): GateAnswer => ({
  answered: true,
  controls: new Map([[control, said]]),
  durationMilliseconds: 1,
})

test.each([
  [caught, failed, 'caught'],
  [caught, failedElsewhere, 'wrong reason'],
  [caught, unverified, 'wrong reason'],
  [caught, passed, 'missed'],
  [{ kind: 'passed' }, passed, 'held'],
  [{ kind: 'passed' }, failed, 'refused'],
  [{ kind: 'passed' }, unverified, 'refused'],
  [{ kind: 'not passed' }, passed, 'missed'],
  [{ kind: 'not passed' }, failed, 'held'],
  [{ kind: 'not passed' }, unverified, 'held'],
] satisfies [Expectation, ControlAnswer, string][])(
  'when %o is shown and the control says %o, it is %s',
  (expectation, said, outcome) => {
    expect(judgeCase(expectation, control, answer(said)).outcome).toBe(outcome)
  },
)

test.each([caught, { kind: 'passed' }, { kind: 'not passed' }] satisfies Expectation[])(
  'a run without an answer is an error, whatever was expected: %o',
  (expectation) => {
    const silent: GateAnswer = { answered: false, problem: 'it crashed', durationMilliseconds: 1 }
    expect(judgeCase(expectation, control, silent)).toEqual({ outcome: 'error', said: 'it crashed' })
    expect(judgeCase(expectation, 'security/other', answer(passed)).outcome).toBe('error')
  },
)

test('quotes what the control said', () => {
  expect(judgeCase(caught, control, answer(failed)).said).toBe('failed: a downgrade is served (port 443)')
  expect(judgeCase(caught, control, answer(unverified)).said).toBe('unverified: a downgrade never arrived')
})
