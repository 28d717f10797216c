import { control } from '../../helpers/control.ts'
import { failoverTrialSchema, judgeFailover } from '../../helpers/trials/database-failover/judge.ts'
import { tryFailover } from '../../helpers/trials/database-failover/measure.ts'

export default control(import.meta, {
  requirement:
    'A database that is lost is told honestly, breaks nothing, loses nothing that was accepted, and is used again as soon as it is back.',
  target:
    '/health 200, /ready 503, requests 503 with the envelope within 2 s; no crash, nothing lost, doubled or half-written; the pool recovers to its size',
  method:
    'Ends connections at the server while idle and in transactions, cuts them at statements, refuses, silences and slows the database through a proxy, while every request asked for is kept account of.',
  severity: 'critical',
  needs: ['app', 'database', 'providers', 'run'],
  timeLimitSeconds: 200,
  evidence: failoverTrialSchema,
  measure: ({ run, progress, ...facilities }) => tryFailover(facilities, run, progress),
  judge: judgeFailover,
  summarise: ({ outages, terminations, cuts, pool, account }) =>
    `${outages.map(({ fault, lastedMilliseconds, acceptsAfterMilliseconds }) => `${fault} for ${Math.round(lastedMilliseconds)} ms, recovered ${Math.round(acceptsAfterMilliseconds ?? Number.NaN)} ms after`).join('; ')}; ${terminations.reduce((sum, { terminated }) => sum + terminated, 0)} connections ended, ${cuts.length} cut at a statement; ${account?.accepted ?? 'no'} accepted, ${account?.effected ?? 'none'} done; ${pool?.mostInUseAfter ?? 'none'} of ${pool?.mostInUseBefore ?? 'no'} connections in use at once`,
})
