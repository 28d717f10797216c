import { setTimeout as sleep } from 'node:timers/promises'
import { ageDatabase } from '../../database/ageing.ts'
import type { ControlDatabase } from '../../database/control-database.ts'
import { answerWithStatus } from '../../faults/provider-status.ts'
import { Ledger } from '../../subject/ledger.ts'
import { reconcile } from '../../subject/reconciliation.ts'
import type { Patience } from '../../subject/reconciliation.ts'
import { requireAccepted, takeCustomer } from './exhaust.ts'
import type { Bench } from './exhaust.ts'
import type { DeadLetterTrial } from './judge.ts'

const messages = 3
/** No more calls for so long: what can be tried has been tried, and the rest waits. */
const quietMilliseconds = 1500
const outageMilliseconds = 20_000
/** How long what waited has to leave after the last one has left. */
const afterwardsMilliseconds = 1000

/** Has the provider fail for everybody, so that some messages are given up and others wait; then it is well again. */
export async function tryOutage(bench: Bench, database: ControlDatabase): Promise<DeadLetterTrial['outage']> {
  const ledger = new Ledger()
  const fault = await bench.providers.fault('twilio', answerWithStatus({ status: 503 }))
  const calls = (): number => fault.proof().observations
  for (let number = 0; number < messages; number += 1)
    requireAccepted(await ledger.message(bench.administrator, takeCustomer(bench).customer))
  const deadline = performance.now() + outageMilliseconds
  for (let seen = -1; (seen !== calls() || seen === 0) && performance.now() < deadline;) {
    seen = calls()
    await sleep(quietMilliseconds)
  }
  await fault.end()
  if (calls() < 3)
    throw new Error(`Expected a message to be tried three times, the provider was called ${calls()} times.`)
  const pass = (): Promise<unknown> => ageDatabase(database.url, 61)
  const patience: Patience[] = [
    { withinMilliseconds: 300 },
    { withinMilliseconds: 4000, help: pass },
    { withinMilliseconds: 4000, help: pass },
    // where the wait is kept in the process, no clock of the database ends it
    { withinMilliseconds: 75_000 },
  ]
  const { client, administrator, providers } = bench
  const witnesses = { client, administrator, journal: providers.journal }
  const failures = calls()
  // one that is asked for now is delivered after those that waited, of which some may be called dead by mistake
  await pass()
  requireAccepted(await ledger.message(administrator, takeCustomer(bench).customer))
  await reconcile(ledger, witnesses, patience)
  await sleep(afterwardsMilliseconds)
  return { failures, ...(await reconcile(ledger, witnesses, [])) }
}
