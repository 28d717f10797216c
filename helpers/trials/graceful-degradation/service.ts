import { setTimeout as sleep } from 'node:timers/promises'
import type { ConsentedCustomer } from '../../subject/consented.ts'
import { smsMessage } from '../../subject/deliveries.ts'
import { makeBooking } from '../../subject/people.ts'
import { deliverBooking } from '../../subject/provider-work.ts'
import type { Door } from '../../subject/provider-work.ts'
import type { ServiceSeen } from './judge.ts'

const withinMilliseconds = 8000
const unanswered = 599

/** Uses what needs no provider, as a customer and an administrator would; `customer` confirms an appointment. */
export async function useService(door: Door, customer: ConsentedCustomer): Promise<ServiceSeen> {
  const { client, administrator } = door
  const [ready, admin, booking, reply] = await Promise.all([
    orUnanswered(client.send({ path: client.subject.paths.ready })),
    orUnanswered(administrator.send('GET', '/appointments')),
    book(door),
    confirm(door, customer),
  ])
  return {
    readyStatus: ready.status,
    booking,
    reply,
    adminApi: { status: admin.status, answerMilliseconds: admin.durationMilliseconds },
  }
}

async function book(door: Door): Promise<ServiceSeen['booking']> {
  const booking = makeBooking()
  const startedAt = performance.now()
  const answer = await orUnanswered(deliverBooking(door, booking))
  const visibleAfterMilliseconds = await until(startedAt, async () => {
    const customer = await door.administrator.customer(booking.person.phone)
    return customer !== undefined && (await door.administrator.appointments(customer.id)).length > 0
  })
  return { status: answer.status, answerMilliseconds: answer.durationMilliseconds, visibleAfterMilliseconds }
}

async function confirm(door: Door, { booking, customer }: ConsentedCustomer): Promise<ServiceSeen['reply']> {
  const { client, now } = door
  const startedAt = performance.now()
  const sms = smsMessage(client.tenant, { from: booking.person.phone, body: 'YES' })
  const answer = await orUnanswered(client.deliver(client.sign(sms, { at: Math.floor(now() / 1000) })))
  const appliedAfterMilliseconds = await until(startedAt, async () =>
    (await door.administrator.appointments(customer.id)).some(({ status }) => status === 'confirmed'),
  )
  return { status: answer.status, answerMilliseconds: answer.durationMilliseconds, appliedAfterMilliseconds }
}

async function until(startedAt: number, isSeen: () => Promise<boolean>): Promise<number | null> {
  while (performance.now() - startedAt < withinMilliseconds) {
    if (await isSeen().catch(() => false)) return performance.now() - startedAt
    await sleep(25)
  }
  return null
}

/** An answer that did not come is a finding about the subject, and no reason to end the trial. */
async function orUnanswered(
  asking: Promise<{ status: number; durationMilliseconds: number }>,
): Promise<{ status: number; durationMilliseconds: number }> {
  const startedAt = performance.now()
  try {
    return await asking
  } catch {
    return { status: unanswered, durationMilliseconds: performance.now() - startedAt }
  }
}
