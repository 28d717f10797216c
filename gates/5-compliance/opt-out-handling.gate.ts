import { control } from '../../helpers/control.ts'
import { judgeOptOuts, optOutTrialSchema } from '../../helpers/trials/opt-out-handling/judge.ts'
import { tryReplies } from '../../helpers/trials/opt-out-handling/measure.ts'

export default control(import.meta, {
  requirement: 'Who replies STOP, in any of its forms or in plain words, is not texted again; nobody else is silenced.',
  target:
    'consent withdrawn within 5 s, queued messages dropped, one confirmation; START restores; ordinary sentences change nothing',
  method:
    'Sends a labelled corpus of signed replies, each from a customer of its own with consent, and reads consent off the admin API and messages off the SMS provider.',
  severity: 'critical',
  needs: ['app', 'providers'],
  timeLimitSeconds: 120,
  evidence: optOutTrialSchema,
  measure: ({ app, providers, progress }) => tryReplies(app, providers, progress),
  judge: judgeOptOuts,
  summarise({ replies, repeated }) {
    const optOuts = replies.filter((reply) => reply.meaning === 'opt-out')
    const others = replies.filter((reply) => reply.meaning === 'other')
    const recognised = optOuts.filter((reply) => !reply.isConsentGranted).length
    const falseAlarms = others.filter((reply) => !reply.isConsentGranted).length
    return `${recognised} of ${optOuts.length} opt-outs took effect, ${falseAlarms} false alarms in ${others.length} ordinary sentences, ${repeated.confirmations} confirmation for ${repeated.copies} at once`
  },
})
