import { setTimeout as sleep } from 'node:timers/promises'
import { startDatabaseProxy } from '../../database/proxy.ts'
import { readStoredRows } from '../../database/rows.ts'
import type { DatabaseClone } from '../../database/template.ts'
import type { Refusal } from './evidence.ts'
import { compareTargets, describeTarget, tablesOfSchema } from './targets.ts'
import type { TargetKind, Targets, TargetState } from './targets.ts'
import { backUp, restore } from './tools.ts'
import type { MadeBackup, Needs } from './tools.ts'

const readsMilliseconds = 250
const slowedByMilliseconds = 15
const name = 'whose making was broken off'

/**
 * Has the subject back up a database that it loses in the middle, and restore what it has made of it: that is refused, unless
 * all had been read before.
 */
export async function tryBrokenOff(
  needs: Needs,
  parts: { full: DatabaseClone; targets: Targets; kind: TargetKind; schema: TargetState | undefined },
): Promise<Refusal> {
  const { full, targets, kind, schema } = parts
  const about = { name, target: 'nothing' as const }
  const made = await breakOff(needs, full.url)
  const isSaidToBeMade = made.run.exitCode === 0
  if (!isSaidToBeMade && made.files.size === 0)
    return { ...about, run: made.run, isNotMade: true, isSaidToBeMade, changes: [] }
  const { url } = await targets.make(kind)
  const before = await describeTarget(url)
  const run = await restore(needs, made.files, url)
  const changes = compareTargets(before, await describeTarget(url))
  const isWhole = run.exitCode === 0 && (await haveSameRows(url, full.url, schema))
  return { ...about, run, isNotMade: isWhole, isSaidToBeMade, changes }
}

async function breakOff(needs: Needs, url: string): Promise<MadeBackup> {
  await using proxy = await startDatabaseProxy({ target: url })
  proxy.impose({ delayMilliseconds: slowedByMilliseconds })
  const ended = new AbortController()
  const breaking = (async () => {
    while (!ended.signal.aborted && proxy.connections().length === 0) await sleep(5)
    await sleep(readsMilliseconds)
    proxy.impose({ newConnections: 'refuse' })
    for (const connection of proxy.connections()) connection.cut()
  })()
  const made = await backUp(needs, proxy.url).finally(() => ended.abort())
  await breaking
  return made
}

async function haveSameRows(one: string, other: string, schema: TargetState | undefined): Promise<boolean> {
  const [here, there] = await Promise.all([readStoredRows(one), readStoredRows(other)])
  const ofSchema = schema === undefined ? new Set<string>() : tablesOfSchema(schema)
  return [...there].every(
    ([table, rows]) =>
      ofSchema.has(table) ||
      rows.map(({ text }) => text).join('\n') ===
        here
          .get(table)
          ?.map(({ text }) => text)
          .join('\n'),
  )
}
