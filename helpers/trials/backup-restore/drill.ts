import { setTimeout as sleep } from 'node:timers/promises'
import { startDatabaseProxy } from '../../database/proxy.ts'
import { countChanges, readSequences, readStoredRows } from '../../database/rows.ts'
import type { SequencePlace, StoredRows } from '../../database/rows.ts'
import { backUp } from './tools.ts'
import type { MadeBackup, Needs } from './tools.ts'
import { SteadyWriter } from './writer.ts'
import type { Write } from './writer.ts'

/** Added to each answer of the database that the backup reads, so that writes come between any two of its questions. */
const slowedByMilliseconds = 15
const writesBefore = 6
const writesAfter = 3

/** A backup, and what the source was before and after. */
export interface Drill {
  backup: MadeBackup
  before: StoredRows
  after: StoredRows
  sequences: SequencePlace[]
  /** Of rows in each table until the backup began. */
  changes: Map<string, number>
  writes: Write[]
  /** In milliseconds since the epoch; the backup reads from the moment when it is connected. */
  times: { startedAt: number; readingFrom: number; endedAt: number }
}

/** Has the subject back up its database, which answers it slowly, while commands are given without a pause. */
export async function backUpWhileWriting(needs: Needs): Promise<Drill> {
  const { app, database } = needs
  const writer = new SteadyWriter(app.client)
  try {
    await writer.awaitMore(writesBefore)
    const before = await readStoredRows(database.url)
    const [sequences, changes] = await Promise.all([readSequences(database.url), countChanges(database.url)])
    await using slow = await startDatabaseProxy({ target: database.url })
    slow.impose({ delayMilliseconds: slowedByMilliseconds })
    let readingFrom: number | undefined
    const ended = new AbortController()
    const watching = (async () => {
      while (!ended.signal.aborted && slow.connections().length === 0) await sleep(5)
      readingFrom = Date.now()
      writer.pace = 'fast'
    })()
    const backup = await backUp(needs, slow.url).finally(() => ended.abort())
    await watching
    writer.pace = 'steady'
    const after = await readStoredRows(database.url)
    await writer.awaitMore(writesAfter)
    const { startedAt, endedAt } = backup
    const times = { startedAt, endedAt, readingFrom: readingFrom ?? endedAt }
    return { backup, before, after, sequences, changes, writes: writer.writes, times }
  } finally {
    await writer.stop()
  }
}
