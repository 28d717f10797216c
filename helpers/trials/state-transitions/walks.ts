import fc from 'fast-check'
import { appointmentStates, isAllowed } from '../../subject/appointment-states.ts'
import type { StateTrial } from './judge.ts'
import { findFlaws } from './path.ts'
import { admin, calendar, reply } from './stage.ts'
import type { Actor, Ask, Stage } from './stage.ts'

const finalStates = new Set(['completed', 'no_show', 'cancelled'])
const movable = new Set(['booked', 'confirmed', 'rescheduled'])
const mostStepsWhenFinal = 3
const mostSteps = 9
const walkers = 2

interface Model {
  state: string
  stepsWhenFinal: number
}

/** One request of a walk; the model is what the contract's machine made of those before. */
class Walk implements fc.AsyncCommand<Model, Actor> {
  readonly #stage: Stage
  readonly #name: string
  readonly #ask: (actor: Actor, state: string) => Ask

  constructor(stage: Stage, name: string, ask: (actor: Actor, state: string) => Ask) {
    this.#stage = stage
    this.#name = name
    this.#ask = ask
  }

  check(model: Readonly<Model>): boolean {
    return model.stepsWhenFinal < mostStepsWhenFinal
  }

  async run(model: Model, actor: Actor): Promise<void> {
    if (finalStates.has(model.state)) model.stepsWhenFinal += 1
    const [step] = await this.#stage.take(actor, [this.#ask(actor, model.state)])
    model.state = step?.after ?? model.state
  }

  toString(): string {
    return this.#name
  }
}

/** Walks at random through the machine, by all who may change an appointment; what fails is made as short as it can be. */
export async function tryWalks(
  stage: Stage,
  options: { seed: number; runs: number; withinMilliseconds: number },
): Promise<{ actors: Actor[]; walks: StateTrial['walks'] }> {
  const seeds = Array.from({ length: walkers }, (_, index) => (options.seed + index) | 0)
  const runs = Math.ceil(options.runs / walkers)
  const walked = await Promise.all(seeds.map((seed) => walkFrom(stage, { ...options, seed, runs })))
  const failed = walked.find(({ walks }) => walks.counterexample !== null)?.walks
  return {
    actors: walked.flatMap(({ actors }) => actors),
    walks: {
      runs: walked.reduce((sum, { walks }) => sum + walks.runs, 0),
      steps: walked.reduce((sum, { walks }) => sum + walks.steps, 0),
      seed: failed?.seed ?? options.seed,
      counterexample: failed?.counterexample ?? null,
    },
  }
}

async function walkFrom(
  stage: Stage,
  options: { seed: number; runs: number; withinMilliseconds: number },
): Promise<{ actors: Actor[]; walks: StateTrial['walks'] }> {
  const actors: Actor[] = []
  let steps = 0
  const walk = (name: string, ask: (actor: Actor, state: string) => Ask): fc.Arbitrary<fc.AsyncCommand<Model, Actor>> =>
    fc.constant(new Walk(stage, name, ask))
  const commands = fc.commands(
    [
      ...appointmentStates.map((state) => walk(`admin: ${state}`, (actor) => admin(() => actor.id, state))),
      walk('calendar: created', ({ booking }) => calendar(booking, 'created')),
      walk('calendar: updated', ({ booking }, state) =>
        calendar(moved(booking), 'updated', movable.has(state) ? { time: moved(booking).scheduledAt } : {}),
      ),
      walk('calendar: cancelled', ({ booking }, state) =>
        calendar(booking, 'cancelled', isAllowed(state, 'cancelled') ? { mustEndIn: ['cancelled'] } : {}),
      ),
      walk('reply: YES', ({ booking }, state) =>
        reply(booking.person.phone, 'YES', isAllowed(state, 'confirmed') ? { mustEndIn: ['confirmed'] } : {}),
      ),
    ],
    { maxCommands: mostSteps, size: 'max' },
  )
  const property = fc.asyncProperty(commands, async (walked) => {
    const actor = await stage.book('a walk at random')
    await fc.asyncModelRun(() => ({ model: { state: 'booked', stepsWhenFinal: 0 }, real: actor }), walked)
    await stage.feed.refresh()
    const [flaw] = findFlaws(await stage.tell(actor, []))
    steps += actor.steps.size
    if (flaw !== undefined) throw new Error(`${flaw.what} (${flaw.where})`)
    actors.push(actor)
  })
  const { seed, runs: numRuns, withinMilliseconds } = options
  const plugins = [fc.interruptAfterTimeLimit(withinMilliseconds)]
  const details = await fc.check(property, { seed, numRuns, plugins })
  if (!details.failed || details.counterexample === null) {
    return { actors, walks: { runs: details.numRuns, steps, seed, counterexample: null } }
  }
  const { counterexample, counterexamplePath, numShrinks, errorInstance } = details
  return {
    actors,
    walks: {
      runs: details.numRuns,
      steps,
      seed,
      counterexample: {
        commands: fc.stringify(counterexample),
        path: counterexamplePath ?? '',
        shrinks: numShrinks,
        flaw: errorInstance instanceof Error ? errorInstance.message : String(errorInstance),
      },
    },
  }
}

const moved = (booking: Actor['booking']): Actor['booking'] => ({
  ...booking,
  scheduledAt: new Date(Date.parse(booking.scheduledAt) + 48 * 3_600_000).toISOString(),
})
