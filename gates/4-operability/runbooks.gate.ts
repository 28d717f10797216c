import { control } from '../../helpers/control.ts'
import { judgeRunbooks, runbooksTrialSchema } from '../../helpers/trials/runbooks/judge.ts'
import { readRunbooks } from '../../helpers/trials/runbooks/measure.ts'

export default control(import.meta, {
  requirement: 'Every failure scenario has a runbook that is whole, reviewed, and names only what really exists.',
  target:
    'eleven scenarios covered, every part written, reviewed within 180 days; each metric, log event, command and endpoint it names found in the subject',
  method:
    'Parses the runbooks; leads the subject through failures and looks for what they name in its metrics, logs, routes, scripts and settings; follows their links.',
  severity: 'high',
  needs: ['app', 'database', 'providers'],
  evidence: runbooksTrialSchema,
  measure: readRunbooks,
  judge: judgeRunbooks,
  summarise: ({ documents, scenarios, named }) =>
    `${scenarios.filter(({ files }) => files.length > 0).length} of ${scenarios.length} scenarios in ${documents.length} documents; ${named.filter(({ isThere }) => isThere).length} of ${named.length} things they name exist`,
})
