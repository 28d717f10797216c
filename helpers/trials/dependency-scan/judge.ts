import { z } from 'zod'
import type { JudgedShortfall, Severity } from '../../evidence/shortfall.ts'

const count = z.int().nonnegative()

const advisorySchema = z.object({
  id: z.string(),
  title: z.string(),
  severity: z.enum(['info', 'low', 'moderate', 'high', 'critical']),
  package: z.string(),
  range: z.string(),
  url: z.string(),
  /** CVSS score from 0 to 10; null when the source gives none. */
  score: z.number().min(0).max(10).nullable(),
  /** Places in the lock file. */
  nodes: z.array(z.string()),
  isInProduction: z.boolean(),
})

const projectSchema = z.object({
  /** Relative to the subject's root. */
  directory: z.string(),
  /** Null when there is none; nothing of the project can then be audited. */
  lockfile: z.string().nullable(),
  entries: count,
  /** How many packages the audit looked at: of all, and of production alone. */
  audited: count,
  auditedInProduction: count,
  advisories: z.array(advisorySchema),
  /** Entries that npm could not check on installing: no hash, or one that is broken. */
  withoutIntegrity: z.array(z.string()),
  /** Entries that come from elsewhere than a registry over TLS, with where. */
  unusualSources: z.array(z.string()),
  /** Entries whose archive is of another package or version than the entry says. */
  disguised: z.array(z.string()),
  /** Differences between package.json and the lock file, as npm or the comparison names them. */
  outOfStep: z.array(z.string()),
})

/** What the subject's lock files hold, and what the source of advisories says of it. */
export const dependencyTrialSchema = z.object({
  source: z.object({
    description: z.string(),
    /** Versions known to be vulnerable, asked about first: a source that knows nothing of them proves nothing. */
    known: z.array(z.object({ package: z.string(), advisories: z.array(z.string()).min(1) })).min(1),
  }),
  projects: z.array(projectSchema).min(1),
})

/** @see dependencyTrialSchema */
export type DependencyTrial = z.infer<typeof dependencyTrialSchema>

/** One project's part of {@link DependencyTrial}. */
export type ProjectDependencies = z.infer<typeof projectSchema>

/** One advisory that applies. */
export type Advisory = z.infer<typeof advisorySchema>

/** Each advisory that matters, and each way in which a lock file does not hold what is installed. */
export function judgeDependencies({ projects }: DependencyTrial): JudgedShortfall[] {
  return projects.flatMap((project) => [
    ...project.advisories.filter(matters).map((advisory) => judgeAdvisory(project, advisory)),
    ...judgeLockfile(project),
  ])
}

const matters = ({ isInProduction, severity }: Advisory): boolean =>
  isInProduction || severity === 'high' || severity === 'critical'

function judgeAdvisory(project: ProjectDependencies, advisory: Advisory): JudgedShortfall {
  const { id, title, package: name, range, url, score, nodes, isInProduction, severity } = advisory
  const rated = score === null || score === 0 ? severity : `${severity}, CVSS ${score}`
  return {
    severity: severityOf(advisory),
    what: `advisory ${id} (${rated}) applies to the ${isInProduction ? 'production' : 'development'} dependency ${name}: ${title}`,
    expected: isInProduction
      ? 'no advisory of any severity in production dependencies'
      : 'no high or critical advisory in any dependency',
    where: `${lockfileOf(project)}: ${nodes.join(', ')}`,
    mitigation: `Update ${name} to a version outside ${range} (npm audit fix, or an override), or replace it: ${url}`,
  }
}

const severityOf = ({ severity }: Advisory): Severity =>
  severity === 'critical' || severity === 'high' ? severity : 'medium'

interface LockfileRule {
  found: (project: ProjectDependencies) => readonly string[]
  what: (entries: string) => string
  expected: string
  mitigation: string
}

const lockfileRules: readonly LockfileRule[] = [
  {
    found: (project) => project.outOfStep,
    what: (entries) => `the lock file is not in step with package.json: ${entries}`,
    expected: 'a lock file that holds just what package.json asks for',
    mitigation: 'Run npm install and commit both files.',
  },
  {
    found: (project) => project.withoutIntegrity,
    what: (entries) => `entries of the lock file have no integrity hash that can be checked: ${entries}`,
    expected: 'a sha512 integrity hash on every entry',
    mitigation: 'Make the lock file anew with a current npm: rm package-lock.json, npm install.',
  },
  {
    found: (project) => project.unusualSources,
    what: (entries) => `packages come from elsewhere than a registry over TLS: ${entries}`,
    expected: 'every package from a registry, over https, where advisories and hashes cover it',
    mitigation: 'Publish the package to a registry, or copy its source into the repository and review it there.',
  },
  {
    found: (project) => project.disguised,
    what: (entries) => `entries say another package or version than their archive: ${entries}`,
    expected: 'entries whose name and version are those of the archive that is installed',
    mitigation: 'Find out who edited the lock file; then make it anew from package.json.',
  },
]

const shown = 5

function judgeLockfile(project: ProjectDependencies): JudgedShortfall[] {
  if (project.lockfile === null) {
    return [
      {
        what: `there is no lock file for ${project.directory}/package.json`,
        expected: 'package-lock.json or npm-shrinkwrap.json, committed',
        where: `${project.directory}/package.json`,
        mitigation: 'Run npm install and commit package-lock.json, and install with npm ci.',
      },
    ]
  }
  return lockfileRules.flatMap(({ found, what, expected, mitigation }) => {
    const entries = found(project)
    if (entries.length === 0) return []
    const more = entries.length > shown ? ` and ${entries.length - shown} more` : ''
    return [
      {
        what: what(`${entries.slice(0, shown).join('; ')}${more}`),
        expected,
        where: lockfileOf(project),
        mitigation,
      },
    ]
  })
}

const lockfileOf = ({ directory, lockfile }: ProjectDependencies): string =>
  directory === '.' ? (lockfile ?? 'package.json') : `${directory}/${lockfile ?? 'package.json'}`
