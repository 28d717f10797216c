import { z } from 'zod'
import { control } from '../../helpers/control.ts'
import {
  bystanderTrialSchema,
  judgeBystander,
  judgeUnconfigured,
  judgeWebhookTrials,
  unconfiguredSchema,
  webhookTrialSchema,
} from '../../helpers/trials/webhook-signatures/judge.ts'
import { tryBystander, tryForgeries, tryUnconfigured } from '../../helpers/trials/webhook-signatures/measure.ts'

export default control(import.meta, {
  requirement: 'Every webhook is accepted only with the signature its provider really makes, over the bytes received.',
  target: 'genuine deliveries take effect; unsigned, forged, altered, stale and replayed ones get 401 and no effect',
  method:
    'Delivers genuine and forged webhooks of each source to the running subject, then looks for any trace of each in every table and in the events.',
  severity: 'critical',
  needs: ['app', 'database'],
  timeLimitSeconds: 90,
  evidence: z.object({
    sources: z.array(webhookTrialSchema).length(3),
    bystander: bystanderTrialSchema,
    unconfigured: z.array(unconfiguredSchema).length(3),
  }),
  measure: async ({ app, database }) => ({
    sources: [
      await tryForgeries(app, database, 'calendly'),
      await tryForgeries(app, database, 'stripe'),
      await tryForgeries(app, database, 'twilio'),
    ],
    bystander: await tryBystander(app),
    unconfigured: await tryUnconfigured(app, database),
  }),
  judge: ({ sources, bystander, unconfigured }) => [
    ...judgeWebhookTrials(sources),
    ...judgeBystander(bystander),
    ...judgeUnconfigured(unconfigured),
  ],
  summarise: ({ sources }) =>
    sources
      .map((trial) => `${trial.source}: ${trial.genuine.length} genuine accepted, ${trial.forged.length} forged sent`)
      .join('; '),
})
