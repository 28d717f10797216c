import { at, testJudge } from '../judge-harness.ts'
import { deadLetterTrialSchema, judgeDeadLetters } from './judge.ts'
import type { DeadLetterTrial } from './judge.ts'

type Letter = NonNullable<DeadLetterTrial['exhausted'][number]['letter']>

const letterOf = (trial: DeadLetterTrial): Letter => {
  const { letter } = at(trial.exhausted, 0)
  if (letter === null) throw new Error('Expected a letter in the recorded evidence.')
  return letter
}
const stormOf = (trial: DeadLetterTrial): NonNullable<DeadLetterTrial['storm']> => {
  if (trial.storm === null) throw new Error('Expected kills in the recorded evidence.')
  return trial.storm
}

testJudge({
  directory: import.meta.dirname,
  schema: deadLetterTrialSchema,
  judge: judgeDeadLetters,
  alterations: [
    ['a job without a letter', (trial) => (at(trial.exhausted, 1).letter = null), /not among the dead letters.*400/],
    ['a job that was never tried', (trial) => (at(trial.exhausted, 1).attemptsSeen = 0), /not tried at all/],
    ['other attempts', (trial) => (letterOf(trial).attempts = 1), /says 1 attempts, the provider saw 3/],
    ['no attempts', (trial) => (letterOf(trial).attempts = null), /says nothing of its attempts/],
    ['no error', (trial) => (letterOf(trial).error = ' '), /no error/],
    ['no payload', (trial) => (letterOf(trial).isPayloadThere = false), /no payload/],
    ['another correlation id', (trial) => (letterOf(trial).isCorrelationIdRight = false), /another correlation id/],
    ['a letter in memory', (trial) => (letterOf(trial).isSeenByOther = false), /not shown by another instance/],
    ['others waited', (trial) => (trial.others.doneMeanwhile = 1), /2 of 3 jobs of others were blocked/],
    ['a replay that ran twice', (trial) => (at(trial.replays, 1).callsAfter = 2), /called 2 times after a replay/],
    ['a replay that did not run', (trial) => (at(trial.replays, 1).callsAfter = 0), /called 0 times after a replay/],
    ['a replay that crashed', (trial) => (at(trial.replays, 1).statuses = { '202': 1, '500': 1 }), /answered 202.*500/],
    ['a replay that was refused', (trial) => (at(trial.replays, 2).statuses = { '409': 2 }), /answered 409/],
    ['a failed replay forgotten', (trial) => (at(trial.replays, 0).openLettersAfter = 0), /failed has 0 open/],
    ['a delivered letter still open', (trial) => (at(trial.replays, 1).openLettersAfter = 1), /still dead/],
    ['fewer replays', (trial) => trial.replays.splice(1), /1 dead letters were replayed/],
    [
      'a job lost to a kill',
      (trial) => stormOf(trial).beforeReplay.unaccounted.push('message x'),
      /lost: message x.*kill/,
    ],
    ['a message sent twice', (trial) => stormOf(trial).beforeReplay.repeated.push('message x'), /twice: message x/],
    ['delivered and dead', (trial) => stormOf(trial).afterReplay.deadAndEffected.push('message x'), /both delivered/],
    ['dead twice', (trial) => stormOf(trial).beforeReplay.deadTwice.push('message x'), /more than once: message x/],
    ['waiting counted as dead', (trial) => trial.outage?.deadAndEffected.push('message x'), /both delivered.*outage/],
  ],
})
