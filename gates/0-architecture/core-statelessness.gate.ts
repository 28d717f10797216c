import { control } from '../../helpers/control.ts'
import { judgeStatelessness, statelessnessTrialSchema } from '../../helpers/trials/core-statelessness/judge.ts'
import { tryInstances } from '../../helpers/trials/core-statelessness/measure.ts'

export default control(import.meta, {
  requirement: 'The core keeps no state of its own and knows no profile: any instance answers alike, for any profile.',
  target:
    'no branch on a profile or vertical and nothing of a request kept in memory; two instances answer alike; kill -9 loses nothing; a made-up profile served as a genuine one',
  method:
    'Parses the core’s source; gives commands and changes to one of two instances and reads them from the other; kills one that has just answered, on a slow database; serves the pack under a made-up id.',
  severity: 'high',
  needs: ['app', 'database', 'providers', 'run'],
  timeLimitSeconds: 150,
  evidence: statelessnessTrialSchema,
  measure: tryInstances,
  judge: judgeStatelessness,
  summarise({ source, crossed, views, killed, madeUpProfile }) {
    const same = views.filter(({ isSame }) => isSame).length
    return `${source.branches.length} branches and ${source.kept.length} kept states in ${source.files} files; ${crossed.length} commands crossed, ${same} of ${views.length} views alike; ${killed.ended} of ${killed.accepted} commands done after kill -9; made-up profile answered ${madeUpProfile.madeUp.status}`
  },
})
