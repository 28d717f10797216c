import { control } from '../../helpers/control.ts'
import { dependencyTrialSchema, judgeDependencies } from '../../helpers/trials/dependency-scan/judge.ts'
import { scanDependencies } from '../../helpers/trials/dependency-scan/measure.ts'

export default control(import.meta, {
  requirement: 'No dependency has a known vulnerability that matters, and what is installed is what was locked.',
  target:
    'no advisory in production dependencies, none high or critical in any; a lock file in step with package.json, a sha512 hash on every entry',
  method:
    'Asks the registry’s advisories with npm audit, first about versions known to be vulnerable, then about every project of the subject; reads every entry of the lock files.',
  severity: 'high',
  needs: ['run'],
  evidence: dependencyTrialSchema,
  measure: ({ subject, run, signal }) => scanDependencies(subject, run, signal),
  judge: judgeDependencies,
  summarise({ source, projects }) {
    const sum = (of: (project: (typeof projects)[number]) => number): number =>
      projects.reduce((total, project) => total + of(project), 0)
    return `${sum(({ advisories }) => advisories.length)} advisories for ${sum(({ audited }) => audited)} packages (${sum(({ auditedInProduction }) => auditedInProduction)} in production), asked of ${source.description}`
  },
})
