import { control } from '../../helpers/control.ts'
import { judgePacks, packsTrialSchema } from '../../helpers/trials/profile-pack-constraints/judge.ts'
import { tryPacks } from '../../helpers/trials/profile-pack-constraints/measure.ts'

export default control(import.meta, {
  requirement: 'A profile pack only adds: it changes nothing of the core, bypasses nothing, and holds no secret.',
  target: 'packs of the schema and of any semantic version served; all others refused at load, with a reason',
  method:
    'Starts copies of the subject with altered packs in place of its own: some that only add, others that override, bypass, break the schema or carry a secret; sends each a command.',
  severity: 'high',
  needs: ['database', 'providers', 'run'],
  timeLimitSeconds: 180,
  evidence: packsTrialSchema,
  measure: tryPacks,
  judge: judgePacks,
  summarise({ honest, hostile }) {
    const served = (attempts: typeof honest): number =>
      attempts.filter(({ commandStatus }) => commandStatus === 202).length
    return `${served(honest)} of ${honest.length} honest packs served, ${served(hostile)} of ${hostile.length} hostile ones`
  },
})
