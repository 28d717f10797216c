import { control } from '../../helpers/control.ts'
import { judgeProcessing, processingTrialSchema } from '../../helpers/trials/webhook-processing/judge.ts'
import { measureProcessing } from '../../helpers/trials/webhook-processing/measure.ts'

export default control(import.meta, {
  requirement: 'A webhook is processed soon after it was sent, also under the production load.',
  target: 'p95 ≤ 2 s from sending to processed; fewer than 1 % failures; nothing accepted is lost',
  method:
    'Sends signed bookings by an open model (30 s ramp to 10 a second, 60 s at 50, 30 s down) and times each from its intended start until its event is visible.',
  severity: 'high',
  needs: ['app', 'run'],
  timeLimitSeconds: 240,
  evidence: processingTrialSchema,
  measure: measureProcessing,
  judge: judgeProcessing,
  summarise: ({ p95Milliseconds, processed, load, engine }) =>
    `p95 ${(p95Milliseconds / 1000).toFixed(2)} s (${processed.samples} samples, ${load.failed} failed, ${(load.achievedRatio * 100).toFixed(1)} % of the planned rate, ${engine})`,
})
