import type { DatabaseProxy } from '../database/proxy.ts'
import { startDatabaseFault } from './database-fault.ts'
import type { Fault } from './fault.ts'

/** Delays each answer of the database. */
export function delayDatabase(proxy: DatabaseProxy, milliseconds: number): Promise<Fault> {
  return startDatabaseFault(proxy, {
    name: `database answers ${milliseconds} ms late`,
    conduct: { delayMilliseconds: milliseconds },
    observe: (counts) => counts.delayed,
    describe: (observations) => `${observations} answers delayed by ${milliseconds} ms`,
  })
}
