import { at, testJudge } from '../judge-harness.ts'
import { judgeSignatures, signaturesTrialSchema } from './judge.ts'
import type { SignaturesTrial } from './judge.ts'

const calendly = ({ sources }: SignaturesTrial) => at(sources, 0)
const twilio = ({ sources }: SignaturesTrial) => at(sources, 2)

testJudge({
  directory: import.meta.dirname,
  schema: signaturesTrialSchema,
  judge: judgeSignatures,
  alterations: [
    [
      'a genuine delivery is refused',
      (trial) => void (at(calendly(trial).genuine, 0).status = 401),
      /genuine delivery refused with 401/,
    ],
    [
      'a genuine delivery has no effect',
      (trial) => void (at(calendly(trial).genuine, 0).isStored = false),
      /without effect/,
    ],
    [
      'a forged one is accepted',
      (trial) => void (at(calendly(trial).forged, 3).status = 202),
      /forged delivery accepted with 202/,
    ],
    [
      'a forged one is stored',
      (trial) => void (at(calendly(trial).forged, 3).isStored = true),
      /refused with 401, yet it took effect/,
    ],
    [
      'a forged one leads to an event',
      (trial) => void (at(calendly(trial).forged, 3).events = 1),
      /yet it took effect/,
    ],
    ['a forged one crashes', (trial) => void (at(calendly(trial).forged, 3).status = 500), /answered with 500/],
    [
      'a refusal without the envelope',
      (trial) => void (at(calendly(trial).forged, 3).code = null),
      /without the error envelope/,
    ],
    [
      'a timed replay is acknowledged',
      (trial) => void (calendly(trial).replay.secondStatus = 200),
      /replay of the same signed delivery/,
    ],
    ['a replay takes effect', (trial) => void (calendly(trial).replay.eventsAfter += 1), /replay took effect again/],
    ['a redelivery is refused', (trial) => void (calendly(trial).redelivery.status = 401), /redelivery was refused/],
    [
      'a redelivery takes effect',
      (trial) => void (calendly(trial).redelivery.eventsAfter += 2),
      /redelivery took effect again: 2/,
    ],
    ['the process ended', (trial) => void (calendly(trial).endedProcesses = 1), /process of the subject ended/],
    [
      'an empty secret is accepted',
      (trial) =>
        void Object.assign(at(trial.unconfigured, 0), {
          hasStarted: true,
          deliveries: [{ name: 'unsigned', status: 202, code: null, isStored: true }],
        }),
      /without a webhook secret .*calendly/,
    ],
    [
      'a forged STOP withdraws consent',
      (trial) => void (trial.bystander.after.isConsentGranted = false),
      /changed a customer’s consent/,
    ],
    ['a forged cancellation cancels', (trial) => void (trial.bystander.after.status = 'cancelled'), /to cancelled/],
  ],
  allowed: [
    ['a replay without a time is acknowledged', (trial) => void (twilio(trial).replay.secondStatus = 200)],
    [
      'an instance without a secret that refuses',
      (trial) =>
        void Object.assign(at(trial.unconfigured, 0), {
          hasStarted: true,
          deliveries: [{ name: 'unsigned', status: 401, code: 'UNAUTHORIZED', isStored: false }],
        }),
    ],
  ],
})
