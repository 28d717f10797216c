import { z } from 'zod'
import type { JudgedShortfall } from '../../evidence/shortfall.ts'
import { dependencies } from './reading.ts'

const count = z.int().nonnegative()
const dependency = z.enum(dependencies)

const runSchema = z.object({
  form: z.enum(['text', 'JSON']),
  exitCode: z.int().nullable(),
  endedBy: z.string(),
  durationMilliseconds: z.number().nonnegative(),
  /** Whether what should be JSON is. */
  isParsed: z.boolean(),
  /** Dependencies that it says are broken. */
  named: z.array(dependency),
  /** The last of what it printed, where it said something else than it had to. */
  tail: z.string(),
})

const faultSchema = z.object({
  /** What was broken. */
  dependency,
  how: z.string(),
  /** Calls or connections that met the fault. */
  met: count,
  runs: z.array(runSchema).min(1),
})

/** What the subject's own diagnosis says in good times, with each dependency broken in turn, and afterwards. */
export const diagnosticsTrialSchema = z.object({
  command: z.array(z.string()).min(1),
  healthy: z.object({
    runs: z.array(runSchema).min(2),
    /** Whether each dependency was asked. */
    asked: z.array(z.object({ dependency, requests: count })),
    /** What it did beside looking. */
    effects: z.object({ messages: count, payments: count }),
  }),
  faults: z.array(faultSchema).min(dependencies.length),
  /** With settings that hold secrets malformed: it may not work, and must not show them. */
  malformed: runSchema,
  afterwards: runSchema,
  leaks: z.array(z.object({ what: z.string(), encoding: z.string(), during: z.string() })),
})

/** @see diagnosticsTrialSchema */
export type DiagnosticsTrial = z.infer<typeof diagnosticsTrialSchema>

type Run = z.infer<typeof runSchema>

const limitSeconds = 30

/** Each way in which the diagnosis is silent, wrong, late, harmful, or tells too much. */
export function judgeDiagnostics(trial: DiagnosticsTrial): JudgedShortfall[] {
  const where = trial.command.join(' ')
  const { healthy, faults, malformed, afterwards, leaks } = trial
  return [
    ...healthy.runs.flatMap((run) => judgeHealthy(run, where, 'everything works')),
    ...healthy.asked.flatMap((asked) => judgeAsked(asked, where)),
    ...judgeEffects(healthy.effects, where),
    ...faults.flatMap((fault) => fault.runs.flatMap((run) => judgeFault(fault, run, where))),
    ...judgeMalformed(malformed, where),
    ...judgeHealthy(afterwards, where, 'everything works again'),
    ...leaks.map(({ what, encoding, during }) => ({
      what: `the diagnosis prints ${what} (${encoding})`,
      expected: 'no secret and nothing of a customer in the output',
      where: `${where}, ${during}`,
      mitigation:
        'Print names of settings and hosts, never values, and no error text that carries a connection string.',
    })),
  ]
}

function judgeForm(run: Run, where: string, when: string): JudgedShortfall[] {
  if (run.endedBy === 'time limit') {
    return [
      {
        what: `the diagnosis did not end within ${limitSeconds} s while ${when}`,
        expected: `an end within ${limitSeconds} s, whatever hangs`,
        where,
        mitigation: 'Give each look a time limit of its own, and do not wait for connections to close.',
      },
    ]
  }
  if (run.form === 'JSON' && !run.isParsed) {
    return [
      {
        what: `the diagnosis with --json is no JSON while ${when}: ${run.tail}`,
        expected: 'one JSON document on standard output',
        where: `${where} --json`,
        mitigation: 'Print the document and nothing else, also where something is broken.',
      },
    ]
  }
  return []
}

function judgeHealthy(run: Run, where: string, when: string): JudgedShortfall[] {
  const { form, exitCode, named } = run
  const shortfalls = judgeForm(run, where, when)
  if (shortfalls.length > 0) return shortfalls
  if (exitCode === 0 && named.length === 0) return []
  return [
    {
      what: `the diagnosis (${form}) ends with exit code ${exitCode}${named.length === 0 ? '' : ` and names ${named.join(', ')} as broken`} while ${when}: ${run.tail}`,
      expected: 'exit code 0 and nothing named as broken',
      where,
      mitigation: 'Look at each dependency as it is now.',
    },
  ]
}

function judgeMalformed(run: Run, where: string): JudgedShortfall[] {
  const shortfalls = judgeForm(run, where, 'settings are malformed')
  if (shortfalls.length > 0 || run.exitCode !== 0) return shortfalls
  return [
    {
      what: 'the diagnosis ends with exit code 0 while settings are malformed',
      expected: 'an exit code other than 0, and the settings named without their values',
      where,
      mitigation: 'Check the configuration as the service does when it starts.',
    },
  ]
}

function judgeAsked(
  { dependency: asked, requests }: DiagnosticsTrial['healthy']['asked'][number],
  where: string,
): JudgedShortfall[] {
  if (requests > 0) return []
  return [
    {
      what: `the diagnosis never asks ${asked}: no request reached it`,
      expected: 'each dependency is really asked, not only its configuration read',
      where,
      mitigation: `Send ${asked} a request that changes nothing, with the credentials that the service uses.`,
    },
  ]
}

function judgeEffects(
  { messages, payments }: DiagnosticsTrial['healthy']['effects'],
  where: string,
): JudgedShortfall[] {
  if (messages + payments === 0) return []
  return [
    {
      what: `the diagnosis sent ${messages} messages and created ${payments} payments`,
      expected: 'a look that changes nothing',
      where,
      mitigation: 'Ask providers for something that only reads, such as the account.',
    },
  ]
}

function judgeFault(
  { dependency: broken, how }: DiagnosticsTrial['faults'][number],
  run: Run,
  where: string,
): JudgedShortfall[] {
  const when = `${broken} ${how}`
  const shortfalls = judgeForm(run, where, when)
  if (shortfalls.length > 0) return shortfalls
  const { form, exitCode, named, tail } = run
  if (exitCode === 0) {
    shortfalls.push({
      what: `the diagnosis (${form}) ends with exit code 0 while ${when}`,
      expected: 'an exit code other than 0',
      where,
      mitigation: 'End with 1 as soon as one look has failed.',
    })
  }
  if (!named.includes(broken)) {
    shortfalls.push({
      what: `the diagnosis (${form}) does not name ${broken} as broken while ${when}: ${tail}`,
      expected: `${broken} named, with a status that says it is broken`,
      where,
      mitigation: 'Report each dependency by its name with its own status.',
    })
  }
  const others = named.filter((name) => name !== broken)
  if (others.length > 0) {
    shortfalls.push({
      what: `the diagnosis (${form}) names ${others.join(', ')} as broken as well, although only ${when}`,
      expected: `${broken} alone named as broken`,
      where,
      mitigation: 'Say of what could not be looked at that it was skipped, not that it is broken.',
    })
  }
  return shortfalls
}
