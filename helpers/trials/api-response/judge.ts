import { z } from 'zod'
import type { JudgedShortfall } from '../../evidence/shortfall.ts'
import { latenciesSchema, loadFacts, partSchema } from '../../production-load/evidence.ts'
import { checkP95, checkPart, shortfallsOf } from '../../production-load/judge.ts'

const count = z.int().nonnegative()

/** How long the admin, Command and Event API took to answer, all together and route by route. */
export const responseTrialSchema = z.object({
  ...loadFacts,
  /** Of all routes together. */
  p95Milliseconds: z.number().nonnegative(),
  load: partSchema,
  all: latenciesSchema,
  routes: z
    .array(
      z.object({
        route: z.string(),
        started: count,
        failed: count,
        /** Null when none was answered as it should be. */
        latencies: latenciesSchema.nullable(),
      }),
    )
    .min(1),
  /** Declared routes that were not asked for. */
  routesLeftOut: z.array(z.string()),
})

/** @see responseTrialSchema */
export type ResponseTrial = z.infer<typeof responseTrialSchema>

const targetMilliseconds = 1000
const leastSamples = { release: { all: 1000, route: 12 }, rehearsal: { all: 100, route: 2 } }
const mitigation = 'Look at the queries of the route, at what it waits for, and at what it holds others up with.'

/** Why the API is too slow, or its times cannot be trusted. */
export function judgeResponses(trial: ResponseTrial): JudgedShortfall[] {
  const { load, all, routes, profile } = trial
  const least = leastSamples[profile]
  const target = { milliseconds: targetMilliseconds, mitigation }
  const where = 'API under load'
  return shortfallsOf(
    [
      ...checkP95(all, { ...target, leastSamples: least.all, what: 'of all routes', where }),
      ...routes.flatMap(({ route, started, failed, latencies }) => {
        const answered: JudgedShortfall = {
          what: `${failed} of ${started} requests to ${route} failed`,
          expected: 'fewer than 1 % of each route, or one',
          where: route,
          mitigation: 'Look at the statuses and at the subject’s log.',
        }
        const isAnswered = latencies !== null && (failed <= 1 || failed / started < 0.01)
        return [
          [isAnswered, answered] as const,
          ...(latencies === null
            ? []
            : checkP95(latencies, { ...target, leastSamples: least.route, what: `of ${route}`, where: route })),
        ].map(([isMet, shortfall]): [boolean, JudgedShortfall] => [isMet, shortfall])
      }),
      ...checkPart(load),
    ],
    trial,
  )
}
