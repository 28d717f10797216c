import { z } from 'zod'
import type { JudgedShortfall } from '../../evidence/shortfall.ts'
import { findFlaws, statesOf } from './path.ts'
import type { Flaw } from './path.ts'
import { storySchema } from './story.ts'
import type { Story } from './story.ts'

/** Every state and none, by every state and one that there is not. */
const edgesInAll = 64

/** What became of appointments, by the admin API, the events and the audit log. */
export const stateTrialSchema = z.object({
  /** Pairs of a state and what the administrator asked for, tried one at a time. */
  edges: z.int().positive(),
  /** Tables in which refused changes left something. */
  effects: z.array(z.string()),
  stories: z.array(storySchema).min(40),
  races: z.object({ instances: z.int().min(2), requests: z.int().min(20) }),
  walks: z.object({
    runs: z.int().positive(),
    steps: z.int().positive(),
    seed: z.int(),
    /** The shortest walk found that fails; fast-check goes through it again with this seed and path. */
    counterexample: z
      .object({ commands: z.string(), path: z.string(), shrinks: z.int().nonnegative(), flaw: z.string() })
      .nullable(),
  }),
})

/** @see stateTrialSchema */
export type StateTrial = z.infer<typeof stateTrialSchema>

const explanations: Record<Flaw['kind'], { expected: string; mitigation: string }> = {
  refused: {
    expected: 'a change that the state machine allows is made',
    mitigation: 'Check changes against the one table of the contract.',
  },
  allowed: {
    expected: 'any other change is refused with 409',
    mitigation: 'Check every change against the one table of the contract, with the row locked.',
  },
  effect: {
    expected: 'a refused change leaves everything as it was',
    mitigation: 'Check before anything is written, in the transaction of the change.',
  },
  event: {
    expected: 'each change has exactly its event, which tells the state that the appointment is in',
    mitigation: 'Write the event in the transaction of the change, in one place for all who change appointments.',
  },
  illegal: {
    expected: 'events in an order that the state machine allows',
    mitigation: 'Lock the appointment before its state is read, whoever changes it.',
  },
  ended: {
    expected:
      'a message that comes late, again or in another order leaves no state that is final, and a genuine one takes effect',
    mitigation: 'Send the calendar’s and the customer’s changes through the same check as the administrator’s.',
  },
  time: {
    expected: 'the latest time that the calendar told',
    mitigation: 'Take the time from the update, and let no earlier message undo it.',
  },
  audit: {
    expected: 'exactly one audit entry with before and after for each change of state',
    mitigation: 'Write the audit entry in the transaction of the change, in one place for all who change appointments.',
  },
  undecided: {
    expected: 'of requests at once each is done, with its event, or refused with 409',
    mitigation: 'Lock the appointment before its state is read, or update it on the condition of that state.',
  },
  answer: {
    expected: 'a genuine delivery is acknowledged with 200 or 202, also when it changes nothing',
    mitigation: 'Acknowledge first; what a delivery cannot change is no error of the sender.',
  },
}

/** Each way in which appointments did what the state machine does not allow, or did not tell of what they did. */
export function judgeStates({ edges, effects, stories, walks }: StateTrial): JudgedShortfall[] {
  const shortfalls = gather(stories.flatMap((story) => [...findFlaws(story), ...judgeAudit(story)]))
  for (const effect of effects) {
    shortfalls.push({
      ...explanations.effect,
      what: `refused changes left something in the database: ${effect}`,
      where: 'PUT /appointments/{id}, every change that is not allowed',
    })
  }
  if (walks.counterexample !== null) {
    const { commands, path, shrinks, flaw } = walks.counterexample
    shortfalls.push({
      what: `a walk at random fails: ${flaw}`,
      expected: 'whatever is asked in whatever order, the contract’s state machine',
      where: `${commands} (fast-check seed ${walks.seed}, path ${path}, after ${shrinks} shrinks)`,
      mitigation: 'Ask for these changes one after the other on a new booking.',
    })
  }
  if (shortfalls.length === 0 && edges < edgesInAll) {
    shortfalls.push({
      what: `only ${edges} of ${edgesInAll} changes could be asked for`,
      expected: 'an appointment in each state',
      where: 'PUT /appointments/{id}',
      mitigation: 'Let appointments reach every state through the admin API.',
    })
  }
  return shortfalls
}

function judgeAudit(story: Story): Flaw[] {
  const path = statesOf(story).map(({ told }) => told)
  const made = path.map((told, index) => `${path[index - 1] ?? 'nothing'} to ${told}`)
  const claimed = story.audit
    .filter(({ from, to }) => from !== to)
    .map(({ from, to }) => `${from ?? 'nothing'} to ${to}`)
  const missing = without(made, claimed)
  const surplus = without(claimed, made)
  if (missing.length + surplus.length === 0) return []
  const parts = [
    ...(missing.length > 0 ? [`no audit entry with before and after for ${missing.join(', ')}`] : []),
    ...(surplus.length > 0 ? [`audit entries for what did not happen, or once more: ${surplus.join(', ')}`] : []),
  ]
  return [{ kind: 'audit', what: parts.join('; '), where: story.name }]
}

function without(texts: readonly string[], others: readonly string[]): string[] {
  const left = [...others]
  return texts.filter((text) => {
    const index = left.indexOf(text)
    if (index >= 0) left.splice(index, 1)
    return index < 0
  })
}

/** One shortfall for each kind of flaw, with the first of them and the number of the others. */
function gather(flaws: readonly Flaw[]): JudgedShortfall[] {
  return [...Map.groupBy(flaws, ({ kind }) => kind)].flatMap(([kind, alike]) => {
    const [first] = alike
    if (first === undefined) return []
    const others = new Set(alike.slice(1).map(({ what }) => what))
    others.delete(first.what)
    const more = [...others].slice(0, 4)
    const rest = others.size > more.length ? `, and ${others.size - more.length} more` : ''
    const what = more.length === 0 ? first.what : `${first.what}; also ${more.join('; ')}${rest}`
    return [{ ...explanations[kind], what, where: first.where }]
  })
}
