import { latenciesOf, loadFactsOf, measuredSamples, partOf, scenarioOf } from '../../production-load/evidence.ts'
import type { LoadContext } from '../../production-load/run.ts'
import { productionLoad } from '../../production-load/shared.ts'
import type { ResponseTrial } from './judge.ts'

/** Times every route of the admin, Command and Event API in the production load. */
export async function measureResponses(context: LoadContext): Promise<ResponseTrial> {
  const trial = await productionLoad(context, ['api'])
  const { seed, routesLeftOut } = trial
  if (routesLeftOut.length > 0) {
    throw new Error(
      `The load does not know how to ask for these routes of the subject file genuinely, so they were not timed: ${routesLeftOut.join(', ')}.`,
    )
  }
  const measured = measuredSamples(trial, 'api')
  const latencies = (route?: string): number[] =>
    measured.flatMap(({ request, latencyMilliseconds }) =>
      route === undefined || request === route ? (latencyMilliseconds ?? []) : [],
    )
  const all = latenciesOf(latencies(), seed, 'request to the API')
  return {
    ...loadFactsOf(trial),
    p95Milliseconds: all.p95.milliseconds,
    load: partOf(trial, 'api'),
    all,
    routes: Object.entries(scenarioOf(trial, 'api').requestsByName).map(([route, { started, failed }]) => {
      const values = latencies(route)
      return { route, started, failed, latencies: values.length === 0 ? null : latenciesOf(values, seed, route) }
    }),
    routesLeftOut,
  }
}
