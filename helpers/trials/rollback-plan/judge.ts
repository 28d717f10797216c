import { z } from 'zod'
import { attestedSchema } from '../../evidence/attestation.ts'
import type { JudgedShortfall } from '../../evidence/shortfall.ts'

/** The plan to go back, and the last time that somebody did. */
export const rollbackTrialSchema = attestedSchema.extend({
  /** The version that is to be released, as the subject file says. */
  release: z.string().min(1),
  drilled: z.object({
    version: z.string(),
    previousVersion: z.string(),
    /** Whether the one precedes the other, by semantic versioning. */
    isBefore: z.boolean(),
    environment: z.string(),
    result: z.enum(['passed', 'failed']),
  }),
  /** Versions of the two that no file of the drill's evidence tells of. */
  untold: z.array(z.string()),
  participants: z.array(z.string()),
  runbook: z.object({ path: z.string(), isThere: z.boolean(), steps: z.int().nonnegative() }),
})

/** @see rollbackTrialSchema */
export type RollbackTrial = z.infer<typeof rollbackTrialSchema>

const fewestPeople = 2
const fewestSteps = 2

/** Each way in which there is no plan, or nobody has tried it for this release. */
export function judgeRollbackPlan(trial: RollbackTrial): JudgedShortfall[] {
  const { record: where, release, drilled, untold, participants, runbook } = trial
  const { version, previousVersion, isBefore, environment, result } = drilled
  const people = new Set(participants.map((name) => name.trim().toLowerCase().replaceAll(/\s+/g, ' ')))
  const shortfalls: (JudgedShortfall | false)[] = [
    plain(version) !== plain(release) && {
      what: `the drill was of version ${version}, and ${release} is to be released`,
      expected: 'a drill of the version that is to be released',
      where,
      mitigation: 'Roll the candidate back in staging, and record that.',
    },
    !isBefore && {
      what: `the version to go back to is ${previousVersion}, which does not come before ${version}`,
      expected: 'the version that runs in production now',
      where,
      mitigation: 'Drill the way back to the version that the release replaces.',
    },
    result === 'failed' && {
      what: 'the drill failed',
      expected: 'a drill that passed',
      where,
      mitigation: 'Mend what kept it from passing, and drill again.',
    },
    !/^(?:staging|production)/i.test(environment) && {
      what: `the drill was made in ${JSON.stringify(environment)}`,
      expected: 'staging or production: instances, schema and data like those of the release',
      where,
      mitigation: 'Drill where the release could really be rolled back.',
    },
    people.size < fewestPeople && {
      what: `${people.size} person took part in the drill`,
      expected: `at least ${fewestPeople} people, so that it does not depend on one`,
      where,
      mitigation: 'Drill with those who would be called, and record who took part.',
    },
    untold.length > 0 && {
      what: `no file of the drill's evidence tells of ${untold.join(' or ')}`,
      expected: 'a log of the drill that names both versions, when each was deployed and what was seen',
      where,
      mitigation: 'Keep the log of this drill, and name it as evidence.',
    },
    !runbook.isThere && {
      what: `the runbook ${runbook.path} is not there`,
      expected: 'the runbook of a rollback, in the repository',
      where,
      mitigation: 'Name the runbook by its path from the root, or write it.',
    },
    runbook.isThere &&
      runbook.steps < fewestSteps && {
        what: `the runbook ${runbook.path} has ${runbook.steps} steps to take`,
        expected: 'the steps of a rollback, as a numbered list',
        where: runbook.path,
        mitigation: 'Write down each step in its order.',
      },
  ]
  return shortfalls.filter((shortfall) => shortfall !== false)
}

const plain = (version: string): string => version.trim().replace(/^v/i, '')
