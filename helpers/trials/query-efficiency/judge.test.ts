import { testJudge, where } from '../judge-harness.ts'
import { judgeQueries, queryTrialSchema } from './judge.ts'
import type { QueryTrial } from './judge.ts'

const request = (trial: QueryTrial, name: string) => where(trial.requests, (one) => one.name === name)
const reading = (trial: QueryTrial, changes: Partial<QueryTrial['plans']['readings'][number]>) =>
  trial.plans.readings.push({
    text: 'select * from appointments where external_id = $1',
    table: 'appointments',
    node: 'Seq Scan',
    examinedRows: 5002,
    keptRows: 1,
    isWholeTable: true,
    isLimited: false,
    ...changes,
  })

testJudge({
  directory: import.meta.dirname,
  schema: queryTrialSchema,
  judge: judgeQueries,
  alterations: [
    [
      'a query for each row of a page',
      (trial) => {
        const { many } = request(trial, 'GET /appointments')
        many.statements += 100
        many.mostFrequent = { text: 'select name\n from customers where id = $1', times: 100 }
      },
      /GET \/appointments takes \d+ queries with 10 appointments and 1\d\d with 5000, 100 times "select name from customers where id = \$1"/,
    ],
    [
      'a booking that looks at all others one by one',
      (trial) => (request(trial, 'a booking of somebody new').many.statements += 500),
      /a booking of somebody new takes/,
    ],
    [
      'a page that is cut in memory',
      (trial) => (request(trial, 'GET /appointments').many.rows = 509),
      /GET \/appointments has the database give 509 rows to show at most 100/,
    ],
    [
      'a booking that goes through everybody’s appointments',
      (trial) => (request(trial, 'a booking of somebody new').many.rows = 4990),
      /gives? 4990 rows, of 5000 appointments, to be gone through in memory/,
    ],
    [
      'a lookup without an index',
      (trial) => reading(trial, {}),
      /5002 of the \d+ rows of appointments are read \(Seq Scan\) to find 1/,
    ],
    [
      'a page that is sorted without an index',
      (trial) => reading(trial, { keptRows: 5002, isLimited: true }),
      /5002 of the \d+ rows of appointments/,
    ],
  ],
  allowed: [
    ['a retry of a query', (trial) => (request(trial, 'a message').many.statements += 3)],
    [
      'an export of everything about one person',
      (trial) => (request(trial, 'GET /customers/{id}/export').many.rows = 5000),
    ],
    ['a count over the whole table', (trial) => reading(trial, { keptRows: 5002 })],
    [
      'the first of many along an index',
      (trial) => reading(trial, { node: 'Index Scan', isWholeTable: false, isLimited: true, keptRows: 100 }),
    ],
  ],
})
