import { z } from 'zod'
import { attestedSchema, judgeEvidenceFiles } from '../../evidence/attestation.ts'
import type { JudgedShortfall } from '../../evidence/shortfall.ts'

/** The plan to go back, and the last time that somebody did. */
export const rollbackTrialSchema = attestedSchema.extend({
  /** The version that is to be released, as the subject file says. */
  release: z.string().min(1),
  drilled: z.object({
    version: z.string(),
    previousVersion: z.string(),
    /** Whether the previous version precedes the other; of two that are no numbers it is known only that they differ. */
    isBefore: z.enum(['yes', 'no', 'unknown']),
    environment: z.enum(['staging', 'production']),
    result: z.enum(['passed', 'failed']),
  }),
  /** Each file that backs the drill, and what it tells. */
  logs: z
    .array(
      z.object({
        path: z.string(),
        /** Whether it names the version, then the previous one, then the version again. */
        goesThereAndBack: z.boolean(),
        clockTimes: z.int().nonnegative(),
        /** A line by which the drill did not pass. */
        failure: z.string().nullable(),
      }),
    )
    .min(1),
  participants: z.array(z.string()),
  runbook: z.object({ path: z.string(), isThere: z.boolean(), steps: z.int().nonnegative() }),
})

/** @see rollbackTrialSchema */
export type RollbackTrial = z.infer<typeof rollbackTrialSchema>

const fewestPeople = 2
const fewestSteps = 2
const fewestTimes = 2

/** Each way in which there is no plan, or nobody has tried it for this release. */
export function judgeRollbackPlan(trial: RollbackTrial): JudgedShortfall[] {
  return [...judgeEvidenceFiles(trial), ...judgeDrill(trial), ...judgeLogs(trial), ...judgeRunbook(trial)]
}

function judgeDrill({ record: where, release, drilled, participants }: RollbackTrial): JudgedShortfall[] {
  const { version, previousVersion, isBefore, result } = drilled
  const people = new Set(participants.map((name) => name.trim().toLowerCase().replaceAll(/\s+/g, ' ')))
  const shortfalls: (JudgedShortfall | false)[] = [
    plain(version) !== plain(release) && {
      what: `the drill was of version ${version}, and ${release} is to be released`,
      expected: 'a drill of the version that is to be released',
      where,
      mitigation: 'Roll the candidate back in staging, and record that.',
    },
    isBefore === 'no' && {
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
    people.size < fewestPeople && {
      what: `${people.size} participant in the drill`,
      expected: `at least ${fewestPeople} people, so that it does not depend on one`,
      where,
      mitigation: 'Drill with those who would be called, and record who took part.',
    },
  ]
  return shortfalls.filter((shortfall) => shortfall !== false)
}

function judgeLogs({ drilled, logs }: RollbackTrial): JudgedShortfall[] {
  const { version, previousVersion } = drilled
  const failed = logs.flatMap(({ path, failure }): JudgedShortfall[] =>
    failure === null
      ? []
      : [
          {
            what: `the drill is recorded as ${drilled.result}, and ${path} says that it failed: ${JSON.stringify(failure)}`,
            expected: 'evidence of a drill that passed',
            where: path,
            mitigation: 'Mend what kept it from passing, and drill again.',
          },
        ],
  )
  if (logs.some((log) => log.goesThereAndBack && log.clockTimes >= fewestTimes)) return failed
  const paths = logs.map(({ path }) => path).join(', ')
  return [
    ...failed,
    {
      what: `nothing that backs the drill tells how ${version} was deployed, then ${previousVersion}, then ${version} again, and when: ${paths}`,
      expected: 'a log of the drill: each version in its order, with the time and what was seen',
      where: paths,
      mitigation: 'Keep the log of this drill, and name it as evidence with its SHA-256.',
    },
  ]
}

function judgeRunbook({ record, runbook }: RollbackTrial): JudgedShortfall[] {
  if (!runbook.isThere) {
    return [
      {
        what: `the runbook ${runbook.path} is not there`,
        expected: 'the runbook of a rollback, in the repository',
        where: record,
        mitigation: 'Name the runbook by its path from the root, or write it.',
      },
    ]
  }
  if (runbook.steps >= fewestSteps) return []
  return [
    {
      what: `the runbook ${runbook.path} has ${runbook.steps} steps to take`,
      expected: 'the steps of a rollback, as a numbered list',
      where: runbook.path,
      mitigation: 'Write down each step in its order.',
    },
  ]
}

const plain = (version: string): string => version.trim().replace(/^v/i, '')
