import { at, testJudge } from '../judge-harness.ts'
import { eventTrialSchema, judgeEvents } from './judge.ts'

testJudge({
  directory: import.meta.dirname,
  schema: eventTrialSchema,
  judge: judgeEvents,
  alterations: [
    [
      'an event without an id',
      (trial) => trial.envelopes.flaws.push({ flaw: 'eventId: required', example: 'x', events: 3 }),
      /3 of \d+ events miss the canonical envelope: eventId/,
    ],
    ['two events of one id', (trial) => void (trial.envelopes.repeatedIds = 1), /share their eventId/],
    [
      'another workflow',
      (trial) => void (trial.causation.ofOtherWorkflow = 1),
      /causation chain broken.*another workflow/,
    ],
    ['another correlation', (trial) => void (trial.causation.ofOtherCorrelation = 1), /another correlation id/],
    ['no known cause', (trial) => void (trial.causation.withoutKnownCause = 2), /2 name a causationId/],
    ['steps out of order', (trial) => void (trial.order.sequence = [2, 1, 3]), /out of order.*2, 1, 3/],
    ['a step without an event', (trial) => void (trial.order.sequence = [1, 3]), /came as 1, 3/],
    ['a change without an event', (trial) => void (trial.concurrent.lost = 1), /never became an event/],
    [
      'an event passed by',
      (trial) => void (at(trial.concurrent.readers, 1).missed = 4),
      /instance 2 missed 4 events.*skipped/,
    ],
    ['another order', (trial) => void (at(trial.concurrent.readers, 0).reordered = 1), /reordered/],
    ['another sequence', (trial) => void (at(trial.replay.different, 2).different = 5), /5 of 25 cursors.*kill -9/],
    ['too long a page', (trial) => void (trial.replay.overlongPages = 1), /more events than the limit/],
    ['no subscription', (trial) => void (trial.subscription.createdWith = 404), /answered with 404/],
    ['no replay', (trial) => void (trial.subscription.replayedWith = 500), /replay was answered with 500/],
    ['a replay with gaps', (trial) => void (trial.subscription.missing = 2), /left out 2 events/],
    ['a replay for everybody', (trial) => void (trial.subscription.replayedAsOther = 200), /tenant leak/],
    ['events of others', (trial) => void (trial.tenants.seenByOther = 7), /shown 7 events.*tenant leak/],
    [
      'no token needed',
      (trial) => void (at(trial.tenants.refusals, 0).status = 200),
      /without a token was answered with 200/,
    ],
    ['a command without event', (trial) => void (trial.outbox.changesWithoutEvent = 1), /without their event/],
    ['an event without command', (trial) => void (trial.outbox.eventsWithoutChange = 1), /without their command/],
    ['a command that cannot be finished', (trial) => void (trial.outbox.notCompleted = 1), /sent again with their key/],
  ],
  allowed: [['forbidden instead of not found', (trial) => void (trial.subscription.replayedAsOther = 403)]],
})
