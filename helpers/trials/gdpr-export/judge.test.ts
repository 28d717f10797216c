import { expect, test } from 'vitest'
import { at, testJudge } from '../judge-harness.ts'
import { consentsIn } from './contents.ts'
import { exportTrialSchema, judgeExport } from './judge.ts'

testJudge({
  directory: import.meta.dirname,
  schema: exportTrialSchema,
  judge: judgeExport,
  alterations: [
    ['no JSON', ({ answer }) => (answer.isParsed = false), /the export is not machine-readable: 200/],
    [
      'something is left out',
      ({ held }) => (at(held, 0).isTold = false),
      /the name of a customer is not in their export \(.*table /,
    ],
    ['one page of messages', ({ messages }) => (messages.told = 50), /190 of 240 messages of a customer are not in/],
    [
      'events of the customer only',
      ({ events }) => Object.assign(events, { told: 3, missing: ['message.sent'] }),
      /events about a customer, their appointments and messages are not in their export: message\.sent/,
    ],
    ['the present consent only', ({ consents }) => (consents.told = 1), /of these 3 consents their export tells 1/],
    [
      'a household taken for one person',
      ({ strangers }) => strangers.push({ of: 'somebody of the same household', what: 'a reply' }),
      /tells another’s data: a reply of somebody of the same household/,
    ],
    [
      'told to a stranger',
      ({ refusals }) => Object.assign(at(refusals, 3), { status: 200, tells: ['the name'] }),
      /asked for by another tenant’s administrator was answered with 200 and tells the name/,
    ],
    [
      'found where there is nobody',
      ({ refusals }) => (at(refusals, 4).status = 500),
      /not there was answered with 500/,
    ],
    ['not noted', ({ audit }) => Object.assign(audit, { entries: 1, complete: 1 }), /2 exports left 1 entries/],
    ['noted without whom', ({ audit }) => (audit.complete = 0), /2 of 2 audit entries of exports do not name/],
  ],
  allowed: [['refused as forbidden', ({ refusals }) => (at(refusals, 3).status = 403)]],
})

test.each([
  ['a list', { consents: [{ granted: true }, { granted: false }] }, 2],
  ['a list within', { data: { consent: { current: { granted: true }, history: [{}, {}, {}] } } }, 3],
  ['the present one', { consent: { granted: true } }, 0],
  ['another list', { events: [{ type: 'consent.given' }] }, 0],
])('consents are counted in %s', (_name, document, count) => {
  expect(consentsIn(document)).toBe(count)
})
