import { setTimeout as sleep } from 'node:timers/promises'
import type { ControlDatabase } from '../../database/control-database.ts'
import { cutDatabaseAt } from '../../faults/database-cut.ts'
import { stateTold } from '../../subject/appointment-states.ts'
import { calendlyMessage } from '../../subject/deliveries.ts'
import { makeBooking } from '../../subject/people.ts'
import { delivering, eventsOf, sendAtOnce } from './ground.ts'
import type { Ground, Volley } from './ground.ts'
import type { ConcurrencyTrial } from './judge.ts'

const occurrences = [3, 4, 5, 6, 7]
const acknowledgedWithinMilliseconds = 8000

/** Cuts the connection at one statement of a delivery after another, and delivers again as the provider would. */
export async function interruptDeliveries(
  ground: Ground,
  { proxy }: ControlDatabase,
): Promise<ConcurrencyTrial['interrupted']> {
  const attempts: Volley[][] = []
  for (const occurrence of occurrences) {
    const send = delivering(calendlyMessage(makeBooking()))
    const fault = await cutDatabaseAt(proxy, { pattern: /./s, occurrence, moment: 'before the server' })
    const volleys = [await sendAtOnce(ground, [send])]
    await fault.end()
    if (!fault.proof().tookHold) continue
    const deadline = performance.now() + acknowledgedWithinMilliseconds
    for (let status = 0; status !== 200 && status !== 202 && performance.now() < deadline;) {
      await sleep(50)
      const volley = await sendAtOnce(ground, [send])
      volleys.push(volley)
      status = volley.answers[0] ?? 0
    }
    attempts.push(volleys)
  }
  const bookedOf = (volleys: readonly Volley[]): number =>
    volleys.flatMap((volley) => eventsOf(ground, volley)).filter((event) => stateTold(event) === 'booked').length
  const deadline = performance.now() + acknowledgedWithinMilliseconds
  while (attempts.some((volleys) => bookedOf(volleys) === 0) && performance.now() < deadline) {
    await ground.feed.refresh()
    await sleep(50)
  }
  await ground.feed.settle()
  const booked = attempts.map(bookedOf)
  return {
    cuts: attempts.length,
    lost: booked.filter((times) => times === 0).length,
    twice: booked.filter((times) => times > 1).length,
  }
}
