import type { DatabaseProxy } from '../database/proxy.ts'
import { startDatabaseFault } from './database-fault.ts'
import type { Fault } from './fault.ts'

/** Cuts every connection to the database and refuses new ones. */
export function refuseDatabase(proxy: DatabaseProxy): Promise<Fault> {
  return startDatabaseFault(proxy, {
    name: 'database refused',
    conduct: { newConnections: 'refuse' },
    cutsOpenConnections: true,
    observe: (counts) => counts.refused,
    describe: (observations) => `${observations} connections refused`,
  })
}
