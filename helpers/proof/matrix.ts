import { caseOutcomes } from './judgement.ts'
import type { CaseOutcome } from './judgement.ts'

/** One subject shown to one control, and what came of it. */
export interface ProofCase {
  kind: 'reference' | 'defect' | 'variant' | 'degenerate'
  control: string
  /** Path of the patch or program, relative to the repository where it lies in it. */
  file: string
  sentence: string
  /** The word a shortfall had to hold; null but for defects. */
  expect: string | null
  outcome: CaseOutcome
  said: string
  /** How it ended while other cases ran, where it had to be shown again alone; null where the first answer holds. */
  atFirst: { outcome: CaseOutcome; said: string } | null
  durationMilliseconds: number
}

/** All that a proof found. */
export interface Matrix {
  startedAt: string
  durationMilliseconds: number
  jobs: number
  cases: ProofCase[]
  /** What is wrong beside the cases, e.g. a control with too few defects. */
  problems: string[]
  /** Defects and variants that only a thorough proof tries. */
  leftOut: number
  counts: { passed: number; failed: number }
}

/** Whether a case ended as it has to. */
export const isGood = ({ outcome }: Pick<ProofCase, 'outcome'>): boolean => outcome === 'caught' || outcome === 'held'

/** Adds up the cases. */
export function makeMatrix(parts: Omit<Matrix, 'counts'>): Matrix {
  const passed = parts.cases.filter(isGood).length
  return { ...parts, counts: { passed, failed: parts.cases.length - passed + parts.problems.length } }
}

/** The matrix as a markdown text whose tables are aligned, for files and terminals alike. */
export function renderMatrix(matrix: Matrix): string {
  const controls = [...new Set(matrix.cases.map(({ control }) => control))].sort()
  const rows = controls.map((control) => rowOf(control, matrix.cases))
  const wrong = matrix.cases.filter((proofCase) => !isGood(proofCase))
  const again = matrix.cases.filter(({ atFirst, outcome }) => atFirst !== null && isGood({ outcome }))
  const { passed, failed } = matrix.counts
  const seconds = (matrix.durationMilliseconds / 1000).toFixed(0)
  return [
    '# Kill matrix',
    `${passed} as they have to be (${again.length} of them only when nothing else ran), ${failed} not; ${seconds} s, ${matrix.jobs} at a time, begun ${matrix.startedAt}.`,
    ...(matrix.leftOut === 0
      ? []
      : [`${matrix.leftOut} further defects and variants were not tried: \`npm run prove -- --thorough\` does.`]),
    table([['control', 'reference', 'defects caught', 'variants passed', 'degenerate refused', 'wrong'], ...rows]),
    ...(wrong.length === 0 ? [] : ['## Not as it has to be', wrong.map(describeCase).join('\n')]),
    ...(again.length === 0
      ? []
      : [
          '## Another answer while other cases ran, and twice as it has to be alone',
          again.map(describeAgain).join('\n'),
        ]),
    ...(matrix.problems.length === 0
      ? []
      : ['## Problems', matrix.problems.map((problem) => `- ${problem}`).join('\n')]),
  ]
    .join('\n\n')
    .concat('\n')
}

function rowOf(control: string, cases: readonly ProofCase[]): string[] {
  const own = cases.filter((proofCase) => proofCase.control === control)
  const share = (kind: ProofCase['kind']): string => {
    const ofKind = own.filter((proofCase) => proofCase.kind === kind)
    return ofKind.length === 0 ? '–' : `${ofKind.filter(isGood).length}/${ofKind.length}`
  }
  const wrong = caseOutcomes.flatMap((outcome) => {
    const count = own.filter((proofCase) => proofCase.outcome === outcome && !isGood(proofCase)).length
    return count === 0 ? [] : [`${count} ${outcome}`]
  })
  return [control, share('reference'), share('defect'), share('variant'), share('degenerate'), wrong.join(', ')]
}

function describeCase({ kind, control, file, sentence, outcome, expect, said }: ProofCase): string {
  const wanted = expect === null ? '' : ` (expected word: ${JSON.stringify(expect)})`
  return `- **${outcome}** ${control}, ${kind} ${file}: ${sentence}${wanted}\n    The control said: ${indented(said)}`
}

const describeAgain = ({ kind, control, file, outcome, atFirst }: ProofCase): string =>
  `- ${control}, ${kind} ${file}: ${atFirst?.outcome} at first, then ${outcome}\n    At first the control said: ${indented(atFirst?.said ?? '')}`

const indented = (text: string): string => text.trim().split('\n').join('\n    ')

function table(rows: readonly (readonly string[])[]): string {
  const [head = []] = rows
  const widths = head.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`
  const rule = line(widths.map((width) => '-'.repeat(width)))
  return [line(head), rule, ...rows.slice(1).map(line)].join('\n')
}
