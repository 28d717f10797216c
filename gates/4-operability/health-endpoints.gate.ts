import { control } from '../../helpers/control.ts'
import { healthTrialSchema, judgeHealth } from '../../helpers/trials/health-endpoints/judge.ts'
import { probeHealth } from '../../helpers/trials/health-endpoints/measure.ts'

export default control(import.meta, {
  requirement:
    '/health says that the process lives and /ready that it can serve, and both say so truthfully and quickly.',
  target: 'health 200 always; ready 503 within 5 s of losing the database and 200 again after; each answer within 1 s',
  method:
    'Probes both every 50 ms in steady state, under load, and while the database refuses connections or never answers.',
  severity: 'high',
  needs: ['app', 'database'],
  evidence: healthTrialSchema,
  async measure({ app, database }) {
    const trial = await probeHealth(app, database)
    for (const { fault, faultTookHold, faultEnded } of trial.outages) {
      if (!faultTookHold) throw new Error(`The fault "${fault}" never took hold: nothing was proven.`)
      if (!faultEnded) throw new Error(`The fault "${fault}" did not end: recovery was not proven.`)
    }
    return trial
  },
  judge: judgeHealth,
  summarise: ({ outages }) =>
    outages
      .map(({ fault, unreadyAfterMilliseconds, readyAgainAfterMilliseconds }) => {
        const seconds = (value: number | null): string =>
          value === null ? 'never' : `after ${(value / 1000).toFixed(1)} s`
        return `${fault}: ready turned 503 ${seconds(unreadyAfterMilliseconds)} and 200 again ${seconds(readyAgainAfterMilliseconds)}`
      })
      .join('; '),
})
