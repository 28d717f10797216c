import { expect, test } from 'vitest'
import { at, testJudge } from '../judge-harness.ts'
import { judgeRunbooks, runbooksTrialSchema } from './judge.ts'
import { isRoute, readName, readSeries } from './names.ts'
import { placeholderIn, reviewedOn } from './scenarios.ts'

testJudge({
  directory: import.meta.dirname,
  schema: runbooksTrialSchema,
  judge: judgeRunbooks,
  alterations: [
    [
      'a scenario without a document',
      (trial) => void (at(trial.scenarios, 3).files = []),
      /no runbook covers database loss/,
    ],
    ['a part left out', (trial) => at(trial.documents, 0).missingParts.push('escalation'), /lacks escalation/],
    [
      'a part of a word',
      (trial) => at(trial.documents, 0).emptyParts.push('rollback'),
      /next to nothing under rollback/,
    ],
    ['a placeholder', (trial) => void (at(trial.documents, 0).placeholder = 'TBD'), /placeholder "TBD"/],
    ['no signal', (trial) => void (at(trial.documents, 0).signals = 0), /names no metric/],
    ['no day', (trial) => void (at(trial.documents, 0).reviewedOn = null), /does not say when/],
    ['a day long ago', (trial) => void (at(trial.documents, 0).reviewedDaysAgo = 181), /181 days ago/],
    ['a day to come', (trial) => void (at(trial.documents, 0).reviewedDaysAgo = -2), /-2 days ago/],
    ['a copy', (trial) => void (at(trial.documents, 0).copyOf = 'docs/other.md'), /those of docs\/other\.md/],
    [
      'a link to nowhere',
      (trial) => at(trial.documents, 0).brokenLinks.push('gone.md (line 3)'),
      /gone\.md \(line 3\)/,
    ],
    ['a thing that is not there', (trial) => void (at(trial.named, 0).isThere = false), /which does not exist/],
  ],
  allowed: [['reviewed 180 days ago', (trial) => void (at(trial.documents, 0).reviewedDaysAgo = 180)]],
})

test.each([
  [
    'GET /api/v1/admin/dead-letters?limit=5',
    '',
    { kind: 'endpoint', method: 'GET', path: '/api/v1/admin/dead-letters' },
  ],
  ['/ready', '', { kind: 'endpoint', method: null, path: '/ready' }],
  ['npm run db:restore --input FILE', '', { kind: 'script', name: 'db:restore' }],
  ['DATABASE_URL=postgres://x npm run -s diagnose', '', { kind: 'script', name: 'diagnose' }],
  ['aro diagnose --json', '', { kind: 'command', name: 'diagnose' }],
  ['JWT_SECRET', '', { kind: 'variable', name: 'JWT_SECRET' }],
  ['queue_depth', '', { kind: 'metric', name: 'queue_depth', labels: [] }],
  [
    'calls_total{provider="x",outcome=~"a|b"}',
    '',
    { kind: 'metric', name: 'calls_total', labels: ['provider', 'outcome'] },
  ],
  ['job failed for good', 'Look at the log: ', { kind: 'log event', name: 'job failed for good' }],
  ['npm audit', 'A report of ', { kind: 'word' }],
  ['twilio', 'the part ', { kind: 'word' }],
])('%j is understood', (code, before, thing) => {
  expect(readName(code, ['aro'], before)).toEqual(thing)
})

test('a path with or without values in its parts is one route', () => {
  const routes = [{ method: 'POST', path: '/a/{id}/replay', group: 'own' as const }]
  expect(isRoute(routes, 'POST', '/a/{letter}/replay')).toBe(true)
  expect(isRoute(routes, null, '/a/7/replay')).toBe(true)
  expect(isRoute(routes, 'GET', '/a/7/replay')).toBe(false)
  expect(isRoute(routes, 'POST', '/a/7')).toBe(false)
})

test('series are known by their names, a histogram by the name of the whole too', () => {
  const series = readSeries('# TYPE wait_seconds histogram\nwait_seconds_bucket{route="/a",le="1"} 2\nup 1\n')
  expect([...series.keys()].toSorted()).toEqual(['up', 'wait_seconds', 'wait_seconds_bucket'])
  expect([...(series.get('wait_seconds') ?? [])]).toEqual(['route', 'le'])
})

test.each([
  ['Owner: Operations. Last reviewed: 2026-11-16.', '2026-11-16'],
  ['---\nlast_reviewed: "2026-11-16"\n---', '2026-11-16'],
  ['*Reviewed on* **2026-11-16**', '2026-11-16'],
  ['Reviewed by everybody.', null],
])('the day of the review is found in %j', (text, day) => {
  expect(reviewedOn(text)).toBe(day)
})

test.each(['TODO: ask', 'To be written.', 'Call <name of lead>', 'It depends ......'])(
  '%j is a placeholder',
  (text) => {
    expect(placeholderIn(text)).not.toBeNull()
  },
)
