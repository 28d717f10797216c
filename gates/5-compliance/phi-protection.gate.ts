import { control } from '../../helpers/control.ts'
import { judgePhi, phiTrialSchema } from '../../helpers/trials/phi-protection/judge.ts'
import { tryHealthInformation } from '../../helpers/trials/phi-protection/measure.ts'

export default control(import.meta, {
  requirement:
    'No message tells anything of a customer’s health, whatever records, replies, templates or administrators say.',
  target:
    'no social security or medical record number, diagnosis, condition, treatment or medication in a message, in any form; such texts and templates refused, the refusal logged without them',
  method:
    'Plants health information in service types, notes, names and replies, has a message sent on every path, and searches all that reaches the SMS provider for it and for words of health; asks for forbidden texts in many spellings beside harmless ones, reads stored templates, and starts a copy in whose templates a treatment was written.',
  severity: 'critical',
  needs: ['app', 'database', 'providers', 'run'],
  timeLimitSeconds: 120,
  evidence: phiTrialSchema,
  measure: tryHealthInformation,
  judge: judgePhi,
  summarise({ paths, messages, attempts, siblings, templates, detector }) {
    const sent = attempts.filter((attempt) => attempt.sent > 0).length
    const carrying = paths.flatMap(({ people }) => people).filter(({ findings }) => findings.length > 0).length
    return `${messages.searched} messages on ${paths.length} paths searched, ${carrying} customers with health information in theirs; ${sent} of ${attempts.length} forbidden texts sent, ${siblings.length} harmless ones were; ${templates.length} templates read; detector precision ${detector.precision.toFixed(2)}, recall ${detector.recall.toFixed(2)} on ${detector.samples} texts`
  },
})
