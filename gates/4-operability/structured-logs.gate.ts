import { control } from '../../helpers/control.ts'
import { judgeLogs, logsTrialSchema } from '../../helpers/trials/structured-logs/judge.ts'
import { tryLogs } from '../../helpers/trials/structured-logs/measure.ts'

export default control(import.meta, {
  requirement:
    'Every line of the log is one JSON object that a machine can follow from request to queued work, and none holds private data.',
  target:
    'time, level, message, service and correlation id in every line; our id in logs, answers, events, provider calls and queued work; error for 5xx only; no secret and no personal data',
  method:
    'Reads every line of two instances through normal traffic, load, refusals, failures of providers and of the database, and shutdown, and looks for our ids and for all that was private in it.',
  severity: 'high',
  needs: ['app', 'database', 'providers', 'run'],
  timeLimitSeconds: 180,
  evidence: logsTrialSchema,
  measure: (context) => tryLogs(context),
  judge: judgeLogs,
  summarise: ({ lines, instances, traced, load, privateTexts }) =>
    `${lines.total} lines of ${instances} instances read; ${traced.length} kinds of requests followed, ${load.requests} at once; ${privateTexts} private texts looked for`,
})
