import { expect, test } from 'vitest'
import { at, testJudge, where } from '../judge-harness.ts'
import { plantedCanaries } from './canaries.ts'
import { plainText } from './detector.ts'
import { judgePhi, phiTrialSchema } from './judge.ts'
import type { PhiTrial } from './judge.ts'
import { forbiddenTexts, forbiddenValue } from './texts.ts'

type Carrier = PhiTrial['paths'][number]['people'][number]['carrier']

const person = (trial: PhiTrial, path: string, carrier: Carrier) =>
  where(where(trial.paths, (one) => one.path === path).people, (one) => one.carrier === carrier)
const ssn = { word: '318-22-7741', kind: 'social security number', field: 'notes', form: 'base64' } as const
const attempt = (trial: PhiTrial, name: string) => where(trial.attempts, (one) => one.name === name)

testJudge({
  directory: import.meta.dirname,
  schema: phiTrialSchema,
  judge: judgePhi,
  alterations: [
    [
      'a service type in a reminder',
      (trial) =>
        person(trial, 'reminder 48 h before', 'rare words').findings.push({
          word: 'Tularemia',
          kind: 'condition',
          field: 'service type',
          form: 'as it is',
        }),
      /carries a condition \("Tularemia"\) from the service type \(reminder 48 h before, records with rare words\)/,
    ],
    [
      'notes in the link of a deposit',
      (trial) => person(trial, 'request for a deposit', 'well-known words').findings.push(ssn),
      /carries a social security number \("318-22-7741", base64\) from the notes \(request for a deposit/,
    ],
    [
      'a word of health that nobody planted',
      (trial) =>
        person(trial, 'request for a review', 'harmless').findings.push({
          word: 'treatment',
          kind: 'treatment',
          field: null,
          form: 'as it is',
        }),
      /carries a treatment \("treatment"\) \(request for a review\)/,
    ],
    [
      'a message to somebody else',
      ({ messages }) => messages.toOthers.push(ssn),
      /carries a social security number .* \(a message that no path of the trial explains\)/,
    ],
    [
      'a forbidden text that was sent',
      (trial) => Object.assign(attempt(trial, 'full-width digits'), { status: 202, sent: 1 }),
      /a text with a social security number was answered with 202 and sent \(POST \/messages, free text: full-width digits\)/,
    ],
    [
      'a forbidden value that was sent',
      (trial) =>
        Object.assign(
          where(trial.attempts, ({ way }) => way === 'template variable'),
          { isSupported: false, status: 202, sent: 1 },
        ),
      /a text with a condition was answered with 202 and sent \(POST \/messages, template variable: /,
    ],
    [
      'a crash instead of a refusal',
      (trial) => (attempt(trial, 'brand').status = 500),
      /a text with health information was answered with 500 \(.*brand/,
    ],
    [
      'no envelope',
      (trial) => (attempt(trial, 'brand').hasEnvelope = false),
      /refused with 422 without the error envelope/,
    ],
    [
      'a refusal that nobody hears of',
      (trial) => (attempt(trial, 'with dots').isNoted = false),
      /was refused, and neither log nor audit log tell of it/,
    ],
    [
      'a text that vanishes',
      (trial) => Object.assign(attempt(trial, 'with dots'), { status: 202, isNoted: false }),
      /was dropped, and neither log nor audit log tell of it/,
    ],
    [
      'a refusal that quotes',
      (trial) => attempt(trial, 'ICD-10 code').quotedIn.push('the answer', 'the audit entry message.refused'),
      /the refused diagnosis is quoted in the answer .*\n.*is quoted in the audit entry message\.refused/,
    ],
    [
      'a harmless text refused',
      ({ siblings }) => Object.assign(at(siblings, 0), { status: 422, isDelivered: false }),
      /a harmless text was refused with 422/,
    ],
    [
      'a harmless text that vanishes',
      ({ siblings }) => (at(siblings, 0).isDelivered = false),
      /a harmless text was accepted with 202 and never sent/,
    ],
    [
      'a word in a stored template',
      ({ templates }) => at(templates, 0).findings.push({ word: 'treatment', kind: 'treatment' }),
      /the stored template appointment_reminder carries a treatment: "treatment" \(profile pack /,
    ],
    [
      'an altered template that was sent',
      ({ altered }) => Object.assign(altered, { outcome: 'sent', messages: ['Hi, chemotherapy at 9'] }),
      /a stored template with a treatment written into it was sent: "Hi, chemotherapy at 9"/,
    ],
  ],
  allowed: [
    [
      'nothing sent to those whose records tell of health',
      (trial) => (person(trial, 'reminder 24 h before', 'rare words').messages = 0),
    ],
    [
      'a text sent without the health information',
      (trial) => Object.assign(attempt(trial, 'plain'), { status: 202, sentWithout: 1, isNoted: false }),
    ],
    ['a text accepted, then dropped and noted', (trial) => (attempt(trial, 'plain').status = 202)],
    [
      'an API without templates',
      ({ attempts }) => {
        for (const one of attempts)
          if (one.way === 'template variable')
            Object.assign(one, { isSupported: false, status: 400, hasEnvelope: false, isNoted: false })
      },
    ],
    ['altered templates refused when due', ({ altered }) => (altered.outcome = 'refused when due')],
  ],
})

test('no word that a refusal may not quote is planted in records, which events may well quote', () => {
  const refused = [...forbiddenTexts.map(({ word }) => word), forbiddenValue.word].map(plainText)
  for (const { word } of plantedCanaries)
    expect(refused.filter((one) => one.includes(plainText(word)) || plainText(word).includes(one))).toEqual([])
})

test('each word that a refusal may not quote stands in one text', () => {
  const words = forbiddenTexts.map(({ word }) => plainText(word))
  expect(new Set(words).size).toBe(words.length)
})
