import { control } from '../../helpers/control.ts'
import { judgeMemory, memoryTrialSchema } from '../../helpers/trials/memory-usage/judge.ts'
import { measureMemory } from '../../helpers/trials/memory-usage/measure.ts'

export default control(import.meta, {
  requirement: 'The subject keeps well within its memory under the production load.',
  target: 'peak resident memory < 80 % of the declared limit',
  method:
    'Samples the resident memory of the subject’s processes five times a second during the production load of bookings, messages, dashboard and API traffic; counts what the kernel saw between samples too.',
  severity: 'high',
  needs: ['run'],
  timeLimitSeconds: 300,
  evidence: memoryTrialSchema,
  measure: measureMemory,
  judge: judgeMemory,
  summarise: ({ peakPercent, peakMegabytes, limitMegabytes, samples }) =>
    `${peakPercent.toFixed(1)} % of the limit: ${Math.round(peakMegabytes)} of ${limitMegabytes} MB at the peak (${samples} samples)`,
})
