import { control } from '../../helpers/control.ts'
import { breakerTrialSchema, judgeBreakers } from '../../helpers/trials/circuit-breakers/judge.ts'
import { tryBreakers } from '../../helpers/trials/circuit-breakers/measure.ts'

export default control(import.meta, {
  requirement:
    'A provider that keeps failing is left alone for a minute and then tried carefully, while the others are called as ever.',
  target:
    'open after 5 failures in a row, no call while open and callers answered within 2 s; after 60 s one probe; its failure opens again, 2 successes close; one breaker a provider, its state visible on every instance and after a restart',
  method:
    'Lets every provider hang, reset and fail, has work waiting, moves the subject’s clock through the minute, sends 50 callers at once over two instances, and counts what reaches the provider.',
  severity: 'critical',
  needs: ['database', 'providers', 'run'],
  timeLimitSeconds: 240,
  evidence: breakerTrialSchema,
  measure: tryBreakers,
  judge: judgeBreakers,
  summarise({ lanes, halfOpen, waiting }) {
    const opened = lanes.map(({ provider, opening }) => `${provider} after ${opening.arrivals}`).join(', ')
    const asked = lanes.reduce(
      (sum, { whileOpen }) => sum + whileOpen.reduce((part, quiet) => part + quiet.asked, 0),
      0,
    )
    const probe = lanes.find(({ provider }) => provider === halfOpen.provider)?.probe
    return `opened: ${opened} failures; ${asked} pieces of work asked for meanwhile; ${probe?.arrivals ?? 0} of ${probe?.callers ?? 0} callers let through as a probe; ${waiting.delivered} of ${waiting.asked} waiting messages delivered afterwards`
  },
})
