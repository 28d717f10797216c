import { z } from 'zod'
import type { JudgedShortfall } from '../../evidence/shortfall.ts'
import { knownRunners } from './tests-run.ts'

const count = z.int().nonnegative()

const commandResultSchema = z.object({
  name: z.string(),
  commandLine: z.string(),
  /** `missing`: no such script. `not applicable`: claimed by the owner where the seed says "if applicable". */
  state: z.enum(['ran', 'missing', 'not applicable']),
  exitCode: z.int().nullable(),
  endedBy: z.enum(['itself', 'signal', 'time limit', 'not started']).nullable(),
  durationMilliseconds: z.number().nonnegative(),
  /** For test commands: how many tests ran, and who says so; null when the output says nothing of tests. */
  tests: z.object({ runner: z.string(), tests: count, failed: count }).nullable(),
  mustRunTests: z.boolean(),
  /** The line that says most about why a command failed; empty when it did not. */
  complaint: z.string(),
  /** The last lines of the output, or the owner's claim. */
  tail: z.string(),
})

/** How the seed's required commands ended in the subject's root. */
export const commandsTrialSchema = z.object({
  root: z.string(),
  registry: z.string(),
  /** Rows in the database that was backed up, so that an empty backup is told from a real one. */
  rowsBackedUp: z.int().positive(),
  commands: z.array(commandResultSchema).min(1),
  /** What backup and restore left behind; null when a command before them failed and the rest was not run. */
  restored: z
    .object({
      backupBytes: count,
      rowsBefore: count,
      rowsAfter: count,
      /** People made before the backup: how many lie in the database in a form that can be searched, and in the restored one. */
      peopleBackedUp: count,
      peopleRestored: count,
    })
    .nullable(),
})

/** @see commandsTrialSchema */
export type CommandsTrial = z.infer<typeof commandsTrialSchema>

/** One required command's result. */
export type RequiredCommandResult = z.infer<typeof commandResultSchema>

/** Each required command that is missing, fails, does not end, or runs no test. */
export function judgeRequiredCommands({ commands, restored }: CommandsTrial): JudgedShortfall[] {
  return [...commands.flatMap((result) => judgeCommand(result)), ...(restored === null ? [] : judgeRestored(restored))]
}

/** A backup or restore that ends well and has done nothing. */
function judgeRestored(restored: NonNullable<CommandsTrial['restored']>): JudgedShortfall[] {
  const { backupBytes, rowsBefore, rowsAfter, peopleBackedUp, peopleRestored } = restored
  const what =
    backupBytes === 0
      ? 'db:backup wrote no backup'
      : rowsAfter <= rowsBefore || peopleRestored < peopleBackedUp
        ? `db:restore brought back ${Math.max(0, rowsAfter - rowsBefore)} rows and ${peopleRestored} of ${peopleBackedUp} people`
        : undefined
  if (what === undefined) return []
  return [
    {
      what,
      expected: 'a backup file, and all of its content in the database that it is restored into',
      where: 'npm run db:backup --output, then npm run db:restore --input --verify into an empty database',
      mitigation: 'Let both commands do their work, and end with an exit code other than 0 when they could not.',
    },
  ]
}

/** The ways in which one command falls short. */
function judgeCommand(result: RequiredCommandResult): JudgedShortfall[] {
  const { name, commandLine, state, exitCode, endedBy, tests, mustRunTests, complaint } = result
  const where = `${commandLine} in the subject’s root`
  if (state === 'not applicable') return []
  if (state === 'missing') {
    return [
      {
        what: `the required script ${name} is missing`,
        expected: `a script ${name} in package.json that does the work`,
        where,
        mitigation: `Add ${name} to the scripts of package.json, or name its command in the subject file under commands.`,
      },
    ]
  }
  if (exitCode !== 0) {
    const how = endedBy === 'itself' ? `failed with exit code ${exitCode}` : `ended by ${endedBy ?? 'nobody'}`
    return [
      {
        what: `${name} ${how}: ${complaint || 'it said nothing'}`,
        expected: 'exit code 0 within the time limit',
        where,
        mitigation: `Run ${commandLine} and mend what it reports; its last lines are in the evidence.`,
      },
    ]
  }
  if (mustRunTests && tests !== null && tests.failed > 0) {
    return [
      {
        what: `${name} ends with exit code 0 although ${tests.failed} of its ${tests.tests} tests failed: ${complaint}`,
        expected: 'an exit code other than 0 when a test fails',
        where,
        mitigation: `Let the runner's exit code through, without || true or the like, and mend the tests.`,
      },
    ]
  }
  if (mustRunTests && (tests === null || tests.tests === 0)) {
    return [
      {
        what: tests === null ? `${name} shows no sign that a test ran` : `${name} ran no test`,
        expected: 'at least one test',
        where,
        mitigation: `Let ${name} run real tests with a runner whose summary is known: ${knownRunners.join(', ')}.`,
      },
    ]
  }
  return []
}
