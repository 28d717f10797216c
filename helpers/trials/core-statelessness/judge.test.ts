import { at, testJudge } from '../judge-harness.ts'
import { judgeStatelessness, statelessnessTrialSchema } from './judge.ts'

testJudge({
  directory: import.meta.dirname,
  schema: statelessnessTrialSchema,
  judge: judgeStatelessness,
  alterations: [
    [
      'a switch on the profile',
      ({ source }) => source.branches.push({ how: 'switch', what: '"healthcare"', where: 'src/core/a.ts:3:1' }),
      /branches on a profile.*switch, "healthcare" \(src\/core\/a\.ts:3:1\)/,
    ],
    [
      'results kept in a module',
      ({ source }) => source.kept.push({ name: 'results', holds: 'tenantId', where: 'src/core/a.ts:9:1' }),
      /keeps what a request brought \(tenantId\).*results/,
    ],
    ['a command refused', ({ crossed }) => (at(crossed, 0).acceptedStatus = 500), /answered with 500/],
    [
      'a command unknown to the other',
      ({ crossed }) => (at(crossed, 1).commandStatus = 404),
      /given to the second.*answers 404/,
    ],
    [
      'another status on the other',
      ({ crossed }) => (at(crossed, 0).isSameCommand = false),
      /something else of the command/,
    ],
    [
      'a workflow unknown to the other',
      ({ crossed }) => (at(crossed, 0).workflowStatus = 404),
      /asked for its workflow/,
    ],
    [
      'another workflow on the other',
      ({ crossed }) => (at(crossed, 0).isSameWorkflow = false),
      /something else of its workflow/,
    ],
    ['events missing on the other', ({ crossed }) => (at(crossed, 0).eventsOnOther = 0), /has 0 of its events/],
    ['a stale view', ({ views }) => (at(views, 0).isSame = false), /answer GET .* differently after the start/],
    [
      'a breaker for each process',
      ({ breaker }) => (breaker.onSecond = 'closed'),
      /breaker of twilio is open.*closed on the other/,
    ],
    ['commands lost between tenants', ({ tenants }) => (tenants.accepted = 11), /1 of 12 commands of two tenants/],
    ['tenants mixed up', ({ tenants }) => tenants.mixedUp.push('an answer names another'), /mixed up 1 times/],
    ['commands forgotten', ({ killed }) => (killed.known = 3), /2 of 5 accepted commands are not known/],
    ['commands never ended', ({ killed }) => (killed.ended = 4), /1 of 5 commands are never brought to their end/],
    ['events never written', ({ killed }) => (killed.withEvents = 4), /1 of 5 commands lack events/],
    ['another answer to a copy', ({ killed }) => (killed.isSameAnswer = false), /sent again/],
    [
      'a subscription forgotten',
      ({ killed }) => (killed.subscriptionStatus = 404),
      /subscription made before is answered with 404/,
    ],
    ['a made-up profile refused', ({ madeUpProfile }) => (madeUpProfile.madeUp.status = 400), /served otherwise: 400/],
    [
      'a made-up profile that ends otherwise',
      ({ madeUpProfile }) => (madeUpProfile.madeUp.command = 'waiting'),
      /command waiting/,
    ],
    [
      'a made-up profile that does not start',
      ({ madeUpProfile }) => (madeUpProfile.startProblem = 'no such profile'),
      /no such profile/,
    ],
  ],
})
