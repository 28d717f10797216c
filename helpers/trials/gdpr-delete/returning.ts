import { setTimeout as sleep } from 'node:timers/promises'
import { untilTrue } from '../../subject/waiting.ts'
import { makeBooking } from '../../subject/people.ts'
import type { ErasureTrial } from './judge.ts'
import type { KnownPerson, KnownPersonStage } from '../../subject/known-person.ts'

const quietMilliseconds = 1500

/** The same people book again, their consent is recorded, and an administrator writes to them. */
export async function comeAgain(
  stage: KnownPersonStage,
  erased: readonly (KnownPerson & { who: ErasureTrial['erasures'][number]['who'] })[],
): Promise<ErasureTrial['returns']> {
  const { client, administrator, providers } = stage
  const mark = providers.journal.messages().length
  const text = 'Welcome back to the clinic. Reply STOP to unsubscribe'
  const to = ({ person }: KnownPerson): number =>
    providers.journal
      .messages()
      .slice(mark)
      .filter((message) => message.to === person.phone).length
  const asked = await Promise.all(
    erased.map(async ({ who, person }) => {
      const { answer } = await client.book(makeBooking({ person }))
      if (answer.status !== 200 && answer.status !== 202)
        throw new Error(`A booking of somebody who had been deleted was refused with ${answer.status}.`)
      const { id } = await administrator.awaitCustomer(person.phone)
      const consent = await administrator.send('PUT', `/customers/${id}/consent`, { granted: true, method: 'written' })
      const message = await administrator.sendMessage(id, text)
      return { who, consent: consent.status, message: message.status }
    }),
  )
  const [customer] = erased
  if (customer !== undefined && asked.some(({ who, message }) => who === customer.who && message === 202))
    await untilTrue('a message to somebody who came again', () => to(customer) > 0).catch(() => undefined)
  await sleep(quietMilliseconds)
  return asked.map((one, index) => {
    const person = erased[index]
    return { ...one, delivered: person === undefined ? 0 : to(person) }
  })
}
