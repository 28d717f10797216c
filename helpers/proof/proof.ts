import { join } from 'node:path'
import { CaseRunner } from './case-runner.ts'
import type { CaseContext } from './case-runner.ts'
import type { ControlFile } from './control-files.ts'
import { isGood, makeMatrix } from './matrix.ts'
import type { Matrix, ProofCase } from './matrix.ts'
import { planProof } from './plan.ts'
import type { ProofFolders } from './plan.ts'
import { runAll } from './schedule.ts'
import type { SharedDatabase } from './shared-database.ts'

/** Where the things are that a proof works on, and how it runs the gate. */
export interface ProofParts extends ProofFolders, Pick<CaseContext, 'repository' | 'reference' | 'gateCommand'> {
  openDatabase(): Promise<SharedDatabase>
}

/** What to prove. */
export interface ProofRequest extends Pick<CaseContext, 'runDirectory' | 'signal' | 'say'> {
  /** Only this control. */
  control: string | undefined
  /** Another folder of defects instead of our own, which then alone are tried. */
  defects: string | undefined
  jobs: number
  /** Whether what is kept for a thorough proof is tried, too. */
  isThorough: boolean
}

/** Shows each control the reference, its defects, its variants and the degenerate subjects, and notes what it says. */
export async function prove(parts: ProofParts, request: ProofRequest): Promise<Matrix> {
  const startedAt = new Date()
  const plan = planProof(parts, request)
  const { jobs, signal, say } = request
  await using database = await parts.openDatabase()
  // compiled once for all runs: a fifth of what starting the gate costs
  const compiled = { NODE_COMPILE_CACHE: join(request.runDirectory, 'compiled') }
  const environmentFor = (changedFiles: readonly string[]): Record<string, string> => ({
    ...database.environmentFor(changedFiles),
    ...compiled,
  })
  const runner = new CaseRunner({ ...parts, ...request, environmentFor })
  const byGate = [...Map.groupBy(plan.controls, ({ gate }) => gate).values()]
  const degenerate = plan.degenerates.flatMap((program) =>
    byGate.map((controls) => () => runner.degenerate(controls, program)),
  )
  const cases: ProofCase[] = []
  // most of them only let the gate wait, and a busy machine makes none of them pass: so they run beside the others
  const beside = runAll(degenerate, Math.ceil(jobs / 3), signal)
  // whoever fails first is heard below
  beside.catch(() => undefined)
  for (const [isQuiet, atOnce] of [
    [false, jobs],
    [true, 1],
  ] as const) {
    if (isQuiet) cases.push(...(await beside).flat())
    const controls = plan.controls.filter((control) => measuresTimes(control) === isQuiet)
    const mutantsOf = Map.groupBy(plan.mutants, ({ control }) => control)
    const references = await runCases(
      controls.map((control) => () => runner.reference(control)),
      atOnce,
      signal,
    )
    cases.push(...references)
    const trusted = new Set(references.filter(isGood).map(({ control }) => control))
    const tasks = controls.map((control) =>
      (mutantsOf.get(control.id) ?? []).map((mutant) => () => runner.mutant(control, mutant, trusted.has(control.id))),
    )
    // by turns: those that wait run beside those that compute
    cases.push(...(await runCases(inTurns(tasks), atOnce, signal)))
  }
  for (const problem of plan.problems) say(problem)
  return makeMatrix({
    startedAt: startedAt.toISOString(),
    durationMilliseconds: Date.now() - startedAt.getTime(),
    jobs,
    cases,
    problems: plan.problems,
    leftOut: plan.leftOut,
  })
}

/**
 * Runs cases side by side. In the gate a control has the machine for itself, so an answer that is not as it has to be is asked
 * for again while nothing else runs, and holds only if it is good twice in a row; the matrix tells of each.
 */
async function runCases(
  tasks: readonly (() => Promise<ProofCase>)[],
  atOnce: number,
  signal: AbortSignal,
): Promise<ProofCase[]> {
  const answers = await runAll(tasks, atOnce, signal)
  const isDoubtful = (one: ProofCase): boolean => atOnce > 1 && !isGood(one) && one.durationMilliseconds > 0
  const second = tasks.map((task, index) => async (): Promise<ProofCase | undefined> => {
    const first = answers[index]
    if (first === undefined || !isDoubtful(first)) return first
    const { outcome, said } = first
    const next = await task()
    const last = isGood(next) ? await task() : next
    return { ...last, atFirst: { outcome, said } }
  })
  return (await runAll(second, 1, signal)).filter((one) => one !== undefined)
}

/** Whether a control gets the machine for itself: it measures times, or runs the subject's own tests, some of which do. */
const measuresTimes = ({ gate, id }: ControlFile): boolean =>
  (gate === 'performance' && id !== 'performance/query-efficiency') || id === 'release/required-commands'

const inTurns = <Item>(lists: readonly (readonly Item[])[]): Item[] =>
  Array.from({ length: Math.max(0, ...lists.map((list) => list.length)) }, (_, index) =>
    lists.flatMap((list) => list.slice(index, index + 1)),
  ).flat()
