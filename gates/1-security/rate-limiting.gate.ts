import { control } from '../../helpers/control.ts'
import { judgeRates, rateTrialSchema } from '../../helpers/trials/rate-limiting/judge.ts'
import { tryLimits } from '../../helpers/trials/rate-limiting/measure.ts'

export default control(import.meta, {
  requirement: 'Every route is known and limited, and no client gets around its limit or uses up another’s.',
  target:
    'admin API 100 requests in 15 min for each client, webhooks 60 a minute for each source, others as declared; then 429 with Retry-After until the window has ended',
  method:
    'Compares the declared routes with the source and the framework’s own list; sends bursts over each limit to two instances, tries ways around it, and lets the window go by on both clocks.',
  severity: 'high',
  needs: ['database', 'providers', 'run'],
  timeLimitSeconds: 120,
  evidence: rateTrialSchema,
  measure: tryLimits,
  judge: judgeRates,
  summarise({ inventory, limits }) {
    const counts = limits.map(({ name, limit, sent, served }) => `${name} ${served} of ${sent} (${limit})`)
    const evasions = limits.reduce((sum, trial) => sum + trial.evasions.length + trial.pipelined.length, 0)
    return `${inventory.declared} routes declared, ${inventory.inSource} in source, ${inventory.atRunTime ?? 'not told'} at run time; served: ${counts.join(', ')}; ${evasions} ways around tried`
  },
})
