import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { answerWithStatus } from '../../faults/provider-status.ts'
import type { Administrator } from '../../subject/administrator.ts'
import type { ConsentedCustomer } from '../../subject/consented.ts'
import type { SentConflict } from './conflicts.ts'
import { acceptedOf, asking, messagesTo, sendAtOnce } from './ground.ts'
import type { Ground } from './ground.ts'

const copies = 12
const deadWithinMilliseconds = 15_000
const lettersSchema = z.looseObject({ items: z.array(z.looseObject({ id: z.union([z.string(), z.int()]) })) })

/** A message that the provider has refused for good. */
export interface DeadLetter {
  id: string
  messageId: string
  phone: string
}

/** Has the provider refuse one message. @throws when that makes no dead letter. */
export async function makeDeadLetter({ instances, providers }: Ground, person: ConsentedCustomer): Promise<DeadLetter> {
  const [{ administrator }] = instances
  await using fault = await providers.fault('twilio', {
    ...answerWithStatus({ status: 400 }),
    matches: ({ form }) => form?.To === person.booking.person.phone,
  })
  const messageId = await administrator.queueMessage(person.customer.id, 'We look forward to seeing you.')
  const deadline = performance.now() + deadWithinMilliseconds
  while (performance.now() < deadline) {
    const letter = (await deadLetters(administrator)).find((found) => JSON.stringify(found).includes(messageId))
    if (letter !== undefined) {
      await fault.end()
      return { id: String(letter.id), messageId, phone: person.booking.person.phone }
    }
    await sleep(50)
  }
  throw new Error(
    `A message that the provider refused with 400 (${fault.proof().observations} times) was not in GET /dead-letters within ${deadWithinMilliseconds / 1000} s.`,
  )
}

/** The tenant's latest dead letters. */
export async function deadLetters(administrator: Administrator): Promise<z.infer<typeof lettersSchema>['items']> {
  const answer = await administrator.send('GET', '/dead-letters')
  if (answer.status !== 200) throw new Error(`GET /dead-letters: expected 200, got ${answer.status}`)
  return lettersSchema.parse(answer.json).items
}

/** Replays one dead letter many times at once. */
export async function replayOften(ground: Ground, { id, phone, messageId }: DeadLetter): Promise<SentConflict> {
  const volley = await sendAtOnce(
    ground,
    Array.from({ length: copies }, () => asking('POST', `/dead-letters/${encodeURIComponent(id)}/replay`)),
  )
  return async () => {
    const sent = ground.feed.items.filter(
      (event) => /sent|delivered/i.test(event.eventType) && JSON.stringify(event).includes(messageId),
    )
    return {
      name: 'replays of one dead letter',
      requests: copies,
      statuses: volley.statuses,
      effects: [
        { what: 'replays accepted', seen: acceptedOf(volley), atLeast: 1, atMost: copies },
        { what: 'calls to the provider that delivered it', seen: callsTo(ground, phone), atLeast: 1, atMost: 1 },
        { what: 'messages delivered', seen: messagesTo(ground, phone), atLeast: 1, atMost: 1 },
        { what: 'events that it was sent', seen: sent.length, atLeast: 0, atMost: 1 },
      ],
    }
  }
}

/** Calls that the provider took: with one idempotency key several are one message, but one is enough. */
const callsTo = ({ providers }: Ground, phone: string): number =>
  providers.journal
    .calls('twilio')
    .filter(
      ({ form, answer }) => form?.['To'] === phone && answer !== undefined && 'status' in answer && answer.status < 300,
    ).length
