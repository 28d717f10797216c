import { testJudge, where } from '../judge-harness.ts'
import { judgeOptOuts, optOutTrialSchema } from './judge.ts'
import type { OptOutTrial } from './judge.ts'

const optOut = (trial: OptOutTrial) => where(trial.replies, ({ meaning }) => meaning === 'opt-out')
const ordinary = (trial: OptOutTrial) => where(trial.replies, ({ meaning }) => meaning === 'other')

testJudge({
  directory: import.meta.dirname,
  schema: optOutTrialSchema,
  judge: judgeOptOuts,
  alterations: [
    ['an opt-out is not understood', (trial) => void (optOut(trial).isConsentGranted = true), /consent still stands/],
    [
      'an opt-out is not confirmed',
      (trial) => void Object.assign(optOut(trial), { answers: 0, confirmations: 0 }),
      /0 confirmations/,
    ],
    ['another message follows', (trial) => void (optOut(trial).answers = 2), /1 confirmations and 1 other messages/],
    [
      'a message after an opt-out',
      (trial) => void (optOut(trial).messageAfterwards.delivered = 1),
      /message was sent after an opt-out/,
    ],
    ['a genuine reply is refused', (trial) => void (optOut(trial).acknowledgedWith = 401), /refused with 401/],
    [
      'an ordinary sentence silences',
      (trial) => void (ordinary(trial).isConsentGranted = false),
      /taken for an opt-out/,
    ],
    ['an ordinary sentence is confirmed', (trial) => void (ordinary(trial).confirmations = 1), /taken for an opt-out/],
    [
      'who did not opt out gets nothing',
      (trial) => void (ordinary(trial).messageAfterwards.delivered = 0),
      /delivered 0 times/,
    ],
    ['twenty confirmations', (trial) => void (trial.repeated.confirmations = 20), /led to 20 confirmations/],
    ['a queued message is sent', (trial) => void (trial.queued.deliveredToWhoOptedOut = 1), /queued message was sent/],
    [
      'queued messages of others are lost',
      (trial) => void (trial.queued.deliveredToWhoDidNot = 0),
      /delivered 0 times/,
    ],
    ['START restores nothing', (trial) => void (trial.restart.isConsentGranted = false), /START did not restore/],
    ['START is followed by silence', (trial) => void (trial.restart.delivered = 0), /after START/],
    ['no audit entry', (trial) => void (trial.audit.entries = 0), /audit entries/],
    ['CANCEL cancels', (trial) => void (trial.appointment.statusAfter = 'cancelled'), /CANCEL changed the appointment/],
  ],
})
