import { at, testJudge, where } from '../judge-harness.ts'
import { consentTrialSchema, judgeConsent } from './judge.ts'
import type { ConsentTrial } from './judge.ts'

type Consent = ConsentTrial['paths'][number]['people'][number]['consent']

const person = (trial: ConsentTrial, path: string, consent: Consent) =>
  where(where(trial.paths, (one) => one.path === path).people, (one) => one.consent === consent)

testJudge({
  directory: import.meta.dirname,
  schema: consentTrialSchema,
  judge: judgeConsent,
  alterations: [
    [
      'a reminder to somebody who was never asked',
      (trial) => (person(trial, 'reminder 48 h before', 'never given').delivered = 1),
      /1 messages were sent to a customer without consent \(reminder 48 h before, consent never given\)/,
    ],
    [
      'an attempt that only the provider kept from arriving',
      (trial) => (person(trial, 'request for a deposit', 'withdrawn before').turnedAway = 1),
      /1 messages were sent to a customer without consent \(request for a deposit, consent withdrawn before by/,
    ],
    [
      'a message that was queued before',
      (trial) => (person(trial, 'message of an administrator', 'withdrawn while queued').deliveredFromQueue = 1),
      /1 queued messages were sent although consent had been withdrawn meanwhile/,
    ],
    [
      'more than a confirmation',
      (trial) => (person(trial, 'recovery of a missed appointment', 'withdrawn while queued').confirmations = 2),
      /2 further messages were sent after consent had been withdrawn/,
    ],
    [
      'a replay',
      ({ replay }) => (where(replay, ({ consent }) => consent !== 'given').delivered = 1),
      /replay of a dead letter sent 1 messages to a customer whose consent was withdrawn/,
    ],
    [
      'a second attempt',
      ({ betweenAttempts }) => (where(betweenAttempts, ({ consent }) => consent !== 'given').delivered = 1),
      /next attempt at a message went out 1 times although consent had been withdrawn/,
    ],
    ['nobody recorded it', ({ records }) => (at(records, 0).who = null), /does not tell who/],
    [
      'no time and no way',
      ({ records }) => Object.assign(at(records, 1), { when: null, how: null }),
      /does not tell when, how/,
    ],
    [
      'no record',
      ({ records }) => Object.assign(at(records, 2), { isRight: false, who: null, when: null, how: null }),
      /the consent record does not tell of it \(export of a customer: consent withdrawn by an administrator\)/,
    ],
  ],
  allowed: [
    [
      'one confirmation of an opt-out',
      (trial) => (person(trial, 'message of an administrator', 'withdrawn while queued').confirmations = 1),
    ],
    ['a message and another to who agreed', (trial) => (person(trial, 'reminder 24 h before', 'given').delivered = 2)],
  ],
})
