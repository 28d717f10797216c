import { control } from '../../helpers/control.ts'
import { judgeValidation, validationTrialSchema } from '../../helpers/trials/input-validation/judge.ts'
import { tryInputs } from '../../helpers/trials/input-validation/measure.ts'

export default control(import.meta, {
  requirement: 'Every route takes what is valid, refuses what is not, and is harmed by nothing.',
  target:
    'valid requests 2xx; invalid ones 4xx with the error envelope and no changed row; never a 5xx, a hang, a crash, prototype pollution, or a stored field that nobody asked for',
  method:
    'fast-check generates requests for every route from its schema, valid and spoiled in each field, parameter and byte; rows are compared before and after, and texts that nobody may set are sought everywhere.',
  severity: 'high',
  needs: ['database', 'providers', 'run'],
  timeLimitSeconds: 240,
  evidence: validationTrialSchema,
  measure: tryInputs,
  judge: judgeValidation,
  summarise({ routes, failures, noteTables }) {
    const sum = (of: 'accepted' | 'refused' | 'either'): number => routes.reduce((total, route) => total + route[of], 0)
    return `${routes.length} routes: ${sum('accepted')} valid requests, ${sum('refused')} invalid ones, ${sum('either')} with a surplus; ${failures.length} answered wrongly; not compared: ${noteTables.join(', ')}`
  },
})
