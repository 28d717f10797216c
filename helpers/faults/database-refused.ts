import type { DatabaseProxy } from '../database/proxy.ts'
import { startDatabaseFault } from './database-fault.ts'
import type { Fault } from './fault.ts'

/** Cuts every connection to the database and refuses new ones. It has taken hold once a new one was refused. */
export function refuseDatabase(proxy: DatabaseProxy): Promise<Fault> {
  return startDatabaseFault(proxy, {
    name: 'database refused',
    conduct: { newConnections: 'refuse' },
    cuts: () => true,
    observe: (counts) => counts.refused,
    describe: (observations) => `${observations} new connections refused, open ones cut`,
  })
}
