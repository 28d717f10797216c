import type { ControlDatabase } from '../../database/control-database.ts'
import { cutDatabaseAt } from '../../faults/database-cut.ts'
import type { Fault } from '../../faults/fault.ts'
import { refuseConnections } from '../../faults/provider-refused.ts'
import { answerWithStatus } from '../../faults/provider-status.ts'
import type { ProviderLab } from '../../providers/lab.ts'
import type { WatchedClient } from '../../subject/watched-client.ts'
import { makeApiKey } from './canaries.ts'
import type { Canaries } from './canaries.ts'
import type { SecretsTrial } from './judge.ts'
import { sendAndWatch } from './use.ts'
import type { Clinic } from './use.ts'

const calledWithinMilliseconds = 15_000

/** Makes calls fail that carry secrets, since errors like to tell what they were about. */
export async function provokeErrors(parts: {
  clinic: Clinic
  providers: ProviderLab
  database: ControlDatabase
  canaries: Canaries
  client: WatchedClient
}): Promise<SecretsTrial['faults']> {
  const { clinic, providers, database, canaries, client } = parts
  const customer = clinic.customers.at(-1)
  if (customer === undefined) throw new Error('Expected a customer, there is none.')
  const refused = await providers.fault('twilio', refuseConnections({ times: 1 }))
  const failing = await providers.fault('twilio', answerWithStatus({ status: 500, times: 1 }))
  await sendAndWatch(clinic, customer, providers, calledWithinMilliseconds)
  const deadline = performance.now() + calledWithinMilliseconds
  while (!(refused.proof().tookHold && failing.proof().tookHold) && performance.now() < deadline)
    await new Promise((resolve) => setTimeout(resolve, 25))
  await Promise.all([refused.end(), failing.end()])
  for (const { name, proof } of [refused, failing]) {
    if (!proof().tookHold)
      throw new Error(`The fault "the SMS provider ${name}" never took hold: its error was not seen.`)
  }
  const cut = await cutDatabaseAt(database.proxy, {
    pattern: /^\s*(?:commit|insert|update)\b/i,
    occurrence: 2,
    moment: 'before the server',
  })
  const key = canaries.plant('integrations API', 'Calendly key at a database failure', makeApiKey.calendly(), [
    'calendly',
  ])
  await clinic.administrator.send('PUT', '/integrations/calendly', { apiKey: key })
  await client.send({
    method: 'POST',
    path: `${client.subject.paths.admin}/auth/login`,
    headers: { 'Content-Type': 'application/json' },
    body: clinic.tenant.administrator,
  })
  await cut.end()
  return [refused, failing, cut].filter(({ proof }) => proof().tookHold).map(describe)
}

const describe = ({ name, proof }: Fault): SecretsTrial['faults'][number] => ({
  fault: name,
  observations: proof().observations,
})
