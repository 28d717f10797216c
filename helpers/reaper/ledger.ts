import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'

const entrySchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('process'),
    pid: z.int().positive(),
    /** Start time in clock ticks since boot, so that a reused pid is never taken for ours. */
    startTicks: z.string(),
    signal: z.enum(['SIGTERM', 'SIGQUIT', 'SIGKILL']),
    /** True when the process leads a process group of its own, which ends with it. */
    group: z.boolean(),
    owner: z.enum(['run', 'control']),
  }),
  z.strictObject({ kind: z.literal('container'), id: z.string().min(1), owner: z.enum(['run', 'control']) }),
  z.strictObject({
    kind: z.literal('database'),
    adminUrl: z.string(),
    name: z.string(),
    owner: z.enum(['run', 'control']),
  }),
  z.strictObject({ kind: z.literal('directory'), path: z.string().startsWith('/'), owner: z.enum(['run', 'control']) }),
])

/** Something the gate started and must not leave behind. */
export type LedgerEntry = z.infer<typeof entrySchema>

/** A ledger line of a process: what is needed to end that one and no other. */
export type ProcessEntry = Extract<LedgerEntry, { kind: 'process' }>

const ledgerFile = (runDirectory: string): string => join(runDirectory, 'ledger.ndjson')

/** Notes a resource in the run's ledger, before or right after it is started; appending is atomic for short lines. */
export function noteResource(runDirectory: string, entry: LedgerEntry): void {
  appendFileSync(ledgerFile(runDirectory), `${JSON.stringify(entry)}\n`)
}

/** Notes a started process; does nothing when it has ended already. */
export function noteProcess(
  runDirectory: string,
  started: Pick<ProcessEntry, 'pid' | 'signal' | 'group' | 'owner'>,
): void {
  const startTicks = processStartTicks(started.pid)
  if (startTicks !== undefined) noteResource(runDirectory, { kind: 'process', startTicks, ...started })
}

/** All that the ledger holds, in order; a line cut short by a crash is left out. */
export function readLedger(runDirectory: string): LedgerEntry[] {
  const file = ledgerFile(runDirectory)
  if (!existsSync(file)) return []
  return readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((line) => {
      const parsed = entrySchema.safeParse(parseLine(line))
      return parsed.success ? [parsed.data] : []
    })
}

/** The start time of a live process in clock ticks (field 22 of /proc/pid/stat), or undefined when there is none. */
export function processStartTicks(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' ? undefined : fields[19]
  } catch {
    return undefined
  }
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
