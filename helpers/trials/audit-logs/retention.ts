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
import { commandEnvironment } from '../../subject/audit-verification.ts'

const daySeconds = 86_400
const entryAgeDays = 7 * 365 - 1
const dataAgeDays = 100
const startSeconds = 12
const planningMilliseconds = 700
const goneWithinMilliseconds = 3000
const mostTimes = 2
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
  const purge = planPurge(needs)
  // by whichever clock the purge counts, entries are not older than this
  await ageEntries(url, table, entryAgeDays * daySeconds - purge.aheadMilliseconds / 1000)
  const oldestKept = Date.now() - (entryAgeDays - 2) * daySeconds * 1000
  // what is noted from now on, such as this reading, is none of them
  const countOld = async (): Promise<number> =>
    (await readAuditLog(administrator)).filter((entry) => (whenOf(entry) ?? Date.now()) < oldestKept).length
  const entriesBefore = await countOld()
  const age = (seconds: number): Promise<number> =>
    ageDatabase(url, seconds, { isAged: (name) => name !== nameOf(table) })
  await age(dataAgeDays * daySeconds)
  const rows = async (): Promise<number> =>
    (await findMentions(url, data, { leavingOut: new RegExp(`^${table.name}$`) })).reduce(
      (sum, mentions) => sum + mentions.rows,
      0,
    )
  const rowsBefore = await rows()
  let rowsAfter = rowsBefore
  for (let time = 1; time <= mostTimes && rowsAfter === rowsBefore; time += 1) {
    await purge.run(time)
    const deadline = performance.now() + goneWithinMilliseconds
    for (let turn = 1; rowsAfter === rowsBefore && performance.now() < deadline; turn += 1) {
      await sleep(200)
      // what the subject has planned for a time of its own clock is due by the database's, too
      if (turn % 5 === 1) await age(25 * 3600)
      rowsAfter = await rows()
    }
  }
  return {
    how: purge.how,
    entryAgeDays,
    entriesBefore,
    entriesAfter: await countOld(),
    dataAgeDays,
    rowsBefore,
    rowsAfter,
  }
}

const nameOf = ({ qualified }: AuditTable): string => qualified.replaceAll('"', '')

interface Purge {
  how: string
  /** How far the subject's clock is ahead when it runs. */
  aheadMilliseconds: number
  run(time: number): Promise<void>
}

/** How the purge is made to run. @throws when the subject file does not say. */
function planPurge(needs: Needs): Purge {
  const { app, providers, subject } = needs
  const { purge, runtime } = subject
  if (purge === undefined) {
    throw new Error(
      'Expected the subject file to say how data whose time is over is removed, got no purge. Add purge: { command: [...] } or purge: { dailyAt: "03:00" }.',
    )
  }
  if ('command' in purge) {
    const { command } = purge
    return { how: command.join(' '), aheadMilliseconds: 0, run: () => runPurge(needs, command) }
  }
  if (runtime !== 'node') {
    throw new Error(
      'The clock of this subject cannot be moved to the time of its purge. Add purge: { command: [...] } to the subject file.',
    )
  }
  const ahead = (): number => {
    const now = Date.now()
    const due = Date.parse(`${new Date(now).toISOString().slice(0, 10)}T${purge.dailyAt}:00Z`) - startSeconds * 1000
    return due > now ? due - now : due + daySeconds * 1000 - now
  }
  return {
    how: `an instance whose clock went past ${purge.dailyAt} UTC`,
    aheadMilliseconds: ahead(),
    async run(time) {
      const instance = await app.start({
        environment: providers.environmentWithClock,
        clockAheadMilliseconds: ahead(),
      })
      // an instance may be ready before it has looked at its schedule
      await sleep(time * planningMilliseconds)
      // step by step: a statement under way would be given up for lateness, were its time to pass at once
      for (let second = 0; second < startSeconds + 2; second += 1) {
        await providers.clock.advance(1000)
        await sleep(30)
      }
      if (instance.exit() !== undefined) throw new Error('The subject ended when its clock went past the purge.')
      // what is due by now is in the queue, or under way
      await sleep(planningMilliseconds)
    },
  }
}

async function runPurge(needs: Needs, command: readonly string[]): Promise<void> {
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
}
