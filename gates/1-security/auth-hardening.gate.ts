import { control } from '../../helpers/control.ts'
import { authTrialSchema, judgeAuth } from '../../helpers/trials/auth-hardening/judge.ts'
import { authTenants, tryAuthentication } from '../../helpers/trials/auth-hardening/measure.ts'

export default control(import.meta, {
  requirement: 'Only a logged-in administrator reaches the admin API, and nobody guesses, forges or keeps a way in.',
  target:
    '401 or 403 for every forged, foreign or logged-out token on every admin route; lockout after 5 failures; slow salted password hashes; nothing tells who has an account',
  method:
    'Sends tokens forged from a genuine one to every admin route, logs in wrongly by ways around a lockout, compares answers and times, reads how passwords are stored.',
  severity: 'critical',
  needs: ['app', 'database', 'run'],
  timeLimitSeconds: 180,
  tenants: authTenants,
  evidence: authTrialSchema,
  measure: ({ app, database, run, ...context }) => tryAuthentication(app, database, run, context),
  judge: judgeAuth,
  summarise({ attacks, genuine, lockout, passwords }) {
    const tried = attacks.reduce((sum, { routes }) => sum + routes, 0)
    const through = attacks.reduce((sum, { notRefused }) => sum + notRefused.length, 0)
    return `${tried} requests with ${attacks.length} forged tokens, ${through} let through, beside ${genuine.length} routes with a live one; ${lockout.tries.length} ways around the lockout; ${passwords.processorMillisecondsPerLogin.toFixed(0)} ms of processor time for a login`
  },
})
