import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import type { Administrator } from '../../subject/administrator.ts'
import type { SqlTrial } from './judge.ts'
import type { Sent } from './sending.ts'
import type { Prepared } from './surroundings.ts'

const customersSchema = z.looseObject({
  items: z.array(z.looseObject({ id: z.string(), name: z.string(), phone: z.string() })),
})
const appointmentsSchema = z.looseObject({ items: z.array(z.looseObject({ id: z.string(), customerId: z.string() })) })
const lettersSchema = z.looseObject({ items: z.array(z.unknown()), total: z.int().optional() })
const withinMilliseconds = 12_000

/** A customer whom nothing hostile is about, as the admin API shows them, and the dead letters so far. */
export interface Bystander {
  id: string
  shown: string
  deadLetters: number
}

/** Looks at the bystander before anything hostile is sent. */
export async function takeBystander(administrator: Administrator, { bystander }: Prepared): Promise<Bystander> {
  return {
    id: bystander.id,
    shown: await show(administrator, bystander.id),
    deadLetters: await countLetters(administrator),
  }
}

/** Whether what hostile bookings brought is there as it was sent, and what was beside them as it was. */
export async function seeEffects(
  administrator: Administrator,
  bystander: Bystander,
  sent: readonly Sent[],
): Promise<{ customerIds: string[]; evidence: SqlTrial['effects'] }> {
  const bookings = sent.filter(({ probe, answer }) => probe.fields.includes('customer name') && answer.status < 300)
  if (bookings.length < 5) {
    throw new Error(
      `Only ${bookings.length} bookings with hostile texts were accepted; expected at least 5 of them to be, since a name may hold quotes.`,
    )
  }
  const deadline = performance.now() + withinMilliseconds
  for (;;) {
    const [customers, appointments] = await Promise.all([
      administrator.send('GET', '/customers?limit=100'),
      administrator.send('GET', '/appointments?limit=100'),
    ])
    const known = customersSchema.parse(customers.json).items
    const booked = new Set(appointmentsSchema.parse(appointments.json).items.map(({ customerId }) => customerId))
    const kept = bookings.map(({ texts, injection }) => {
      const customer = known.find(({ phone }) => phone === texts['phone'])
      const isAsSent = customer !== undefined && customer.name === texts['customer name'] && booked.has(customer.id)
      return { payload: injection?.name ?? '', isAsSent, id: customer?.id }
    })
    if (kept.every(({ isAsSent }) => isAsSent) || performance.now() > deadline) {
      return {
        customerIds: kept.flatMap(({ id }) => (id === undefined ? [] : [id])),
        evidence: {
          kept: kept.map(({ payload, isAsSent }) => ({ payload, isAsSent })),
          isBystanderSame: (await show(administrator, bystander.id)) === bystander.shown,
          deadLetters: Math.max(0, (await countLetters(administrator)) - bystander.deadLetters),
        },
      }
    }
    await sleep(100)
  }
}

async function show(administrator: Administrator, id: string): Promise<string> {
  const answers = await Promise.all([
    administrator.send('GET', `/customers/${id}`),
    administrator.send('GET', `/appointments?customer_id=${id}`),
  ])
  const [customer] = answers
  if (customer.status !== 200) return `answered ${customer.status}`
  return answers.map(({ text }) => text).join('\n')
}

async function countLetters(administrator: Administrator): Promise<number> {
  const { items, total } = lettersSchema.parse((await administrator.send('GET', '/dead-letters')).json)
  return total ?? items.length
}
