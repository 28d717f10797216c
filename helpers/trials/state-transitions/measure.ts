import type { ControlDatabase } from '../../database/control-database.ts'
import { mulberry32 } from '../../random.ts'
import type { App } from '../../subject/app.ts'
import { readAuditLog } from '../../subject/audit-log.ts'
import { EventFeed } from '../../subject/event-feed.ts'
import { tryEdges } from './edges.ts'
import type { StateTrial } from './judge.ts'
import { tryMessages } from './messages.ts'
import { tryRaces } from './races.ts'
import { Stage } from './stage.ts'
import type { Story } from './story.ts'
import { tryWalks } from './walks.ts'

/** How long it is tried. */
export interface Extent {
  seed: number
  walks: number
  /** Races whose requests are drawn at random. */
  races: number
  walkMilliseconds: number
}

/** Asks for every change there is, by all who may ask, alone and at once; then reads what events and audit log tell. */
export async function tryStates(
  app: App,
  database: ControlDatabase,
  { seed, walks: runs, races: drawn, walkMilliseconds }: Extent,
  progress: (message: string) => void,
): Promise<StateTrial> {
  const stage = new Stage(await EventFeed.open(app.client))
  await stage.add(app.client)
  const [edges, messages, { actors: walkers, walks }, second] = await Promise.all([
    tryEdges(stage, database.url),
    tryMessages(stage),
    tryWalks(stage, { seed, runs, withinMilliseconds: walkMilliseconds }),
    app.start(),
  ])
  progress(`${edges.actors.length + messages.length} appointments led through the machine, ${walks.runs} walks`)
  await stage.add(app.clientOf(second))
  const races = await tryRaces(stage, database, { random: mulberry32(seed), drawn })
  await stage.feed.settle()
  progress(`${races.requests} requests at once`)
  const log = await readAuditLog(stage.instance().administrator)
  const actors = [...edges.actors, ...messages, ...walkers, ...races.actors]
  const stories = await Promise.all(actors.map((actor) => stage.tell(actor, log)))
  return {
    edges: countEdges(stories),
    effects: edges.effects,
    stories,
    races: { instances: app.instances.length, requests: races.requests },
    walks,
  }
}

/** How many pairs of a state, or none, and what the administrator asked for were tried one at a time. */
function countEdges(stories: readonly Story[]): number {
  const pairs = stories.flatMap(({ groups }) =>
    groups.flatMap((group, index) => {
      const [step] = group
      const from = groups[index - 1]?.at(-1)?.after ?? 'absent'
      return group.length === 1 && step?.how === 'admin' ? [`${from} ${step.asked}`] : []
    }),
  )
  return new Set(pairs).size
}
