import { z } from 'zod'
import type { JudgedShortfall } from '../../evidence/shortfall.ts'
import { latenciesSchema, loadFacts, partSchema } from '../../production-load/evidence.ts'
import { checkP95, checkPart, shortfallsOf } from '../../production-load/judge.ts'

/** How long the dashboard and the data on it took, with many appointments stored. */
export const dashboardTrialSchema = z.object({
  ...loadFacts,
  /** Of the page and then the slowest of its data: what a person waits for. */
  p95Milliseconds: z.number().nonnegative(),
  p95UpperMilliseconds: z.number().nonnegative(),
  load: partSchema,
  page: latenciesSchema,
  data: z.array(z.object({ path: z.string(), latencies: latenciesSchema })).min(1),
  pageBytes: z.int().positive(),
})

/** @see dashboardTrialSchema */
export type DashboardTrial = z.infer<typeof dashboardTrialSchema>

const targetMilliseconds = 1000
const leastSamples = { release: 80, rehearsal: 15 }
const leastAppointments = 10_000

/** Why the dashboard is too slow, or its time cannot be trusted. */
export function judgeDashboard(trial: DashboardTrial): JudgedShortfall[] {
  const { load, page, data, profile, storedAppointments, p95Milliseconds, p95UpperMilliseconds } = trial
  const where = 'dashboard under load'
  const mitigation =
    'Look at the queries behind the dashboard: count in the database, page by page, with an index for each order.'
  const target = { milliseconds: targetMilliseconds, leastSamples: leastSamples[profile], mitigation }
  const parts = [{ path: 'page', latencies: page }, ...data]
  return shortfallsOf(
    [
      ...parts.flatMap(({ path, latencies }) =>
        checkP95(latencies, { ...target, what: `of the dashboard (${path})`, where }),
      ),
      [
        p95UpperMilliseconds <= targetMilliseconds,
        {
          what: `the dashboard with its data takes ${Math.round(p95Milliseconds)} ms (p95 of the page and then of the slowest of its data; up to ${Math.round(p95UpperMilliseconds)} ms with 95 % confidence)`,
          expected: `at most ${targetMilliseconds} ms`,
          where,
          mitigation,
        },
      ],
      ...checkPart(load),
      [
        storedAppointments >= leastAppointments,
        {
          what: `only ${storedAppointments} appointments were stored`,
          expected: `at least ${leastAppointments}`,
          where,
          mitigation: 'Let the gate fill the database.',
        },
      ],
    ],
    trial,
  )
}
