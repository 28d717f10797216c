import { isAllowed } from '../../subject/appointment-states.ts'
import type { Step, Story } from './story.ts'

/** One way in which a story differs from the state machine. */
export interface Flaw {
  kind: 'refused' | 'allowed' | 'effect' | 'event' | 'illegal' | 'ended' | 'time' | 'audit' | 'undecided' | 'answer'
  what: string
  where: string
}

const beginnings = new Set(['booked', 'rescheduled', 'cancelled'])
const isDone = (status: number): boolean => status >= 200 && status < 300
const listed = (texts: readonly string[]): string => (texts.length === 0 ? 'none' : texts.join(', '))

/** States one after the other: an event that tells the same state again, of another time, is no change. */
export function statesOf({ events, groups }: Story): { told: string; step: number | null }[] {
  const steps = groups.flat()
  return events.filter(({ told, step }, index) => {
    const isAsked = step !== null && steps[step]?.how === 'admin'
    return isAsked || told !== events[index - 1]?.told
  })
}

/** Each way in which what was answered, shown and told of one appointment is not the contract's state machine. */
export function findFlaws(story: Story): Flaw[] {
  const states = statesOf(story)
  const flaws: Flaw[] = []
  let number = 0
  let state: string | null = null
  for (const group of story.groups) {
    const first = number
    number += group.length
    const here = states.filter(({ step }) => step !== null && step >= first && step < first + group.length)
    const visited: (string | null)[] = [state, ...here.map(({ told }) => told)]
    const [step] = group
    if (group.length === 1 && step !== undefined) {
      flaws.push(
        ...judgeStep(
          story.name,
          step,
          state,
          here.map(({ told }) => told),
        ),
      )
      // what may take effect or not may have done so only after the appointment was looked at
      state = step.how !== 'admin' && step.mustEndIn === undefined ? (visited.at(-1) ?? step.after) : step.after
    } else {
      group.forEach((each, index) => {
        const told = here.filter((event) => event.step === first + index).map((event) => event.told)
        flaws.push(...judgeRacer(story.name, each, visited, told))
      })
      state = visited.at(-1) ?? null
    }
  }
  return [...flaws, ...judgeOrder(story, states)]
}

function judgeStep(where: string, step: Step, from: string | null, told: readonly string[]): Flaw[] {
  if (step.how === 'admin') return judgeAsked(where, step, from, told)
  const flaws: Flaw[] = []
  const asked = `${step.how}: ${step.asked}`
  const after = step.after ?? 'absent'
  if (!isDone(step.status)) {
    flaws.push({ kind: 'answer', where, what: `${asked}, genuine, was answered with ${step.status}` })
  }
  if (step.mustEndIn !== undefined && !step.mustEndIn.includes(after)) {
    const what = `${asked} left the appointment ${after}, which was ${from ?? 'absent'}`
    flaws.push({ kind: 'ended', where: `${where}; expected ${step.mustEndIn.join(' or ')}`, what })
  }
  const byEvents = told.at(-1) ?? from ?? 'absent'
  if (byEvents !== after && step.mustEndIn?.includes(after) === true) {
    const what = `${asked}: the appointment is ${after}, by its events ${byEvents}`
    flaws.push({ kind: 'event', where, what })
  }
  if (step.isTimeKept === false) {
    flaws.push({ kind: 'time', where, what: `${asked}: the appointment does not have the time that the calendar told` })
  }
  return [...flaws, ...judgeAltered(where, asked, step)]
}

function judgeAsked(where: string, step: Step, from: string | null, told: readonly string[]): Flaw[] {
  const { asked, status } = step
  const change = `${from ?? 'absent'} to ${asked}`
  const after = step.after ?? 'absent'
  if (from !== null && isAllowed(from, asked)) {
    if (!isDone(status))
      return [{ kind: 'refused', where, what: `${change} is allowed, but was answered with ${status}` }]
    if (after !== asked)
      return [{ kind: 'ended', where, what: `${change} was answered with ${status}, but the appointment is ${after}` }]
    if (told.length === 1 && told[0] === asked) return []
    return [{ kind: 'event', where, what: `${change} was made, its events tell of ${listed(told)}` }]
  }
  const flaws: Flaw[] = []
  if (!(step.refusedWith ?? [409]).includes(status)) {
    flaws.push({ kind: 'allowed', where, what: `${change} is not allowed, but was answered with ${status}` })
  }
  if (after !== (from ?? 'absent'))
    flaws.push({ kind: 'effect', where, what: `${change}, answered with ${status}, left the appointment ${after}` })
  if (told.length > 0)
    flaws.push({ kind: 'effect', where, what: `${change}, answered with ${status}, led to events: ${listed(told)}` })
  return [...flaws, ...judgeAltered(where, change, step)]
}

const judgeAltered = (where: string, asked: string, { altered = [] }: Step): Flaw[] =>
  altered.length === 0
    ? []
    : [{ kind: 'effect', where, what: `${asked} must change nothing, but changed ${altered.join(', ')}` }]

/** One of several requests at once: it was decided as if they had come one after the other. */
function judgeRacer(name: string, step: Step, visited: readonly (string | null)[], told: readonly string[]): Flaw[] {
  const asked = `${step.how}: ${step.asked}`
  const where = `${name}, at once`
  if (step.how !== 'admin') {
    return isDone(step.status)
      ? []
      : [{ kind: 'answer', where, what: `${asked}, genuine, was answered with ${step.status}` }]
  }
  if (isDone(step.status)) {
    if (told.length === 1 && told[0] === step.asked) return []
    const what = `${asked} was answered with ${step.status}, its events tell of ${listed(told)}`
    return [{ kind: 'undecided', where, what }]
  }
  if (step.status !== 409)
    return [{ kind: 'undecided', where, what: `${asked} was answered with ${step.status}, neither done nor refused` }]
  if (told.length > 0)
    return [{ kind: 'effect', where, what: `${asked}, refused with 409, led to events: ${listed(told)}` }]
  if (visited.some((state) => state === null || !isAllowed(state, step.asked))) return []
  return [{ kind: 'refused', where, what: `${asked} was allowed in ${listed(visited.map(String))}, but refused` }]
}

function judgeOrder({ name, end }: Story, states: readonly { told: string }[]): Flaw[] {
  const flaws: Flaw[] = []
  const path = states.map(({ told }) => told)
  path.forEach((told, index) => {
    const before = path[index - 1]
    const isLawful = before === undefined ? beginnings.has(told) : isAllowed(before, told)
    if (isLawful) return
    const what = `by its events the appointment went from ${before ?? 'nothing'} to ${told}`
    flaws.push({ kind: 'illegal', where: `${name}: ${path.join(', ')}`, what })
  })
  if ((path.at(-1) ?? null) !== end) {
    const what = `in the end the appointment is ${end ?? 'absent'}, by its events ${path.at(-1) ?? 'absent'}`
    flaws.push({ kind: 'event', where: `${name}: ${path.join(', ')}`, what })
  }
  return flaws
}
