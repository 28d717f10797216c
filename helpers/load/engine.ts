import { runBuiltin } from './builtin.ts'
import type { LoadOptions } from './builtin.ts'
import { findK6, runK6 } from './k6.ts'
import { loadPlanSchema } from './plan.ts'
import type { LoadPlanInput } from './plan.ts'
import type { LoadResult } from './result.ts'

/** Which engine sends the load, as ARO_GATE_LOAD_ENGINE says. */
export type EngineChoice = 'auto' | 'k6' | 'builtin'

/**
 * Sends a load and measures it: with k6 where it is installed, else with the built-in engine, or with the one asked for.
 * @throws when the plan is not valid, or k6 is asked for and not installed.
 */
export async function runLoad(
  plan: LoadPlanInput,
  choice: EngineChoice,
  options: LoadOptions = {},
): Promise<LoadResult> {
  const checked = loadPlanSchema.parse(plan)
  if (choice === 'builtin') return runBuiltin(checked, options)
  const k6 = await findK6()
  if (k6 !== undefined) return runK6(k6, checked, options)
  if (choice === 'auto') return runBuiltin(checked, options)
  throw new Error(
    'ARO_GATE_LOAD_ENGINE=k6, but there is no k6 to run. Install it (https://grafana.com/docs/k6/latest/set-up/install-k6/, or: go install go.k6.io/k6@latest), or use ARO_GATE_LOAD_ENGINE=builtin.',
  )
}
