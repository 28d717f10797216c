import { at, testJudge, where } from '../judge-harness.ts'
import { concurrencyTrialSchema, judgeConcurrency } from './judge.ts'
import type { ConcurrencyTrial } from './judge.ts'

const effect = (trial: ConcurrencyTrial, what: RegExp): { seen: number } =>
  where(
    trial.conflicts.flatMap(({ effects }) => effects),
    (found) => what.test(found.what),
  )

testJudge({
  directory: import.meta.dirname,
  schema: concurrencyTrialSchema,
  judge: judgeConcurrency,
  alterations: [
    [
      'copies took effect twice',
      (trial) => void (at(trial.copies, 0).seen['events appointment.booked'] = 2),
      /did not take effect once: events appointment.booked: 2 instead of 1/,
    ],
    [
      'an effect was lost',
      (trial) => void (at(trial.copies, 0).seen = {}),
      /events appointment.booked: 0 instead of 1/,
    ],
    ['a copy failed', (trial) => void (at(trial.copies, 1).statuses['500'] = 1), /1 got 500/],
    [
      'a command got another answer',
      (trial) => void (at(trial.copies, 7).statuses = { 202: 1, 409: 11 }),
      /11 got 409/,
    ],
    [
      'a fourth message',
      (trial) => void (effect(trial, /^messages that one/).seen = 4),
      /4 messages that one customer got/,
    ],
    [
      'no message at all',
      (trial) => void (effect(trial, /^messages that one/).seen = 0),
      /0 messages that one customer/,
    ],
    ['two confirmations', (trial) => void (effect(trial, /^confirmations/).seen = 2), /2 confirmations/],
    [
      'a time was lost',
      (trial) => void (effect(trial, /times that were lost/).seen = 1),
      /1 accepted times that were lost/,
    ],
    [
      'a letter delivered twice',
      (trial) => void (effect(trial, /messages delivered/).seen = 2),
      /2 messages delivered/,
    ],
    ['no replay accepted', (trial) => void (effect(trial, /replays accepted/).seen = 0), /0 replays accepted/],
    ['an erased person is found', (trial) => void (effect(trial, /traces/).seen = 1), /1 traces of erased people/],
    ['a conflict failed', (trial) => void (at(trial.conflicts, 0).statuses['503'] = 2), /2 got 503/],
    ['a conflict hung', (trial) => void (at(trial.conflicts, 0).statuses['none'] = 1), /1 got none/],
    ['a deadlock', (trial) => void (trial.deadlocks = 1), /had to end 1 deadlocks/],
    ['a job given up', (trial) => void (trial.deadLetters = 1), /1 jobs were given up/],
    [
      'an interrupted delivery lost',
      (trial) => void (trial.interrupted.lost = 1),
      /interrupted deliveries had no effect/,
    ],
    ['an interrupted delivery twice', (trial) => void (trial.interrupted.twice = 1), /took effect twice/],
  ],
  allowed: [
    ['copies answered alike', (trial) => void (at(trial.copies, 0).statuses = { 202: 12 })],
    ['fewer messages than may be', (trial) => void (effect(trial, /^messages that one/).seen = 2)],
  ],
})
