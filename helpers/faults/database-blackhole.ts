import type { DatabaseProxy } from '../database/proxy.ts'
import { startDatabaseFault } from './database-fault.ts'
import type { Fault } from './fault.ts'

/** Accepts connections and queries, and answers none until it ends; what was held back then goes on. */
export function blackholeDatabase(proxy: DatabaseProxy): Promise<Fault> {
  return startDatabaseFault(proxy, {
    name: 'database silent',
    conduct: { newConnections: 'hold', openConnections: 'hold' },
    observe: (counts) => counts.held,
    describe: (observations) => `${observations} messages held back`,
  })
}
