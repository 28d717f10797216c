import { setTimeout as sleep } from 'node:timers/promises'
import { gatherAtTables, tablesNaming } from '../../database/gathering.ts'
import type { Administrator } from '../../subject/administrator.ts'
import { awaitLetter, callsOf, openLetters } from './exhaust.ts'
import type { Bench, ExhaustedJob } from './exhaust.ts'
import type { DeadLetterTrial } from './judge.ts'

type Replay = DeadLetterTrial['replays'][number]

/** How long a replayed job has to reach the provider, and then to reach it too often. */
const settle = { reachMilliseconds: 10_000, quietMilliseconds: 1200 }

/** How one letter is replayed. */
export interface ReplayPlan {
  job: ExhaustedJob
  how: string
  /** Instances at which it is asked for at once, and then again one after the other. */
  atOnce: readonly Administrator[]
  again: readonly Administrator[]
  /** Whether the provider takes the job by now. */
  canSucceed: boolean
}

/** Replays the open letter about a job, and counts what reaches the provider. Undefined when there is no letter. */
export async function replayLetter(bench: Bench, plan: ReplayPlan): Promise<Replay | undefined> {
  const { job, how, atOnce, again, canSucceed } = plan
  const letter = await awaitLetter(bench, job)
  if (letter === undefined) return undefined
  const before = callsOf(bench, job)
  const ask = (administrator: Administrator): Promise<string> =>
    administrator.send('POST', `/dead-letters/${encodeURIComponent(letter.id)}/replay`).then(
      ({ status }) => String(status),
      () => 'none',
    )
  const askAtOnce = (): Promise<string[]> => Promise.all(atOnce.map(ask))
  const answers =
    atOnce.length > 1
      ? await gatherAtTables(
          bench.databaseUrl,
          // none where the id is made up for the interface: nothing can be held then
          await tablesNaming(bench.databaseUrl, letter.id),
          atOnce.length,
          askAtOnce,
        )
      : await askAtOnce()
  for (const administrator of again) answers.push(await ask(administrator))
  const callsAfter = (): number => callsOf(bench, job) - before
  const deadline = performance.now() + settle.reachMilliseconds
  while (callsAfter() === 0 && performance.now() < deadline) await sleep(25)
  await sleep(settle.quietMilliseconds)
  const expected = canSucceed ? 0 : 1
  while ((await openLetters(bench, job.entry)).length !== expected && performance.now() < deadline) await sleep(100)
  const statuses: Record<string, number> = {}
  for (const status of answers) statuses[status] = (statuses[status] ?? 0) + 1
  return {
    job: job.job,
    how,
    asked: answers.length,
    statuses,
    canSucceed,
    callsAfter: callsAfter(),
    openLettersAfter: (await openLetters(bench, job.entry)).length,
  }
}
