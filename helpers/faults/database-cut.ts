import type { DatabaseProxy, ProxyConnection } from '../database/proxy.ts'
import { startDatabaseFault } from './database-fault.ts'
import type { Fault } from './fault.ts'

/** Which open connections are cut. */
export type CutScope = 'all' | 'idle' | 'in transaction'

const isInScope: Record<CutScope, (connection: ProxyConnection) => boolean> = {
  all: () => true,
  idle: (connection) => !connection.isBusy && connection.transactionStatus === 'I',
  'in transaction': (connection) => connection.transactionStatus !== 'I',
}

/** Cuts the connections open now, once; new ones are served. */
export async function cutDatabase(proxy: DatabaseProxy, scope: CutScope = 'all'): Promise<Fault> {
  const fault = await startDatabaseFault(proxy, {
    name: `database connections cut (${scope})`,
    conduct: {},
    cutsOpenConnections: false,
    observe: (counts) => counts.cut,
    describe: (observations) => `${observations} connections cut`,
  })
  for (const connection of proxy.connections().filter(isInScope[scope])) connection.cut()
  return fault
}
