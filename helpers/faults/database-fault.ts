import { withClient } from '../database/client.ts'
import type { DatabaseProxy, ProxyConduct, ProxyCounts } from '../database/proxy.ts'
import type { Fault } from './fault.ts'

/** A fault that the database proxy makes: what it changes, and what then counts as having seen it. */
export interface DatabaseFaultRecipe {
  name: string
  conduct: Partial<ProxyConduct>
  /** Whether connections open at the start are cut. */
  cutsOpenConnections: boolean
  observe(counts: ProxyCounts): number
  /** The sentence for a number of observations. */
  describe(observations: number): string
}

/** Puts a database fault in force until it is ended; its end is proven by a query through the proxy. */
export async function startDatabaseFault(proxy: DatabaseProxy, recipe: DatabaseFaultRecipe): Promise<Fault> {
  const before = { conduct: { ...proxy.conduct }, counts: { ...proxy.counts } }
  const startedAt = Date.now()
  Object.assign(proxy.conduct, recipe.conduct)
  if (recipe.cutsOpenConnections) for (const connection of proxy.connections()) connection.cut()
  const observations = (): number => recipe.observe(proxy.counts) - recipe.observe(before.counts)
  let endedAt: number | undefined
  const end = async (): Promise<void> => {
    if (endedAt !== undefined) return
    Object.assign(proxy.conduct, before.conduct)
    proxy.release()
    await withClient(proxy.url, (client) => client.query('SELECT 1'))
    endedAt = Date.now()
  }
  return {
    name: recipe.name,
    startedAt,
    proof: () => ({
      tookHold: observations() > 0,
      observations: observations(),
      what: recipe.describe(observations()),
      ended: endedAt !== undefined,
      ...(endedAt === undefined ? {} : { endedAt }),
    }),
    end,
    [Symbol.asyncDispose]: end,
  }
}
