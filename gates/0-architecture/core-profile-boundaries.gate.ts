import { control } from '../../helpers/control.ts'
import { boundariesTrialSchema, judgeBoundaries } from '../../helpers/trials/core-profile-boundaries/judge.ts'
import { readBoundaries } from '../../helpers/trials/core-profile-boundaries/measure.ts'

export default control(import.meta, {
  requirement:
    'The core knows no profile, a profile knows the core by its contracts only, and the core runs without any.',
  target:
    'no import, path or table across a boundary of ADR-0006; commands and events answered with no profile on disk',
  method:
    'Parses every source file, follows every import to what it names, compares the tables that SQL names, and starts a copy without the profiles’ files.',
  severity: 'high',
  needs: ['database', 'providers', 'run'],
  evidence: boundariesTrialSchema,
  measure: readBoundaries,
  judge: judgeBoundaries,
  summarise({ files, unlayered, imports, violations, withoutProfiles }) {
    const layered = Object.values(files).reduce((sum, count) => sum + count, 0)
    return `${violations.length} of ${imports} imports in ${layered + unlayered} files cross a boundary; without ${withoutProfiles.removedFiles} files of profiles the core answers a command with ${withoutProfiles.commandStatus}`
  },
})
