import { setTimeout as sleep } from 'node:timers/promises'
import type { ControlDatabase } from '../../database/control-database.ts'
import { cutDatabaseAt } from '../../faults/database-cut.ts'
import type { CutPoint } from '../../faults/database-cut.ts'
import type { LedgerEntry } from '../../subject/ledger.ts'
import type { FailoverTrial } from './judge.ts'
import { hasEnvelope } from './requests.ts'
import type { Asking } from './requests.ts'

type Cut = FailoverTrial['cuts'][number]

const reachedWithinMilliseconds = 3000
const repeatedWithinMilliseconds = 10_000
const commit = /^\s*(?:commit|end)\b/i
const write = /^\s*(?:with\b[\s\S]*)?\binsert\s+into\b/i

/** Where a connection is cut, and what was asked at the time. */
interface CutPlan extends CutPoint {
  asked: 'booking' | 'command'
  isRepeated: boolean
}

/** Cuts at the commit, before and after it, and at each of some writes. */
export function planCuts(writes: number): CutPlan[] {
  const atCommit = (['before the server', 'before the answer'] as const).flatMap((moment): CutPlan[] => [
    { asked: 'booking', isRepeated: false, pattern: commit, moment },
    { asked: 'booking', isRepeated: true, pattern: commit, moment },
    { asked: 'command', isRepeated: true, pattern: commit, moment },
  ])
  const atWrites = Array.from({ length: writes }, (_, index): CutPlan[] => [
    {
      asked: 'booking',
      isRepeated: index % 2 === 1,
      pattern: write,
      occurrence: index + 1,
      moment: 'before the server',
    },
    {
      asked: 'command',
      isRepeated: index % 2 === 0,
      pattern: write,
      occurrence: index + 1,
      moment: 'before the server',
    },
  ])
  return [...atCommit, ...atWrites.flat()]
}

/** Cuts the connection at one point of a request's work; where it is to be repeated, asks again until it is accepted. */
export async function tryCut(asking: Asking, { proxy }: ControlDatabase, plan: CutPlan): Promise<Cut> {
  const { client, ledger } = asking
  // the work of requests before would be met instead; where it never rests it is met, which does as well
  await proxy.tap.idle({ quietMilliseconds: 30, withinMilliseconds: 1500 }).catch(() => undefined)
  await using fault = await cutDatabaseAt(proxy, plan)
  const entry = plan.asked === 'booking' ? await ledger.book(client) : await ledger.command(client)
  const first = { status: entry.status, hasEnvelope: hasEnvelope(entry.answer) }
  const deadline = performance.now() + reachedWithinMilliseconds
  while (!fault.proof().tookHold && performance.now() < deadline) await sleep(10)
  await fault.end()
  // what was accepted is not sent again: the cut met its work afterwards
  const isRepeated = plan.isRepeated && entry.outcome !== 'accepted'
  if (isRepeated) await repeat(asking, entry)
  const { what: proof, tookHold, ended } = fault.proof()
  const where = `${plan.asked}: cut ${plan.moment}, at statement ${plan.occurrence ?? 1} like ${plan.pattern === commit ? 'COMMIT' : 'INSERT'}`
  return { fault: where, proof, tookHold, ended, ...first, isRepeated, lastStatus: entry.status }
}

async function repeat({ client, ledger }: Asking, entry: LedgerEntry): Promise<void> {
  const deadline = performance.now() + repeatedWithinMilliseconds
  do {
    await (entry.kind === 'booking' ? ledger.redeliver(client, entry) : ledger.repeatCommand(client, entry))
    if (entry.outcome === 'accepted') return
    await sleep(100)
  } while (performance.now() < deadline)
}
