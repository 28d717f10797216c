import { control } from '../../helpers/control.ts'
import { consentTrialSchema, judgeConsent } from '../../helpers/trials/tcpa-consent/judge.ts'
import { tryConsent } from '../../helpers/trials/tcpa-consent/measure.ts'

export default control(import.meta, {
  requirement: 'Nobody is texted who has not agreed to it, on whatever path the message came about.',
  target: 'no message without consent at the moment of sending; who, when and how of each consent on record',
  method:
    'Brings about a message on every path for customers who gave consent, never gave it, withdrew it before, or withdraw it while the SMS provider keeps the message waiting; each message template must have been seen.',
  severity: 'critical',
  needs: ['app', 'database', 'providers'],
  timeLimitSeconds: 120,
  evidence: consentTrialSchema,
  measure: ({ app, database, providers, subject, progress }) =>
    tryConsent({ app, database, providers }, subject, progress),
  judge: judgeConsent,
  summarise({ paths, templates }) {
    const people = paths.flatMap((path) => path.people)
    const without = people.filter(({ consent }) => consent !== 'given')
    const sent = without.reduce((sum, { delivered }) => sum + delivered, 0)
    return `${paths.length} paths and ${templates.seen.length} templates driven; ${sent} messages to ${without.length} customers without consent, ${people.length - without.length} with consent were reached`
  },
})
