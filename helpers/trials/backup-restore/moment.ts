import type { StoredRow, StoredRows } from '../../database/rows.ts'
import type { Moment, TableOutcome } from './evidence.ts'
import type { Write } from './writer.ts'

/** The source before and after the backup, and what was restored. */
export interface ThreeStates {
  before: StoredRows
  after: StoredRows
  restored: StoredRows
  /** Tables whose rows come, change and go, so that the moment between may have rows that neither end has. */
  changing: ReadonlySet<string>
  /** Tables that a schema without data has rows in already; a restore that makes the schema anew has its own of these. */
  ofSchema: ReadonlySet<string>
}

/** How often each text is there. */
const countTexts = (rows: readonly StoredRow[]): Map<string, number> => {
  const counts = new Map<string, number>()
  for (const { text } of rows) counts.set(text, (counts.get(text) ?? 0) + 1)
  return counts
}

const checksumOf = (rows: readonly StoredRow[]): string => rows.map(({ text }) => text).join('\n')

/** Compares every table of the source with what was restored. */
export function compareTables({ before, after, restored, changing, ofSchema }: ThreeStates): TableOutcome[] {
  return [...before].map(([table, rowsBefore]) => {
    const rowsAfter = after.get(table) ?? []
    const rowsRestored = restored.get(table)
    const isStill = checksumOf(rowsBefore) === checksumOf(rowsAfter) && !changing.has(table)
    const outcome = { table, rowsBefore: rowsBefore.length, rowsAfter: rowsAfter.length, isStill }
    if (rowsRestored === undefined)
      return { ...outcome, rowsRestored: null, isEqual: null, rowsLost: rowsBefore.length, rowsInvented: 0 }
    if (ofSchema.has(table)) {
      const rowsLost = Math.max(0, rowsBefore.length - rowsRestored.length)
      return { ...outcome, isStill: false, rowsRestored: rowsRestored.length, isEqual: null, rowsLost, rowsInvented: 0 }
    }
    const [first, last, now] = [countTexts(rowsBefore), countTexts(rowsAfter), countTexts(rowsRestored)]
    let rowsLost = 0
    for (const [text, times] of first)
      rowsLost += Math.max(0, Math.min(times, last.get(text) ?? 0) - (now.get(text) ?? 0))
    let rowsInvented = 0
    for (const [text, times] of now)
      rowsInvented += Math.max(0, times - Math.max(first.get(text) ?? 0, last.get(text) ?? 0))
    return {
      ...outcome,
      rowsRestored: rowsRestored.length,
      isEqual: isStill ? checksumOf(rowsRestored) === checksumOf(rowsBefore) : null,
      rowsLost,
      rowsInvented: changing.has(table) ? 0 : rowsInvented,
    }
  })
}

const splitShown = 4

/**
 * Whether each transaction that wrote while the backup was made is restored whole or not at all: rows that the source has
 * after the backup and had not before, by the transaction that wrote them.
 */
export function compareTransactions({ before, after, restored, ofSchema }: ThreeStates): Moment['transactions'] {
  const written = new Map<string, { table: string; isRestored: boolean }[]>()
  for (const [table, rows] of after) {
    if (ofSchema.has(table)) continue
    const known = countTexts(before.get(table) ?? [])
    const there = countTexts(restored.get(table) ?? [])
    for (const { text, transaction } of rows) {
      if (known.has(text)) continue
      const group = written.get(transaction) ?? []
      group.push({ table, isRestored: there.has(text) })
      written.set(transaction, group)
    }
  }
  const groups = [...written.values()].filter(({ length }) => length >= 2)
  const split = groups.filter(
    (group) => group.some(({ isRestored }) => isRestored) && group.some((one) => !one.isRestored),
  )
  const tables = (group: (typeof groups)[number], isRestored: boolean): string =>
    [...new Set(group.filter((one) => one.isRestored === isRestored).map(({ table }) => table))].join(', ')
  return {
    whole: groups.filter((group) => group.every(({ isRestored }) => isRestored)).length,
    absent: groups.filter((group) => group.every(({ isRestored }) => !isRestored)).length,
    split: split
      .slice(0, splitShown)
      .map((group) => `rows in ${tables(group, true)} without those in ${tables(group, false)}`),
    splitInAll: split.length,
  }
}

/** Whether the writes that are restored are those accepted before a moment, and no others. */
export function compareWrites(
  { after, restored }: Pick<ThreeStates, 'after' | 'restored'>,
  writes: readonly Write[],
  times: { startedAt: number; readingFrom: number; endedAt: number },
): { outcome: Moment['writes']; lastIncludedAt: number | null } {
  const [inSource, inRestored] = [after, restored].map((state) => findMarks(state, writes))
  const accepted = writes.flatMap((write) =>
    write.acceptedAt === null ? [] : [{ ...write, acceptedAt: write.acceptedAt }],
  )
  const isIn = ({ marks }: Write, found = inRestored): boolean => marks.some((mark) => found?.has(mark))
  const traceable = accepted.filter((write) => write.acceptedAt > times.endedAt || isIn(write, inSource))
  const earlier = traceable.filter(({ acceptedAt }) => acceptedAt < times.startedAt)
  const meanwhile = traceable.filter(
    ({ sentAt, acceptedAt }) => sentAt >= times.readingFrom && acceptedAt <= times.endedAt,
  )
  const later = accepted.filter(({ sentAt }) => sentAt > times.endedAt)
  const included = traceable.filter((write) => isIn(write))
  const missing = traceable.filter((write) => !isIn(write))
  const outOfOrder = included.reduce(
    (sum, write) => sum + missing.filter(({ acceptedAt }) => acceptedAt < write.sentAt).length,
    0,
  )
  return {
    outcome: {
      acceptedBefore: earlier.length,
      lostBefore: earlier.filter((write) => !isIn(write)).length,
      acceptedMeanwhile: meanwhile.length,
      restoredMeanwhile: meanwhile.filter((write) => isIn(write)).length,
      readingMilliseconds: times.endedAt - times.readingFrom,
      longestWaitMilliseconds: Math.max(0, ...writes.map((write) => waitWithin(write, times))),
      sentAfter: later.length,
      restoredAfter: later.filter((write) => isIn(write)).length,
      outOfOrder,
    },
    lastIncludedAt: included.length === 0 ? null : Math.max(...included.map(({ acceptedAt }) => acceptedAt)),
  }
}

/** How long of the reading a write was under way. */
const waitWithin = (
  { sentAt, acceptedAt }: Write,
  { readingFrom, endedAt }: { readingFrom: number; endedAt: number },
): number => Math.min(acceptedAt ?? endedAt, endedAt) - Math.max(sentAt, readingFrom)

const uuid = /[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/g

function findMarks(state: StoredRows, writes: readonly Write[]): Set<string> {
  const sought = new Set(writes.flatMap(({ marks }) => marks))
  const found = new Set<string>()
  for (const rows of state.values()) {
    for (const { text } of rows) for (const [id] of text.matchAll(uuid)) if (sought.has(id)) found.add(id)
  }
  return found
}
