import { at, testJudge } from '../judge-harness.ts'
import { degradationTrialSchema, judgeDegradation } from './judge.ts'

testJudge({
  directory: import.meta.dirname,
  schema: degradationTrialSchema,
  judge: judgeDegradation,
  alterations: [
    ['not ready', ({ rounds }) => void (at(rounds, 0).service.readyStatus = 503), /\/ready answered 503.*while/],
    ['a booking refused', ({ rounds }) => void (at(rounds, 1).service.booking.status = 500), /a booking answered 500/],
    ['a reply refused', ({ rounds }) => void (at(rounds, 1).service.reply.status = 503), /a reply answered 503/],
    [
      'an admin API that waits',
      ({ rounds }) => void (at(rounds, 2).service.adminApi.answerMilliseconds = 60_000),
      /the admin API answered 200 after 60000 ms/,
    ],
    [
      'bookings held up',
      ({ rounds }) => void (at(rounds, 2).service.booking.visibleAfterMilliseconds = null),
      /became an appointment not in time/,
    ],
    [
      'replies held up',
      ({ rounds }) => void (at(rounds, 2).service.reply.appliedAfterMilliseconds = 60_000),
      /YES was applied after 60000 ms/,
    ],
    ['callers refused', ({ rounds }) => void (at(rounds, 0).callers.answered -= 1), /1 of \d+ callers.*got an error/],
    [
      'callers who wait',
      ({ rounds }) => void (at(rounds, 0).callers.slowestAnswerMilliseconds = 60_000),
      /the slowest answer took 60000 ms/,
    ],
    [
      'told that it is sent',
      ({ rounds }) => void (at(rounds, 0).callers.claimedDone = 1),
      /told that their message is sent/,
    ],
    ['work held up', ({ rounds }) => void (at(at(rounds, 0).faults, 1).met = 0), /work for stripe was held up/],
    ['does not start', ({ outage }) => void (outage.startedMeanwhile = false), /did not become ready/],
    ['a queue that grows', ({ outage }) => void (outage.growth.rows = 4 * outage.waiting + 1), /the queue grows/],
    ['lost', ({ outcomes }) => void (at(outcomes, 0).lost = 1), /1 of \d+ pieces of work were lost/],
    ['given up', ({ outcomes }) => void (at(outcomes, 0).givenUpUntried = 2), /2 of \d+.*only been waiting/],
    ['twice', ({ outcomes }) => void (at(outcomes, 1).doneTwice = 1), /done twice/],
    ['guessed', ({ outcomes }) => void (at(outcomes, 2).wrong = 1), /guessed/],
    ['hung calls left open', ({ hungCalls }) => void (hungCalls.givenUp = 0), /still open at the end/],
  ],
})
