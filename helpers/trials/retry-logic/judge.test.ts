import { at, testJudge } from '../judge-harness.ts'
import { judgeRetries, retryTrialSchema } from './judge.ts'

testJudge({
  directory: import.meta.dirname,
  schema: retryTrialSchema,
  judge: judgeRetries,
  alterations: [
    ['a fourth attempt', (trial) => void (trial.exhausted.attempts = 4), /4 attempts.*every attempt failed/],
    ['a second attempt only', (trial) => void (at(trial.backoff, 0).attempts = 2), /2 attempts/],
    ['delivered twice', (trial) => void (at(trial.lostAnswers, 0).delivered = 2), /double send/],
    ['not delivered', (trial) => void (trial.reset.delivered = 0), /not delivered.*reset/],
    [
      'delays that do not grow',
      (trial) => trial.backoff.forEach((run) => (run.secondGapMilliseconds = run.firstGapMilliseconds)),
      /no exponential backoff/,
    ],
    [
      'delays without jitter',
      (trial) =>
        trial.backoff.forEach((run) => Object.assign(run, { firstGapMilliseconds: 220, secondGapMilliseconds: 430 })),
      /no jitter/,
    ],
    ['a 400 tried again', (trial) => void (at(trial.refusals, 0).attempts = 3), /3 attempts.*answered 400/],
    ['Retry-After ignored', (trial) => void (trial.rateLimited.gapMilliseconds = 300), /Retry-After/],
    ['a 429 never tried again', (trial) => void (trial.rateLimited.gapMilliseconds = null), /Retry-After/],
    ['a hang given up late', (trial) => void (trial.hang.gapMilliseconds = 35_001), /timed out after 35001 ms/],
    ['a hang never given up', (trial) => void (trial.hang.gapMilliseconds = null), /timed out never/],
    ['no dead letter', (trial) => void (trial.exhausted.deadLetter = null), /not among the dead letters/],
    [
      'a dead letter without its error',
      (trial) => trial.exhausted.deadLetter && (trial.exhausted.deadLetter.hasError = false),
      /dead letter lacks its error/,
    ],
    [
      'a dead letter with another number of attempts',
      (trial) => trial.exhausted.deadLetter && (trial.exhausted.deadLetter.attempts = 1),
      /dead letter lacks its attempts/,
    ],
    [
      'a key for each attempt',
      (trial) => at(trial.backoff, 0).idempotencyKeys.push('another'),
      /1 of \d+ retried messages did not carry one idempotency key/,
    ],
    [
      'one key for two messages',
      (trial) => void (at(trial.backoff, 0).idempotencyKeys = at(trial.backoff, 1).idempotencyKeys),
      /two messages carried the same/,
    ],
  ],
  allowed: [
    ['a hang given up at the limit', (trial) => void (trial.hang.gapMilliseconds = 35_000)],
    ['a lost answer noticed without another attempt', (trial) => void (at(trial.lostAnswers, 0).attempts = 1)],
  ],
})
