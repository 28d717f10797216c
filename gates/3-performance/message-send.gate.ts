import { control } from '../../helpers/control.ts'
import { judgeMessages, messageTrialSchema } from '../../helpers/trials/message-send/judge.ts'
import { measureMessages } from '../../helpers/trials/message-send/measure.ts'

export default control(import.meta, {
  requirement: 'A message reaches the provider soon after it was asked for, also under the production load.',
  target: 'p95 ≤ 5 s from trigger to the provider receiving it; fewer than 1 % failures; nothing accepted is lost',
  method:
    'Asks for messages to consenting customers by an open model beside bookings, dashboard and API traffic, and times each from its intended start until the provider has received it.',
  severity: 'high',
  needs: ['run'],
  timeLimitSeconds: 300,
  evidence: messageTrialSchema,
  measure: measureMessages,
  judge: judgeMessages,
  summarise: ({ received, load, engine }) =>
    `p95 ${(received.p95.milliseconds / 1000).toFixed(2)} s (up to ${(received.p95.upperMilliseconds / 1000).toFixed(2)} s, ${received.samples} samples, ${load.failed} failed, ${(load.achievedRatio * 100).toFixed(1)} % of the planned rate, ${engine})`,
})
