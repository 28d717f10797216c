import type { ControlAnswer, GateAnswer } from './gate-process.ts'

/** How a case of the proof ended; `caught` and `held` are the good ends, `refused` is that of a correct subject. */
export const caseOutcomes = ['caught', 'held', 'missed', 'wrong reason', 'refused', 'error'] as const

/** @see caseOutcomes */
export type CaseOutcome = (typeof caseOutcomes)[number]

/** What became of one case, and what the control said. */
export interface Judgement {
  outcome: CaseOutcome
  said: string
}

/** What a case has to show: a defect is caught, reference and variants pass, a degenerate subject never passes. */
export type Expectation = { kind: 'caught'; word: string } | { kind: 'passed' } | { kind: 'not passed' }

/** Judges what a control said about a subject. */
export function judgeCase(expectation: Expectation, control: string, answer: GateAnswer): Judgement {
  if (!answer.answered) return { outcome: 'error', said: answer.problem }
  const found = answer.controls.get(control)
  if (found === undefined) return { outcome: 'error', said: `the report does not hold ${control}` }
  const said = describe(found)
  switch (expectation.kind) {
    case 'passed':
      return { outcome: found.outcome === 'passed' ? 'held' : 'refused', said }
    case 'not passed':
      return { outcome: found.outcome === 'passed' ? 'missed' : 'held', said }
    case 'caught':
      if (found.outcome === 'passed') return { outcome: 'missed', said }
      return { outcome: isForThat(found, expectation.word) ? 'caught' : 'wrong reason', said }
  }
}

function isForThat(answer: ControlAnswer, word: string): boolean {
  if (answer.outcome !== 'failed') return false
  const wanted = word.toLowerCase()
  return answer.shortfalls.some(({ what, where }) => `${what}\n${where}`.toLowerCase().includes(wanted))
}

function describe({ outcome, shortfalls, reason }: ControlAnswer): string {
  const details =
    outcome === 'failed' ? shortfalls.map((shortfall) => `${shortfall.what} (${shortfall.where})`) : [reason]
  const text = details.filter((detail) => detail !== null).join('; ')
  return text === '' ? outcome : `${outcome}: ${text}`
}
