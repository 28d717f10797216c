import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { withClient } from '../../database/client.ts'
import type { ControlDatabase } from '../../database/control-database.ts'
import { delayDatabase } from '../../faults/database-delay.ts'
import type { FailoverTrial } from './judge.ts'
import { firstAccepted } from './outages.ts'
import { requestKinds } from './requests.ts'
import type { Asking } from './requests.ts'

type Termination = FailoverTrial['terminations'][number]

const others = `datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'`
const enoughTerminated = 16
const loadMilliseconds = 8000
const atOnce = 8
/** Long enough that a connection is found while the application holds it and runs nothing. */
const delayMilliseconds = 15

/** Has the server end every connection that runs nothing. */
export function terminateIdle(asking: Asking, database: ControlDatabase): Promise<Termination> {
  return withClient(database.url, async (client) => {
    const pids = await terminate(client, `state = 'idle'`, 1000)
    return describe(asking, client, 'connections ended by the server while idle', pids)
  })
}

/** Has the server end connections that are checked out, most of them in a transaction, while requests go on. */
export async function terminateInUse(asking: Asking, database: ControlDatabase): Promise<Termination> {
  await using delay = await delayDatabase(database.proxy, delayMilliseconds)
  return await withClient(database.url, async (client) => {
    const pids: number[] = []
    const deadline = performance.now() + loadMilliseconds
    const isOver = (): boolean => pids.length >= enoughTerminated || performance.now() > deadline
    const load = Array.from({ length: atOnce }, async () => {
      while (!isOver()) for (const ask of Object.values(requestKinds)) await ask(asking)
    })
    while (!isOver()) {
      pids.push(...(await terminate(client, `(state like 'idle in transaction%' or state = 'active')`, 2)))
      await sleep(30)
    }
    await Promise.all(load)
    await delay.end()
    return describe(asking, client, 'connections ended by the server in the middle of a transaction', pids)
  })
}

async function terminate(client: pg.Client, condition: string, most: number): Promise<number[]> {
  const { rows } = await client.query<{ pid: number; ended: boolean }>(
    `select pid, pg_terminate_backend(pid) as ended
     from (select pid, state from pg_stat_activity where ${others} and ${condition} order by state = 'active' limit ${most}) as chosen`,
  )
  return rows.filter(({ ended }) => ended).map(({ pid }) => pid)
}

async function describe(
  asking: Asking,
  client: pg.Client,
  fault: string,
  pids: readonly number[],
): Promise<Termination> {
  const isGone = async (): Promise<boolean> => {
    const { rowCount } = await client.query(`select from pg_stat_activity where pid = any($1)`, [pids])
    return rowCount === 0
  }
  const deadline = performance.now() + 5000
  let ended = await isGone()
  while (!ended && performance.now() < deadline) {
    await sleep(20)
    ended = await isGone()
  }
  const isAccepted = (await firstAccepted(asking)) !== undefined
  const { client: subject } = asking
  const ready = await subject.send({ path: subject.subject.paths.ready }).catch(() => undefined)
  return {
    fault,
    proof: `${pids.length} server processes told to end, ${ended ? 'all' : 'not all'} of them gone`,
    tookHold: pids.length > 0 && ended,
    ended,
    terminated: pids.length,
    isReadyAgain: isAccepted && ready?.status === 200,
  }
}
