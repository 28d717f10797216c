import { expect, test } from 'vitest'
import { honestPacks, hostilePacks } from '../../attacks/hostile-packs.ts'
import type { ProfilePack } from '../../attacks/hostile-packs.ts'
import { at, testJudge, where } from '../judge-harness.ts'
import { judgePacks, packsTrialSchema } from './judge.ts'

testJudge({
  directory: import.meta.dirname,
  schema: packsTrialSchema,
  judge: judgePacks,
  alterations: [
    [
      'an honest pack that does not start',
      ({ honest }) => Object.assign(at(honest, 1), { hasStarted: false, commandStatus: null, said: 'not a version' }),
      /only adds \(.*\) is refused: not a version/,
    ],
    [
      'an honest pack that is not served',
      ({ honest }) => (at(honest, 1).commandStatus = 400),
      /its command is answered with 400/,
    ],
    [
      'a hostile pack that is served',
      ({ hostile }) =>
        Object.assign(
          where(hostile, ({ name }) => name === 'one command mapped twice'),
          { hasStarted: true, commandStatus: 202 },
        ),
      /pack with one command mapped twice is loaded/,
    ],
    ['a refusal without a word', ({ hostile }) => (at(hostile, 2).said = ' '), /ends the subject without a word/],
  ],
  allowed: [
    [
      'a core that goes on without the profile',
      ({ hostile }) => Object.assign(at(hostile, 0), { hasStarted: true, commandStatus: 400, said: null }),
    ],
  ],
})

const genuine: ProfilePack = {
  profileId: 'dental',
  version: '1.0.0',
  policies: { validation: [], compliance: [], guardrails: [] },
  templates: { messages: {}, prompts: {} },
  commandMappings: [{ commandType: 'a.b', handler: 'c' }],
  eventProjections: [],
}

test.each([...honestPacks.slice(1), ...hostilePacks])('$name: the pack differs from the genuine one', ({ change }) => {
  expect(change(structuredClone(genuine))).not.toEqual(genuine)
})

test('nothing hostile is done to the pack that is given', () => {
  const given = structuredClone(genuine)
  for (const { change } of hostilePacks) change(given)
  expect(given).toEqual(genuine)
})
