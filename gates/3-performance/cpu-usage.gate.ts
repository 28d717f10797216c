import { control } from '../../helpers/control.ts'
import { judgeProcessor, processorTrialSchema } from '../../helpers/trials/cpu-usage/judge.ts'
import { measureProcessor } from '../../helpers/trials/cpu-usage/measure.ts'

export default control(import.meta, {
  requirement: 'The subject has processor time to spare under the production load.',
  target: 'average < 70 % of the processors it is given, while the rate is at its highest',
  method:
    'Samples the processor time of the subject’s processes five times a second during the production load of bookings, messages, dashboard and API traffic.',
  severity: 'high',
  needs: ['run'],
  timeLimitSeconds: 300,
  evidence: processorTrialSchema,
  measure: measureProcessor,
  judge: judgeProcessor,
  summarise: ({ averagePercent, processors, usedSeconds, plateauSeconds, samples }) =>
    `${averagePercent.toFixed(1)} % on average of ${processors} processors: ${usedSeconds.toFixed(1)} s used in ${plateauSeconds.toFixed(1)} s (${samples} samples)`,
})
