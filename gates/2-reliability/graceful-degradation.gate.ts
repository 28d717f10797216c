import { control } from '../../helpers/control.ts'
import { degradationTrialSchema, judgeDegradation } from '../../helpers/trials/graceful-degradation/judge.ts'
import { tryDegradation } from '../../helpers/trials/graceful-degradation/measure.ts'

export default control(import.meta, {
  requirement:
    'With a provider down or ill, bookings, replies and the admin API go on, and what needs it waits and is done once.',
  target:
    'answers and processing within 2 s (or 5 times what they take with the providers up), nothing lost, doubled or guessed, start-up works, the queue does not grow by itself',
  method:
    'Makes every provider reset, fail, hang, answer garbage, half and late, and be away for minutes, with work and customers coming in; then brings them back, replays the dead letters, and counts effects.',
  severity: 'critical',
  needs: ['database', 'providers', 'run'],
  timeLimitSeconds: 240,
  evidence: degradationTrialSchema,
  measure: tryDegradation,
  judge: judgeDegradation,
  summarise({ rounds, outage, outcomes }) {
    const faults = rounds.reduce((sum, round) => sum + round.faults.length, 0)
    const slowest = Math.max(...rounds.map(({ service }) => service.booking.visibleAfterMilliseconds ?? 0))
    const done = outcomes.map(({ provider, asked, done: finished }) => `${provider} ${finished} of ${asked}`).join(', ')
    return `${faults} faults at three providers; slowest booking became an appointment after ${Math.round(slowest)} ms meanwhile; ${outage.minutes} minutes without any; done afterwards: ${done}`
  },
})
