import { setTimeout as sleep } from 'node:timers/promises'
import { ageDatabase } from '../../database/ageing.ts'
import { findMentions } from '../../database/mentions.ts'
import type { ProviderLab } from '../../providers/lab.ts'
import type { GateRun } from '../../run.ts'
import type { Administrator } from '../../subject/administrator.ts'
import type { App } from '../../subject/app.ts'
import { readAuditLog } from '../../subject/audit-log.ts'
import { runCommand } from '../../subject/commands.ts'
import type { Subject } from '../../subject/subject.ts'
import { whenOf } from './entries.ts'
import type { AuditTrial } from './judge.ts'
import { ageEntries } from './table.ts'
import type { AuditTable } from './table.ts'
import { commandEnvironment } from './verification.ts'

const daySeconds = 86_400
const entryAgeDays = 7 * 365 - 1
const dataAgeDays = 100
const startSeconds = 20
const goneWithinMilliseconds = 8000
const purgeSeconds = 60

interface Needs {
  app: App
  run: GateRun
  subject: Subject
  providers: ProviderLab
  url: string
  signal: AbortSignal
  administrator: Administrator
  table: AuditTable
  /** Texts of messages, and ids of appointments, which are not kept for 7 years. */
  data: string[]
}

/** Has the purge run when entries are 7 years less a day old and other data 100 days, and sees what is left. */
export async function tryRetention(needs: Needs): Promise<AuditTrial['retention']> {
  const { url, administrator, table, data } = needs
  const due = nextTime(needs.subject)
  const entries = await readAuditLog(administrator)
  // by whichever clock the purge counts, entries are not older than this
  await ageEntries(url, table, entryAgeDays * daySeconds - due.aheadMilliseconds / 1000)
  const age = (seconds: number): Promise<number> => ageDatabase(url, seconds, (name) => name !== nameOf(table))
  await age(dataAgeDays * daySeconds)
  const rows = async (): Promise<number> =>
    (await findMentions(url, data, { leavingOut: new RegExp(`^${table.name}$`) })).reduce(
      (sum, mentions) => sum + mentions.rows,
      0,
    )
  const rowsBefore = await rows()
  const how = await due.run(needs)
  const deadline = performance.now() + goneWithinMilliseconds
  let rowsAfter = await rows()
  for (let turn = 1; rowsAfter === rowsBefore && performance.now() < deadline; turn += 1) {
    await sleep(250)
    // what the subject has planned for a time of its own clock is due by the database's, too
    if (turn % 4 === 2) await age(25 * 3600)
    rowsAfter = await rows()
  }
  const oldestKept = Date.now() - (entryAgeDays - 2) * daySeconds * 1000
  const left = await readAuditLog(administrator)
  return {
    how,
    entryAgeDays,
    entriesBefore: entries.length,
    entriesAfter: left.filter((entry) => (whenOf(entry) ?? Date.now()) < oldestKept).length,
    dataAgeDays,
    rowsBefore,
    rowsAfter,
  }
}

const nameOf = ({ qualified }: AuditTable): string => qualified.replaceAll('"', '')

/** When and how the purge runs next. @throws when the subject file does not say. */
function nextTime({ purge, runtime }: Subject): {
  aheadMilliseconds: number
  run(needs: Needs): Promise<string>
} {
  if (purge === undefined) {
    throw new Error(
      'Expected the subject file to say how data whose time is over is removed, got no purge. Add purge: { command: [...] } or purge: { dailyAt: "03:00" }.',
    )
  }
  if ('command' in purge) return { aheadMilliseconds: 0, run: (needs) => runPurge(needs, purge.command) }
  if (runtime !== 'node') {
    throw new Error(
      'The clock of this subject cannot be moved to the time of its purge. Add purge: { command: [...] } to the subject file.',
    )
  }
  const now = new Date()
  const due = new Date(`${now.toISOString().slice(0, 10)}T${purge.dailyAt}:00Z`).getTime() - startSeconds * 1000
  const aheadMilliseconds = due > now.getTime() ? due - now.getTime() : due + daySeconds * 1000 - now.getTime()
  return {
    aheadMilliseconds,
    async run({ app, providers }) {
      await app.start({
        environment: providers.environmentWithClock,
        clockAheadMilliseconds: aheadMilliseconds,
      })
      await providers.clock.advance((startSeconds + 5) * 1000)
      return `an instance whose clock went past ${purge.dailyAt} UTC`
    },
  }
}

async function runPurge(needs: Needs, command: readonly string[]): Promise<string> {
  const { run, subject, signal } = needs
  const { exitCode, output } = await runCommand({
    command,
    directory: subject.root,
    environment: commandEnvironment(needs),
    timeLimitSeconds: purgeSeconds,
    runDirectory: run.runDirectory,
    owner: 'control',
    signal,
  })
  if (exitCode !== 0) {
    throw new Error(`${command.join(' ')}: expected exit code 0, got ${exitCode}: ${output.slice(-300)}`)
  }
  return command.join(' ')
}
