import { setTimeout as sleep } from 'node:timers/promises'
import { providerHosts } from '../../providers/handlers.ts'
import type { ProviderLab } from '../../providers/lab.ts'
import type { Administrator } from '../../subject/administrator.ts'
import type { App } from '../../subject/app.ts'
import { makeConsentedCustomers } from '../../subject/consented.ts'
import type { ConsentedCustomer } from '../../subject/consented.ts'
import { providerNames } from '../../subject/facilities.ts'
import type { TlsTrial } from './judge.ts'

const withinMilliseconds = 8000

/** Has the subject call its providers, then once more where each proves itself by a certificate that nobody has reason to trust. */
export async function callStrangers({ client }: App, providers: ProviderLab): Promise<TlsTrial['outbound']> {
  const administrator = await client.administrator()
  const [one, other] = await makeConsentedCustomers(client, administrator, 2)
  if (one === undefined || other === undefined) throw new Error('Expected two customers.')
  const reply = (customer: ConsentedCustomer): Promise<unknown> =>
    // nothing that rules could decide, so that whoever classifies replies is asked
    client.reply(customer.booking.person.phone, 'Hmm, my sister may know more about this than me')
  const drive = (customer: ConsentedCustomer): Promise<unknown> =>
    Promise.all([send(administrator, customer), reply(customer)])
  await drive(one)
  await providers.journal.waitFor(({ provider, form }) => provider === 'twilio' && form?.To === one.customer.phone, {
    within: withinMilliseconds,
    what: 'a message',
  })
  await sleep(500)
  const before = providerNames.map((provider) => providers.journal.calls(provider).length)
  for (const [host] of Object.values(providerHosts)) providers.presentUntrustedCertificate(host)
  const mark = providers.journal.mark()
  const handshakes = providers.refusedHandshakes.length
  await drive(other)
  const refusals = (host: string): number =>
    providers.refusedHandshakes.slice(handshakes).filter((name) => name === host).length
  const delivered = (provider: string): number =>
    providers.journal.since(mark).filter((entry) => entry.provider === provider).length
  const tried = providerNames.filter((_, index) => (before[index] ?? 0) > 0)
  const isTried = (provider: (typeof tried)[number]): boolean =>
    refusals(providerHosts[provider][0]) > 0 || delivered(provider) > 0
  const deadline = performance.now() + withinMilliseconds
  while (!tried.every(isTried) && performance.now() < deadline) await sleep(25)
  const called = tried.filter(isTried)
  if (called.length === 0)
    throw new Error(
      'No provider was called again once its certificate was a stranger’s: whether it is verified is not known.',
    )
  return called.map((provider) => ({
    provider,
    before: before[providerNames.indexOf(provider)] ?? 0,
    refused: refusals(providerHosts[provider][0]),
    delivered: delivered(provider),
  }))
}

const send = (administrator: Administrator, { customer }: ConsentedCustomer): Promise<string> =>
  administrator.queueMessage(customer.id, 'Your clinic is open tomorrow. Reply STOP to unsubscribe')
