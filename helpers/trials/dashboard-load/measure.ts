import { latenciesOf, loadFactsOf, measuredSamples, partOf } from '../../production-load/evidence.ts'
import type { LoadContext } from '../../production-load/run.ts'
import { productionLoad } from '../../production-load/shared.ts'
import type { DashboardTrial } from './judge.ts'

/** Times the dashboard and its data in the production load. */
export async function measureDashboard(context: LoadContext): Promise<DashboardTrial> {
  const trial = await productionLoad(context, ['dashboard'])
  const measured = measuredSamples(trial, 'dashboard')
  const latenciesAt = (path: string): DashboardTrial['page'] =>
    latenciesOf(
      measured.flatMap(({ request, latencyMilliseconds }) => (request === path ? (latencyMilliseconds ?? []) : [])),
      trial.seed,
      `GET ${path}`,
    )
  const page = latenciesAt('/dashboard')
  const data = ['/metrics', '/appointments'].map((path) => ({ path, latencies: latenciesAt(path) }))
  const slowest = (end: 'milliseconds' | 'upperMilliseconds'): number =>
    Math.max(...data.map(({ latencies }) => latencies.p95[end]))
  return {
    ...loadFactsOf(trial),
    p95Milliseconds: page.p95.milliseconds + slowest('milliseconds'),
    p95UpperMilliseconds: page.p95.upperMilliseconds + slowest('upperMilliseconds'),
    load: partOf(trial, 'dashboard'),
    page,
    data,
    pageBytes: trial.shown.dashboardBytes,
  }
}
