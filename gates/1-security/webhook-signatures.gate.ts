import { control } from '../../helpers/control.ts'
import { judgeSignatures, signaturesTrialSchema } from '../../helpers/trials/webhook-signatures/judge.ts'
import { trySignatures } from '../../helpers/trials/webhook-signatures/measure.ts'

export default control(import.meta, {
  requirement: 'Every webhook is accepted only with the signature its provider really makes, over the bytes received.',
  target: 'genuine deliveries take effect; unsigned, forged, altered, stale and replayed ones get 401 and no effect',
  method:
    'Delivers genuine and forged webhooks of each source to the running subject, then looks for any trace of each in every table and in the events.',
  severity: 'critical',
  needs: ['app', 'database'],
  timeLimitSeconds: 90,
  evidence: signaturesTrialSchema,
  measure: ({ app, database }) => trySignatures(app, database),
  judge: judgeSignatures,
  summarise: ({ sources }) =>
    sources
      .map((trial) => `${trial.source}: ${trial.genuine.length} genuine accepted, ${trial.forged.length} forged sent`)
      .join('; '),
})
