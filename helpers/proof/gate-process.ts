import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { runCommand } from '../subject/commands.ts'

/** What one control said in one run. */
export interface ControlAnswer {
  outcome: 'passed' | 'failed' | 'unverified'
  shortfalls: { what: string; where: string }[]
  reason: string | null
}

/** One run of the gate in a process of its own. */
export interface GateRequest {
  /** Command line that runs the gate on these control files. */
  command: readonly string[]
  directory: string
  subjectFile: string
  reportDirectory: string
  environment: Record<string, string>
  timeLimitSeconds: number
  runDirectory: string
  signal: AbortSignal
}

/** What a run of the gate left: the answer of each control by id, or why there is none. */
export type GateAnswer =
  | { answered: true; controls: ReadonlyMap<string, ControlAnswer>; durationMilliseconds: number }
  | { answered: false; problem: string; durationMilliseconds: number }

const reportSchema = z.object({
  finishedAt: z.string().nullable(),
  gates: z.array(
    z.object({
      controls: z.array(
        z.object({
          id: z.string(),
          outcome: z.enum(['passed', 'failed', 'unverified']),
          shortfalls: z.array(z.object({ what: z.string(), where: z.string() })),
          reason: z.string().nullish(),
        }),
      ),
    }),
  ),
})

/** Variables that would let a child write where only the outermost process may. */
const withheld = new Set(['GITHUB_STEP_SUMMARY', 'GITHUB_OUTPUT', 'GITHUB_ENV', 'NODE_OPTIONS', 'FORCE_COLOR'])

/** Runs the gate as a child and reads what each control said; a run that fails is an answer, not an error. */
export async function runGate(request: GateRequest): Promise<GateAnswer> {
  const inherited = Object.entries(process.env).flatMap(([name, value]) =>
    value === undefined || withheld.has(name) || name.startsWith('VITEST') ? [] : [[name, value] as const],
  )
  const result = await runCommand({
    command: request.command,
    directory: request.directory,
    environment: {
      ...Object.fromEntries(inherited),
      NO_COLOR: '1',
      ...request.environment,
      ARO_GATE_SUBJECT: request.subjectFile,
      ARO_GATE_REPORT_DIR: request.reportDirectory,
      ARO_GATE_PROFILE: 'rehearsal',
    },
    timeLimitSeconds: request.timeLimitSeconds,
    runDirectory: request.runDirectory,
    owner: 'control',
    signal: request.signal,
  })
  const { durationMilliseconds } = result
  const unanswered = (problem: string): GateAnswer => ({ answered: false, problem, durationMilliseconds })
  if (request.signal.aborted) return unanswered('interrupted')
  if (result.endedBy === 'time limit') {
    return unanswered(
      `the gate did not end within ${request.timeLimitSeconds} s; it last said: ${lastLines(result.output)}`,
    )
  }
  try {
    const report = reportSchema.parse(JSON.parse(readFileSync(join(request.reportDirectory, 'report.json'), 'utf8')))
    if (report.finishedAt === null)
      return unanswered(`the gate did not finish; it last said: ${lastLines(result.output)}`)
    const controls = report.gates.flatMap((gate) =>
      gate.controls.map(
        ({ id, outcome, shortfalls, reason }) => [id, { outcome, shortfalls, reason: reason ?? null }] as const,
      ),
    )
    return { answered: true, controls: new Map(controls), durationMilliseconds }
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error)
    return unanswered(`the gate left no report (${problem}); it last said: ${lastLines(result.output)}`)
  }
}

const lastLines = (output: string): string => output.trim().split('\n').slice(-12).join('\n') || 'nothing'
