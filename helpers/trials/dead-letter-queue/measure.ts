import type { ControlDatabase } from '../../database/control-database.ts'
import type { ProviderLab } from '../../providers/lab.ts'
import type { GateRun } from '../../run.ts'
import type { App } from '../../subject/app.ts'
import { makeConsentedCustomers } from '../../subject/consented.ts'
import { Ledger } from '../../subject/ledger.ts'
import { exhaustJobs, requireAccepted, takeCustomer, until } from './exhaust.ts'
import type { Bench, ExhaustedJob } from './exhaust.ts'
import type { DeadLetterTrial } from './judge.ts'
import { tryOutage } from './outage.ts'
import { replayLetter } from './replay.ts'
import { killAtRandom } from './storm.ts'

const killsIn = { release: 50, rehearsal: 4 } as const
const customersBesideStorm = 11

/** Has jobs use up their attempts, replays them in several ways, and kills the app at random moments. */
export async function tryDeadLetters(
  { app, database, providers }: { app: App; database: ControlDatabase; providers: ProviderLab },
  run: Pick<GateRun, 'profile' | 'seed'>,
  progress: (message: string) => void,
): Promise<DeadLetterTrial> {
  const kills = killsIn[run.profile]
  const [first] = app.instances
  if (first === undefined) throw new Error('Expected a running instance, there is none.')
  const { client } = app
  const administrator = await client.administrator()
  const [second, unused] = await Promise.all([
    app.start(),
    makeConsentedCustomers(client, administrator, customersBesideStorm + kills),
  ])
  const elsewhere = administrator.at(app.clientOf(second))
  const bench: Bench = {
    client,
    administrator,
    elsewhere,
    providers,
    databaseUrl: database.url,
    ledger: new Ledger(),
    unused,
  }
  await sendGenuine(bench)
  const { jobs, exhausted, others } = await exhaustJobs(bench)
  progress(`${exhausted.length} jobs used up their attempts`)
  if (others.doneAtLast < others.asked || exhausted.some(({ attemptsSeen }) => attemptsSeen === 0)) {
    await Promise.all(jobs.map(({ fault }) => fault.end()))
    return { exhausted, others, replays: [], outage: null, storm: null }
  }
  const replays = await replayAll(bench, jobs)
  await sendGenuine(bench)
  const outage = await tryOutage(bench, database)
  progress(`${replays.length} dead letters were replayed`)
  const storm = await killAtRandom(
    bench,
    { app, database, running: [first, second] },
    { kills, seed: run.seed, progress },
  )
  if (storm.killsWithWorkUnderWay === 0)
    throw new Error('No kill met work under way: nothing can be said about what a kill loses. Run the control again.')
  return { exhausted, others, replays, outage, storm }
}

async function replayAll(bench: Bench, jobs: readonly ExhaustedJob[]): Promise<DeadLetterTrial['replays']> {
  const [poison, refused, reply] = jobs
  if (!poison || !refused || !reply) throw new Error(`Expected three exhausted jobs, got ${jobs.length}.`)
  const { administrator, elsewhere } = bench
  const failing = await replayLetter(bench, {
    job: refused,
    how: 'while the provider refuses it still',
    atOnce: [administrator],
    again: [],
    canSucceed: false,
  })
  await Promise.all(jobs.map(({ fault }) => fault.end()))
  const everywhere = Array.from({ length: 4 }, () => [administrator, elsewhere]).flat()
  const succeeding = await Promise.all([
    replayLetter(bench, {
      job: poison,
      how: 'eight times at once over two instances, then again',
      atOnce: everywhere,
      again: [administrator, elsewhere],
      canSucceed: true,
    }),
    replayLetter(bench, {
      job: refused,
      how: 'again after a replay that failed',
      atOnce: [elsewhere],
      again: [administrator],
      canSucceed: true,
    }),
    replayLetter(bench, {
      job: reply,
      how: 'three times, one after the other',
      atOnce: [administrator],
      again: [administrator, elsewhere],
      canSucceed: true,
    }),
  ])
  // a job without a letter cannot be replayed, which the judge says of the job
  return [failing, ...succeeding].filter((replay) => replay !== undefined)
}

/** A message through a healthy provider: proves that it works. */
async function sendGenuine(bench: Bench): Promise<void> {
  const entry = await bench.ledger.message(bench.administrator, takeCustomer(bench).customer)
  requireAccepted(entry)
  await until(
    () => bench.providers.journal.messages().some(({ body }) => body.includes(entry.marker)),
    10_000,
    'a message to be delivered by a provider that works',
  )
}
