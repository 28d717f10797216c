import { setTimeout as sleep } from 'node:timers/promises'
import { answerWithStatus } from '../../faults/provider-status.ts'
import type { ConsentedCustomer } from '../../subject/consented.ts'
import { isAbout, listDeadLetters } from '../../subject/dead-letters.ts'
import type { ConsentTrial } from './judge.ts'
import { withdraw } from './people.ts'
import type { Stage } from './people.ts'
import { untilTrue } from '../../subject/waiting.ts'

const quietMilliseconds = 1500
/** Short enough to be waited for where the call is made, long enough for a withdrawal meanwhile. */
const patienceSeconds = 2

const phoneOf = ({ booking }: ConsentedCustomer): string => booking.person.phone

/** One whose consent is withdrawn between two attempts at the same call, and one whose consent stays. */
export async function tryBetweenAttempts(
  { app, administrator, providers }: Stage,
  people: readonly ConsentedCustomer[],
): Promise<ConsentTrial['betweenAttempts']> {
  const text = 'The lift is out of order. Reply STOP to unsubscribe'
  const calls = (person: ConsentedCustomer) =>
    providers.journal.calls('twilio').filter(({ form }) => form?.To === phoneOf(person) && form.Body === text)
  const delivered = (person: ConsentedCustomer): number =>
    providers.journal.messages().filter(({ to, body }) => to === phoneOf(person) && body === text).length
  const phones = new Set(people.map(phoneOf))
  await using fault = await providers.fault('twilio', {
    ...answerWithStatus({ status: 429, headers: { 'Retry-After': String(patienceSeconds) } }),
    matches: ({ form }) => phones.has(form?.To ?? '') && form?.Body === text,
  })
  const [leaver, stayer] = people
  if (leaver === undefined || stayer === undefined) throw new Error('Expected two customers who are written to.')
  await Promise.all(people.map(({ customer }) => administrator.queueMessage(customer.id, text)))
  await untilTrue('a first attempt at each of two messages', () => people.every((person) => calls(person).length > 0))
  const before = calls(leaver).length
  await withdraw({ app, administrator }, [{ person: leaver, withdrawnBy: 'an administrator' }])
  const after = calls(leaver).length
  await fault.end()
  await untilTrue('the second attempt at a message to a customer with consent', () => delivered(stayer) > 0)
  await sleep(quietMilliseconds)
  return [
    // what was tried while consent was being withdrawn is nobody's fault
    { consent: 'withdrawn while queued', attempts: before, delivered: calls(leaver).length - after },
    { consent: 'given', attempts: calls(stayer).length, delivered: delivered(stayer) },
  ]
}

/** A message that the provider refuses for good is replayed after its addressee has withdrawn consent, and another's. */
export async function tryReplay(
  { app, administrator, providers }: Stage,
  people: readonly ConsentedCustomer[],
): Promise<ConsentTrial['replay']> {
  const phones = new Set(people.map(phoneOf))
  await using fault = await providers.fault('twilio', {
    ...answerWithStatus({ status: 400 }),
    matches: ({ form }) => phones.has(form?.To ?? ''),
  })
  const ids = await Promise.all(
    people.map(({ customer }) =>
      administrator.queueMessage(customer.id, 'The car park is open again. Reply STOP to unsubscribe'),
    ),
  )
  const lettersOf = async (): Promise<string[][]> => {
    const letters = await listDeadLetters(administrator)
    return people.map(({ customer }, index) =>
      letters.filter((letter) => isAbout(letter, [ids[index] ?? '', customer.id])).map(({ id }) => id),
    )
  }
  await untilTrue('refused messages to become dead letters', async () =>
    (await lettersOf()).every((letters) => letters.length > 0),
  )
  const letters = await lettersOf()
  await fault.end()
  const [leaver, stayer] = people
  if (leaver === undefined || stayer === undefined)
    throw new Error('Expected two customers whose messages are replayed.')
  await withdraw({ app, administrator }, [{ person: leaver, withdrawnBy: 'an administrator' }])
  await Promise.all(
    letters.flat().map((id) => administrator.send('POST', `/dead-letters/${encodeURIComponent(id)}/replay`)),
  )
  const to = (person: ConsentedCustomer): number =>
    providers.journal
      .messages()
      .filter((message) => message.to === person.booking.person.phone && /car park/.test(message.body)).length
  await untilTrue('a replayed message to be delivered to a customer with consent', () => to(stayer) > 0)
  await sleep(quietMilliseconds)
  return [
    { consent: 'withdrawn while queued', letters: letters[0]?.length ?? 0, delivered: to(leaver) },
    { consent: 'given', letters: letters[1]?.length ?? 0, delivered: to(stayer) },
  ]
}
