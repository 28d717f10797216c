import { at, testJudge } from '../judge-harness.ts'
import { judgeValidation, validationTrialSchema } from './judge.ts'
import type { ValidationTrial } from './judge.ts'

const failure: ValidationTrial['failures'][number] = {
  route: 'POST /v1/commands',
  kind: 'commandId: with NUL',
  expected: 'refused',
  problem: 'answered 500',
  status: 500,
  seed: 7,
  path: '0:1',
  shrinks: 2,
  request: { method: 'POST', path: '/v1/commands', contentType: 'application/json', body: '{}', bodyBytes: 2 },
}

testJudge({
  directory: import.meta.dirname,
  schema: validationTrialSchema,
  judge: judgeValidation,
  alterations: [
    [
      'a request is answered 500',
      (trial) => trial.failures.push(failure),
      /answered 500 .*commandId: with NUL.*seed 7, path 0:1/,
    ],
    [
      'a valid request is refused',
      (trial) => trial.failures.push({ ...failure, expected: 'accepted', problem: 'refused a valid request with 400' }),
      /refused a valid request/,
    ],
    [
      'a refused request changes rows',
      (trial) =>
        trial.changes.push({ route: 'PUT /x', kind: 'status: empty', change: 'public.appointments: changed rows' }),
      /status: empty.*changed rows/,
    ],
    [
      'a field is stored that nobody may set',
      (trial) =>
        trial.stored.push({ route: 'PUT /x', kind: 'texts that nobody asked for', where: 'consents.recorded_by' }),
      /mass assignment.*consents.recorded_by/,
    ],
    [
      'a name is cut short',
      (trial) => trial.altered.push({ field: 'the name of a customer', sent: 'Zoë', shown: 'Zo' }),
      /accepted "Zoë" and shows "Zo"/,
    ],
    ['a prototype is altered', (trial) => void (trial.polluted = ['Object.prototype.x']), /prototype pollution/],
    ['a later request goes wrong', (trial) => trial.innocent.wrong.push('GET /x answers 500'), /GET \/x answers 500/],
    ['the process ends', (trial) => void (trial.endedProcesses = 1), /crash/],
    [
      'the process ends in the middle',
      (trial) => void Object.assign(trial, { endedProcesses: 1, cutShortAt: 'GET /x: ECONNREFUSED', roundTrips: 0 }),
      /crash.*GET \/x/,
    ],
  ],
  allowed: [
    ['a runtime without prototypes', (trial) => void (trial.polluted = null)],
    ['windows had to go by', (trial) => void (trial.windowsPassed = 9)],
    ['no invalid request can be made for a route', (trial) => void (at(trial.routes, 0).refused = 0)],
  ],
})
