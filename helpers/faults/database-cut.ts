import type { StatementFate } from '../database/conduct.ts'
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
export function cutDatabase(proxy: DatabaseProxy, scope: CutScope = 'all'): Promise<Fault> {
  return startDatabaseFault(proxy, {
    name: `database connections cut (${scope})`,
    conduct: {},
    cuts: isInScope[scope],
    observe: (counts) => counts.cut,
    describe: (observations) => `${observations} connections cut`,
  })
}

/** The statement at which a connection is cut. */
export interface CutPoint {
  /** Of the SQL text. */
  pattern: RegExp
  /** Counted over all connections from the fault's start; 1 by default. */
  occurrence?: number
  /**
   * `before the server`: it is never executed, nor is what was sent along with it. `before the answer`: it is executed
   * and nobody learns of it, such as a COMMIT whose outcome the application cannot know.
   */
  moment: Exclude<StatementFate, 'pass'> extends `cut ${infer Moment}` ? Moment : never
}

/** Cuts the connection that sends a certain statement, once. */
export function cutDatabaseAt(proxy: DatabaseProxy, { pattern, occurrence = 1, moment }: CutPoint): Promise<Fault> {
  // without g and y, with which test() would remember where it was
  const expression = new RegExp(pattern.source, pattern.flags.replaceAll(/[gy]/g, ''))
  let matched = 0
  let cut = 0
  return startDatabaseFault(proxy, {
    name: `database connection cut at ${pattern} (${moment})`,
    conduct: {
      fateOf: ({ text }) => {
        if (!expression.test(text)) return 'pass'
        matched += 1
        if (matched !== occurrence) return 'pass'
        cut += 1
        return `cut ${moment}`
      },
    },
    observe: () => cut,
    describe: (observations) =>
      `${observations} connections cut at statement ${occurrence} like ${pattern} (${moment})`,
  })
}
