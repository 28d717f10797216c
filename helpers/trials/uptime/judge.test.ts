import { at, testJudge } from '../judge-harness.ts'
import { judgeUptime, uptimeTrialSchema } from './judge.ts'

const month = { source: 'history.json', from: '2026-06-01', to: '2026-06-30', samples: 8640 }

testJudge({
  directory: import.meta.dirname,
  schema: uptimeTrialSchema,
  judge: judgeUptime,
  alterations: [
    [
      'probes are lost while instances are replaced',
      ({ phases }) => Object.assign(at(phases, 1), { answered: at(phases, 1).probes - 3, lost: { ECONNRESET: 3 } }),
      /3 of \d+ probes were not answered with a 2xx, availability 9\d\.\d\d % \(restarting: ECONNRESET \(3\)\)/,
    ],
    [
      'requests under way are dropped',
      ({ restarts }) => (at(restarts, 0).dropped = { ECONNRESET: 2, '503': 1 }),
      /3 requests that were under way were dropped .* \(restart of instance 1\)/,
    ],
    [
      'an instance has to be killed',
      ({ restarts }) =>
        Object.assign(at(restarts, 1), { exit: { code: null, signal: 'SIGKILL' }, stoppedInMilliseconds: 30_000 }),
      /did not end within 30 s of SIGTERM and had to be killed/,
    ],
    [
      'an instance ends with an error',
      ({ restarts }) => (at(restarts, 1).exit = { code: 1, signal: null }),
      /ended with exit code 1 when it was told to stop/,
    ],
    [
      'ready too early',
      ({ restarts }) => (at(restarts, 0).first.failed = { '503': 5 }),
      /5 of the first 5 requests failed although the new instance said it was ready: 503 \(5\)/,
    ],
    [
      'work is lost',
      ({ account }) => account.unaccounted.push('message x'),
      /accepted requests had no effect.*message x/,
    ],
    ['work is done twice', ({ account }) => account.repeated.push('message x'), /took effect twice: message x/],
    [
      'a bad month',
      (trial) => (trial.monitored = { ...month, availability: 0.99499 }),
      /availability was 99\.49 % from 2026-06-01 to 2026-06-30/,
    ],
  ],
  allowed: [
    ['a good month', (trial) => (trial.monitored = { ...month, availability: 0.995 })],
    ['ended by the signal itself', ({ restarts }) => (at(restarts, 0).exit = { code: 143, signal: null })],
    [
      'one of very many probes',
      ({ phases }) => Object.assign(at(phases, 1), { probes: 1000, answered: 999, lost: { ECONNRESET: 1 } }),
    ],
  ],
})
