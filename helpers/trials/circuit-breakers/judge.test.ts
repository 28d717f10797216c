import { at, testJudge } from '../judge-harness.ts'
import { breakerTrialSchema, judgeBreakers } from './judge.ts'

testJudge({
  directory: import.meta.dirname,
  schema: breakerTrialSchema,
  judge: judgeBreakers,
  alterations: [
    ['all failures counted', ({ lanes }) => void (at(lanes, 0).consecutive.successes = 1), /1 of 2 successes/],
    ['refusals counted', ({ lanes }) => void (at(lanes, 1).refusals.servedAfterwards = false), /refusals.*opened/],
    ['refusals stopped early', ({ lanes }) => void (at(lanes, 1).refusals.arrivals = 5), /refusals.*5 of 6/],
    ['opens late', ({ lanes }) => void (at(lanes, 2).opening.arrivals = 6), /6 calls left while every call failed/],
    ['opens early', ({ lanes }) => void (at(lanes, 2).opening.arrivals = 3), /3 calls left/],
    [
      'a call while open',
      ({ lanes }) => void (at(at(lanes, 0).whileOpen, 1).arrivals = 1),
      /1 calls left although.*restart/,
    ],
    ['a caller refused', ({ lanes }) => void (at(at(lanes, 0).whileOpen, 0).answered = 0), /callers got an error/],
    [
      'a caller who waits',
      ({ lanes }) => void (at(at(lanes, 0).whileOpen, 0).slowestAnswerMilliseconds = 60_001),
      /waited 60001 ms/,
    ],
    ['many probes', ({ lanes }) => void (at(lanes, 0).probe.arrivals = 12), /12 calls were let through at once/],
    ['no probe', ({ lanes }) => void (at(lanes, 0).probe.arrivals = 0), /never half-opens/],
    ['not closed', ({ lanes }) => void (at(lanes, 0).closedAgain.arrivalsAfterOneFailure = 1), /had not closed/],
    [
      'state not shown',
      ({ lanes }) => void (at(at(lanes, 0).states.open, 1).adminApi = 'closed'),
      /shown as "closed" when/,
    ],
    ['open from the start', ({ lanes }) => void (at(lanes, 0).states.closed.adminApi = 'open'), /before any failure/],
    [
      'open for ever',
      ({ lanes }) => void (at(lanes, 0).states.closedAgain.adminApi = 'open'),
      /when it had closed again/,
    ],
    [
      'no metrics',
      ({ lanes }) => {
        const { states } = at(lanes, 0)
        for (const state of [states.closed, states.closedAgain, ...states.open]) state.metrics = 'not told'
      },
      /hold no state/,
    ],
    [
      'a gauge that stays open',
      ({ lanes }) => {
        const { states } = at(lanes, 0)
        states.closedAgain.metrics = at(states.open, 0).metrics
      },
      /do not return to the closed state/,
    ],
    ['probe shown as closed', ({ halfOpen }) => void (halfOpen.stateDuringProbe = 'closed'), /probe is under way/],
    ['no new minute', ({ halfOpen }) => void (halfOpen.afterFailedProbe.arrivals = 2), /2 calls left.*failed probe/],
    [
      'closed by one success',
      ({ halfOpen }) => void (halfOpen.oneSuccessThenFailure.arrivals = 4),
      /4 calls had arrived/,
    ],
    [
      'one breaker for all',
      ({ halfOpen }) => void (at(halfOpen.others, 0).arrivals = 0),
      /did not leave while the breaker of/,
    ],
    ['waiting work lost', ({ waiting }) => void (waiting.delivered -= 1), /were lost/],
    ['waiting work twice', ({ waiting }) => void (waiting.deliveredTwice = 1), /done twice/],
  ],
  allowed: [
    ['half-open shown during the probe', ({ halfOpen }) => void (halfOpen.stateDuringProbe = 'half-open')],
    ['open shown during the probe', ({ halfOpen }) => void (halfOpen.stateDuringProbe = 'open')],
  ],
})
