import { execFileSync } from 'node:child_process'
import type { ExecFileSyncOptionsWithStringEncoding } from 'node:child_process'
import { arch, availableParallelism, cpus, platform, release, totalmem } from 'node:os'
import type { TestModule } from 'vitest/node'
import type { ControlIdentity } from '../helpers/evidence/identity.ts'
import type { GateRun } from '../helpers/run.ts'
import { loadSubject } from '../helpers/subject/load.ts'
import type { Subject } from '../helpers/subject/subject.ts'
import type { Catalogue } from './catalogue.ts'
import { collectControl } from './collect.ts'
import type { ControlResult, RunProblem, RunRecord, Statement } from './record.ts'

/** What a run has left behind for the verdict. */
export interface RunParts {
  startedAt: Date
  /** What the set-up prepared; undefined when it did not get so far. */
  run: GateRun | undefined
  catalogue: Catalogue
  /** The control files that had to run. */
  onDisk: readonly ControlIdentity[]
  /** vitest's modules by control id; a file that ran twice is listed twice. */
  modules: ReadonlyMap<string, readonly TestModule[]>
  problems: RunProblem[]
  vitestVersion: string
}

/** Puts the run record together that the verdict is drawn from. */
export async function assembleRun(parts: RunParts): Promise<RunRecord> {
  const { run, problems } = parts
  if (run === undefined) {
    problems.push({
      what: 'The set-up of the gate did not complete: no control had a subject to try.',
      mitigation: 'Mend what the output says about the set-up.',
    })
  }
  const subject =
    run === undefined
      ? undefined
      : await loadSubject(run.subjectFile).catch((error: unknown) => {
          problems.push({ what: String(error), mitigation: 'Mend the subject file.' })
          return undefined
        })
  return {
    runId: run?.runId ?? 'none',
    startedAt: parts.startedAt.toISOString(),
    finishedAt: new Date().toISOString(),
    profile: run?.profile ?? 'rehearsal',
    subject: describeSubject(subject),
    environment: describeEnvironment(parts),
    controls: [...ranOrNot(parts), ...notBuilt(parts)],
    problems,
    complete: true,
    statements: statementsOf(subject),
  }
}

function ranOrNot({ onDisk, modules }: RunParts): ControlResult[] {
  return onDisk.flatMap((identity) => {
    const ran = modules.get(identity.id) ?? [undefined]
    return ran.map((module) => {
      const collected = collectControl(identity, module)
      if (collected.record !== null) return collected.record
      const { id, reason, durationMilliseconds } = collected
      return { id, outcome: 'unverified' as const, reason, durationMilliseconds }
    })
  })
}

function notBuilt({ catalogue, onDisk }: RunParts): ControlResult[] {
  const present = new Set(onDisk.map((identity) => identity.id))
  return catalogue
    .flatMap((gate) => gate.controls)
    .filter((control) => !present.has(control.id))
    .map(({ id }) => ({
      id,
      outcome: 'unverified' as const,
      reason: 'not built yet: there is no control file for it',
      durationMilliseconds: 0,
    }))
}

function describeSubject(subject: Subject | undefined): RunRecord['subject'] {
  if (subject === undefined) return { name: 'unknown', version: 'unknown', environment: 'unknown', commit: null }
  const { name, version, environment, root } = subject
  return { name, version, environment, commit: commitOf(root) }
}

function commitOf(root: string): string | null {
  try {
    const options: ExecFileSyncOptionsWithStringEncoding = {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }
    const commit = execFileSync('git', ['rev-parse', 'HEAD'], options).trim()
    const changes = execFileSync('git', ['status', '--porcelain', '--', '.'], options).trim()
    return changes === '' ? commit : `${commit} with uncommitted changes`
  } catch {
    return null
  }
}

function describeEnvironment({ run, vitestVersion, startedAt }: RunParts): Record<string, unknown> {
  const database = run?.database.ready === true ? run.database.description : undefined
  return {
    machine: `${platform()} ${release()} ${arch()}, ${cpus()[0]?.model.trim() ?? 'unknown processor'}`,
    processors: availableParallelism(),
    memoryMegabytes: Math.round(totalmem() / 1024 / 1024),
    node: process.version,
    vitest: vitestVersion,
    seed: run?.seed ?? null,
    loadEngine: run?.loadEngine ?? null,
    database: database === undefined ? 'none' : `${database.kind} (${database.reason}), PostgreSQL ${database.version}`,
    durationSeconds: Math.round((Date.now() - startedAt.getTime()) / 1000),
  }
}

function statementsOf(subject: Subject | undefined): Statement[] {
  return (subject?.notApplicable ?? []).map(({ scope, reason, approver, expires }) => ({
    kind: 'not-applicable' as const,
    scope,
    reason,
    approver,
    expires,
    matched: knownScopes.has(scope),
  }))
}

/** What the production gate asks for only "if applicable". */
const knownScopes = new Set(['docker'])
