import type { ProxyConduct } from '../database/conduct.ts'
import type { ProxyCounts } from '../database/link.ts'
import type { DatabaseProxy, ProxyConnection } from '../database/proxy.ts'
import type { Fault } from './fault.ts'

/** A fault that the database proxy makes: what it changes, and what then counts as having seen it. */
export interface DatabaseFaultRecipe {
  name: string
  conduct: Partial<ProxyConduct>
  /** Which of the connections open at the start are cut; none by default. */
  cuts?: (connection: ProxyConnection) => boolean
  observe(counts: Readonly<ProxyCounts>): number
  /** The sentence for a number of observations. */
  describe(observations: number): string
}

/**
 * Puts a database fault in force until it is ended. Its end is proven by a query through the proxy; where other faults are
 * still in force, by the query that ends the last of them.
 */
export async function startDatabaseFault(proxy: DatabaseProxy, recipe: DatabaseFaultRecipe): Promise<Fault> {
  const observedBefore = recipe.observe(proxy.counts)
  const startedAt = Date.now()
  const imposition = proxy.impose(recipe.conduct)
  const { cuts } = recipe
  if (cuts) for (const connection of proxy.connections().filter((candidate) => cuts(candidate))) connection.cut()
  let observedAtEnd: number | undefined
  let liftedAt: number | undefined
  let endedAt: number | undefined
  const observations = (): number => observedAtEnd ?? recipe.observe(proxy.counts) - observedBefore
  const hasEnded = (): boolean => {
    if (endedAt === undefined && liftedAt !== undefined && proxy.provenAt >= liftedAt) endedAt = proxy.provenAt
    return endedAt !== undefined
  }
  const end = async (): Promise<void> => {
    if (hasEnded()) return
    observedAtEnd ??= observations()
    imposition.lift()
    liftedAt ??= Date.now()
    if (proxy.isUndisturbed) await proxy.probe()
  }
  return {
    name: recipe.name,
    startedAt,
    proof: () => ({
      tookHold: observations() > 0,
      observations: observations(),
      what: recipe.describe(observations()),
      ended: hasEnded(),
      ...(endedAt === undefined ? {} : { endedAt }),
    }),
    end,
    [Symbol.asyncDispose]: end,
  }
}
