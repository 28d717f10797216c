import { at, testJudge } from '../judge-harness.ts'
import { erasureTrialSchema, judgeErasure } from './judge.ts'
import type { ErasureTrial } from './judge.ts'

const trace = (where: string, encoding = 'raw'): ErasureTrial['left'][number] => ({
  who: 'a customer',
  what: 'the phone number',
  encoding,
  where,
})

testJudge({
  directory: import.meta.dirname,
  schema: erasureTrialSchema,
  judge: judgeErasure,
  alterations: [
    [
      'a table is forgotten',
      ({ left }) => left.push(trace('table public.replies, column body')),
      /the phone number of a customer is \(raw\) still there after the deletion \(table public\.replies, column body\)/,
    ],
    [
      'a hash that can be guessed',
      ({ left }) => left.push(trace('table public.list, column digest', 'digest by sha256, hex')),
      /can be guessed from an unkeyed hash \(digest by sha256, hex\)/,
    ],
    [
      'a deletion is refused',
      ({ erasures }) => (at(erasures, 0).status = 500),
      /deletion of a customer was answered with 500/,
    ],
    ['the export goes on', ({ gone }) => (at(gone, 1).status = 200), /export was answered with 200 after the deletion/],
    ['the queue is forgotten', ({ tied }) => tied.after.push('queue.jobs'), /still there under their id: queue\.jobs/],
    [
      'dead letters stay',
      (trial) => (trial.deadLetters = 2),
      /2 dead letters about a deleted customer are still listed/,
    ],
    ['a queued message is sent', ({ waiting }) => (waiting.after = 1), /1 messages that waited in the queue were sent/],
    [
      'anybody may delete',
      ({ refusals }) => Object.assign(at(refusals, 0), { status: 204, isStillThere: false }),
      /deleted by nobody/,
    ],
    ['a refusal comes too late', ({ refusals }) => (at(refusals, 2).isStillThere = false), /deleted by another tenant/],
    ['nothing is noted', ({ audit }) => (audit.entries = 0), /2 deletions left 0 entries in the audit log/],
    [
      'the chain breaks',
      ({ audit }) => Object.assign(audit, { exitCodes: { before: 0, after: 1 }, words: 'entry 7' }),
      /no longer verifies after a deletion: entry 7/,
    ],
    [
      'others are touched',
      ({ neighbour }) => neighbour.missing.push('Alex'),
      /1 of \d+ values of somebody else were gone or changed/,
    ],
    [
      'an opt-out is forgotten',
      ({ returns }) => (at(returns, 1).delivered = 1),
      /had opted out before its deletion was texted .* suppression is forgotten/,
    ],
    [
      'everybody is suppressed',
      ({ returns }) => Object.assign(at(returns, 0), { message: 409, delivered: 0 }),
      /never opted out is not texted .* under suppression/,
    ],
    ['it works once only', ({ again }) => (again.status = 409), /could not be deleted again: 409/],
    [
      'it finds only what it knew',
      ({ again }) => again.left.push(trace('table public.customers, column phone')),
      /still there after they had come again and were deleted again \(table/,
    ],
  ],
  allowed: [
    ['gone is as good as not found', ({ gone }) => (at(gone, 0).status = 410)],
    ['consent is refused at once', ({ returns }) => Object.assign(at(returns, 1), { consent: 409, message: 409 })],
    ['the log did not verify before either', ({ audit }) => (audit.exitCodes = { before: 1, after: 1 })],
  ],
})
