import type { ProviderLab } from '../../providers/lab.ts'
import type { Administrator } from '../../subject/administrator.ts'
import type { App } from '../../subject/app.ts'
import { makeConsentedCustomers, makeCustomers } from '../../subject/consented.ts'
import type { ConsentedCustomer } from '../../subject/consented.ts'
import { makeRiskyCustomers } from '../../subject/provider-work.ts'
import type { ConsentTrial } from './judge.ts'
import { sendingPaths } from '../../subject/sending-paths.ts'
import type { SendingPath } from '../../subject/sending-paths.ts'
import type { MessageTemplate } from '../../subject/message-templates.ts'
import { untilTrue } from '../../subject/waiting.ts'

type Consent = ConsentTrial['paths'][number]['people'][number]['consent']
type Withdrawal = ConsentTrial['paths'][number]['people'][number]['withdrawnBy']

/** What everything here is done with. */
export interface Stage {
  app: App
  administrator: Administrator
  providers: ProviderLab
}

/** A customer who is to be texted on one path, and how they stand to that. */
export interface Addressee {
  path: SendingPath
  consent: Consent
  withdrawnBy: Withdrawal
  person: ConsentedCustomer
}

const asked: readonly Consent[] = ['given', 'withdrawn before', 'withdrawn while queued']

/** Brings in the customers of each path; those whose consent is withdrawn before have withdrawn it already. */
export async function makeAddressees(stage: Stage, templates: readonly MessageTemplate[]): Promise<Addressee[]> {
  const { app, administrator } = stage
  const door = { client: app.client, administrator, now: Date.now }
  const paths = sendingPaths(templates)
  const usual = paths.filter(({ needsRisk }) => !needsRisk)
  const risky = paths.filter(({ needsRisk }) => needsRisk)
  const [people, riskyPeople, neverAsked] = await Promise.all([
    makeConsentedCustomers(app.client, administrator, usual.length * asked.length),
    makeRiskyCustomers(door, risky.length * asked.length),
    makeCustomers(app.client, administrator, usual.length),
  ])
  const assign = (
    paths: readonly SendingPath[],
    consents: readonly Consent[],
    of: readonly ConsentedCustomer[],
  ): Addressee[] =>
    paths.flatMap((path, row) =>
      consents.flatMap((consent, column): Addressee[] => {
        const person = of[row * consents.length + column]
        const isLeftOut = path.isSettledBefore === true && consent === 'withdrawn while queued'
        return person === undefined || isLeftOut
          ? []
          : [{ path, consent, withdrawnBy: withdrawalOf(consent, row), person }]
      }),
    )
  const addressees = [
    ...assign(usual, asked, people),
    ...assign(risky, asked, riskyPeople),
    ...assign(usual, ['never given'], neverAsked),
  ]
  await withdraw(
    stage,
    addressees.filter(({ consent }) => consent === 'withdrawn before'),
  )
  return addressees
}

const withdrawalOf = (consent: Consent, row: number): Withdrawal =>
  !consent.startsWith('withdrawn')
    ? null
    : row % 2 === (consent === 'withdrawn before' ? 0 : 1)
      ? 'the customer by reply'
      : 'an administrator'

/** Has each withdraw their consent in their own way. @throws when one of them still has it afterwards. */
export async function withdraw(
  { app, administrator }: Pick<Stage, 'app' | 'administrator'>,
  addressees: readonly Pick<Addressee, 'person' | 'withdrawnBy'>[],
): Promise<void> {
  await Promise.all(
    addressees.map(async ({ person: { booking, customer }, withdrawnBy }) => {
      const { phone } = booking.person
      if (withdrawnBy === 'an administrator') await administrator.recordConsent(customer.id, false)
      else await app.client.reply(phone, 'STOP')
      await untilTrue('a withdrawal of consent to be shown', async () => !(await administrator.isConsentGranted(phone)))
    }),
  )
}
