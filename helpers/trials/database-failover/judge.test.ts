import { at, testJudge } from '../judge-harness.ts'
import { failoverTrialSchema, judgeFailover } from './judge.ts'
import type { FailoverTrial } from './judge.ts'

/** A part of the evidence that the recorded run has. */
function the<Part extends 'slow' | 'pool' | 'account'>(
  trial: FailoverTrial,
  part: Part,
): NonNullable<FailoverTrial[Part]> {
  const found = trial[part]
  if (found === null) throw new Error(`Expected ${part} in the recorded evidence.`)
  return found
}

testJudge({
  directory: import.meta.dirname,
  schema: failoverTrialSchema,
  judge: judgeFailover,
  alterations: [
    ['a crash', (trial) => (trial.endedProcesses = 1), /1 processes of the service ended/],
    ['an internal error', (trial) => (at(at(trial.outages, 0).answers, 0).statuses = { '500': 2 }), /answered 500/],
    ['a success while lost', (trial) => (at(at(trial.outages, 0).answers, 1).statuses = { '202': 2 }), /answered 202/],
    ['no answer', (trial) => (at(at(trial.outages, 1).answers, 0).statuses = { none: 2 }), /answered none/],
    ['no envelope', (trial) => (at(at(trial.outages, 0).answers, 0).withoutEnvelope = 1), /lack the error envelope/],
    ['a leak', (trial) => (at(at(trial.outages, 0).answers, 0).leaking = 1), /tell an address/],
    ['a late answer', (trial) => (at(at(trial.outages, 1).answers, 0).slowestMilliseconds = 5200), /after 5200 ms/],
    ['a failing /health', (trial) => (at(trial.outages, 0).healthNot200 = 2), /\/health failed 2/],
    ['a /ready that stays', (trial) => (at(trial.outages, 0).unreadyAfterMilliseconds = null), /said 503 never/],
    [
      'nothing accepted afterwards',
      (trial) => (at(trial.outages, 0).acceptsAfterMilliseconds = null),
      /did not come back/,
    ],
    ['no recovery', (trial) => (at(trial.outages, 0).readyAfterMilliseconds = null), /200 again never/],
    ['a late recovery', (trial) => (at(trial.outages, 0).acceptsAfterMilliseconds = 18_000), /again after 18000 ms/],
    ['dead after terminations', (trial) => (at(trial.terminations, 1).isReadyAgain = false), /did not come back/],
    ['a cut as internal error', (trial) => (at(trial.cuts, 0).status = 500), /cut was answered 500/],
    ['a cut without answer', (trial) => (at(trial.cuts, 0).status = null), /answered not at all/],
    ['a repetition refused', (trial) => (at(trial.cuts, 1).lastStatus = 401), /asked again, was answered 401/],
    ['slow means broken', (trial) => (the(trial, 'slow').answers.statuses = { '500': 1 }), /answered 500/],
    ['a pool that shrank', (trial) => (the(trial, 'pool').mostInUseAfter = 1), /1 connections were in use at once/],
    ['a leak of connections', (trial) => (the(trial, 'pool').openAfter += 20), /connections are open/],
    ['a burst refused', (trial) => (the(trial, 'pool').burstRefusedAfter = 3), /3 of 40 requests/],
    [
      'half a booking',
      (trial) => trial.halfWritten.push({ request: 'booking x', where: 'customers.phone' }),
      /half of it/,
    ],
    ['a booking lost', (trial) => the(trial, 'account').unaccounted.push('booking x'), /lost: booking x/],
    ['a booking doubled', (trial) => the(trial, 'account').repeated.push('booking x'), /twice: booking x/],
    ['work given up', (trial) => (the(trial, 'account').dead = 1), /became dead letters/],
  ],
  allowed: [
    [
      'a cut at a commit that was carried out all the same',
      (trial) => {
        at(trial.cuts, 0).status = 202
        at(trial.cuts, 0).hasEnvelope = false
      },
    ],
    ['a slow database answered with 503', (trial) => (the(trial, 'slow').answers.statuses = { '202': 3, '503': 2 })],
  ],
})
