import { control } from '../../helpers/control.ts'
import { judgeQueries, queryTrialSchema } from '../../helpers/trials/query-efficiency/judge.ts'
import { tryQueries } from '../../helpers/trials/query-efficiency/measure.ts'

export default control(import.meta, {
  requirement:
    'A request costs the same queries however many rows there are, and each of them finds its rows by an index.',
  target: 'as many queries with 1,000 appointments as with 10; no sequential scan of a large table on a hot path',
  method:
    'Counts on the wire to PostgreSQL what each reading route, a booking, a reply and a message ask for, with 10 appointments and with 1,000, and has PostgreSQL carry out the same statements again with EXPLAIN.',
  severity: 'high',
  needs: ['app', 'database', 'providers'],
  evidence: queryTrialSchema,
  measure: ({ app, database, providers, progress }) => tryQueries({ app, database, providers }, progress),
  judge: judgeQueries,
  summarise({ requests, appointments, plans }) {
    const most = Math.max(...requests.map(({ many }) => many.statements))
    return `${requests.length} kinds of request with ${appointments.few} and ${appointments.many} appointments, at most ${most} queries each; ${plans.explained} statements explained`
  },
})
