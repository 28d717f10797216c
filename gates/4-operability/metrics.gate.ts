import { control } from '../../helpers/control.ts'
import { judgeMetrics, metricsTrialSchema } from '../../helpers/trials/metrics/judge.ts'
import { tryMetrics } from '../../helpers/trials/metrics/measure.ts'

export default control(import.meta, {
  requirement: 'The metrics say what is the case, in a form that Prometheus reads, and do not grow with every id.',
  target:
    'every key metric moves by exactly the traffic sent, and follows breaker, queue and dead letters; 10,000 different ids add no series; nobody’s data in labels',
  method:
    'Sends known traffic, makes the SMS provider fail and hang, varies ids, and compares each metric with the answers, the provider’s own account, the admin API and the operating system.',
  severity: 'high',
  needs: ['database', 'providers', 'run'],
  timeLimitSeconds: 180,
  evidence: metricsTrialSchema,
  measure: tryMetrics,
  judge: judgeMetrics,
  summarise({ requests, cardinality, hang, scrapes }) {
    const sent = requests.reduce((sum, request) => sum + request.sent, 0)
    return `${sent} requests to ${requests.length} routes and statuses counted, ${hang.delivered} messages held and delivered, ${cardinality.differentIds} different ids added ${cardinality.newSeries} series to ${cardinality.seriesBefore}; ${scrapes} readings`
  },
})
