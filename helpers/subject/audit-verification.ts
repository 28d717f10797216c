import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import type { ProviderLab } from '../providers/lab.ts'
import type { GateRun } from '../run.ts'
import type { App } from './app.ts'
import { runCommand } from './commands.ts'
import type { Subject } from './subject.ts'

/** What the subject itself says of its audit log. */
export interface Verification {
  exitCode: number | null
  output: string
}

interface Needs {
  app: App
  run: GateRun
  subject: Subject
  providers: ProviderLab
  signal: AbortSignal
}

const timeLimitSeconds = 30
const manifestSchema = z.looseObject({
  bin: z.union([z.string(), z.record(z.string(), z.string())]).optional(),
  scripts: z.record(z.string(), z.string()).optional(),
})

/** The subject's verification of its audit log, to be asked as often as need be. @throws when there is none. */
export function findVerification(subject: Subject): { command: readonly string[]; isOfAuditLog: boolean } {
  const { verify } = subject.auditLog
  if (verify !== undefined) return { command: verify, isOfAuditLog: true }
  const command = findDiagnosis(subject)
  if (command === undefined) {
    throw new Error(
      'Expected `aro diagnose`, found neither a bin "aro" nor a script "diagnose" in package.json: how is the audit log verified? Name the command in the subject file as auditLog.verify.',
    )
  }
  return { command, isOfAuditLog: false }
}

/** How the subject is diagnosed: as its subject file says, or by its program `aro`; undefined where there is neither. */
export const findDiagnosis = (subject: Pick<Subject, 'root' | 'commands'>): readonly string[] | undefined =>
  subject.commands['aro diagnose'] ?? subject.commands['diagnose'] ?? diagnoseOf(subject.root)

/** Asks the subject whether its audit log is as it was written. @throws when the command cannot be run. */
export async function verify(
  { app, run, subject, providers, signal }: Needs,
  command: readonly string[],
): Promise<Verification> {
  const { exitCode, endedBy, output } = await runCommand({
    command,
    directory: subject.root,
    environment: commandEnvironment({ app, subject, providers }),
    timeLimitSeconds,
    runDirectory: run.runDirectory,
    owner: 'control',
    signal,
  })
  if (endedBy !== 'itself') {
    throw new Error(
      `${command.join(' ')}: expected an end within ${timeLimitSeconds} s, it was ended by: ${endedBy}. ${output.slice(-300)}`,
    )
  }
  return { exitCode, output }
}

/** The environment of the running subject, for its commands: they reach the same providers. */
export function commandEnvironment({ app, subject, providers }: Omit<Needs, 'run' | 'signal'>): Record<string, string> {
  return { ...app.environment(), ...(subject.runtime === 'node' ? providers.environment : {}), HOME: homedir() }
}

/** What one output says and the other does not, figures and times aside. */
export function newWords(before: Verification, after: Verification): string {
  const plain = ({ output }: Verification): string[] =>
    output.split('\n').map((line) => line.replaceAll(/\d+/g, '0').trim())
  const known = new Set(plain(before))
  return plain(after)
    .filter((line) => !known.has(line))
    .join('\n')
}

function diagnoseOf(root: string): string[] | undefined {
  const file = join(root, 'package.json')
  if (!existsSync(file)) return undefined
  const { bin, scripts } = manifestSchema.parse(JSON.parse(readFileSync(file, 'utf8')))
  const program = typeof bin === 'string' ? bin : bin?.aro
  if (program !== undefined && /\.[cm]?[jt]s$/.test(program) && existsSync(join(root, program)))
    return [process.execPath, program, 'diagnose']
  return scripts?.diagnose === undefined ? undefined : ['npm', 'run', '--silent', 'diagnose']
}
