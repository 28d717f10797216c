import { randomBytes } from 'node:crypto'
import { findSecrets } from '../../evidence/secret-search.ts'
import type { GateRun } from '../../run.ts'
import type { Administrator } from '../../subject/administrator.ts'
import type { DiagnosticsTrial } from './judge.ts'

/** What a command printed, and when. */
export interface Printed {
  text: string
  during: string
}

/** Every secret of the deployment and its tenants, and one that is stored in the database now. */
export async function makeSecrets(
  administrator: Administrator,
  { tenants, secrets }: Pick<GateRun, 'tenants' | 'secrets'>,
  databaseUrl: string,
): Promise<Record<string, string>> {
  const stored = `key-${randomBytes(18).toString('base64url')}`
  const answer = await administrator.send('PUT', '/integrations/llm', { apiKey: stored })
  if (answer.status !== 200) throw new Error(`PUT /integrations/{provider}: expected 200, got ${answer.status}`)
  const ofTenants = tenants.flatMap((tenant, index): [string, string][] => [
    [`the service token of tenant ${index + 1}`, tenant.serviceToken],
    [`the administrator's password of tenant ${index + 1}`, tenant.administrator.password],
    ...Object.entries(tenant.webhookSecrets).map(([name, text]): [string, string] => [
      `the webhook secret of ${name}, tenant ${index + 1}`,
      text,
    ]),
    ...Object.entries(tenant)
      .filter((entry): entry is [string, string] => entry[0].endsWith('ApiKey') && typeof entry[1] === 'string')
      .map(([name, text]): [string, string] => [`${name} of tenant ${index + 1}`, text]),
  ])
  const password = new URL(databaseUrl).password
  return {
    ...Object.fromEntries(ofTenants),
    ...Object.fromEntries(Object.entries(secrets).map(([name, text]) => [`the deployment's ${name} key`, text])),
    'a key that an administrator has stored': stored,
    // a short one stands in many a text by chance
    ...(password.length >= 8 ? { 'the password of the database': decodeURIComponent(password) } : {}),
  }
}

/** Which of them stand in what was printed. */
export function findLeaks(
  printed: readonly Printed[],
  secrets: Readonly<Record<string, string>>,
): DiagnosticsTrial['leaks'] {
  return printed.flatMap(({ text, during }) =>
    findSecrets(text, secrets).map(({ label, encoding }) => ({ what: label, encoding, during })),
  )
}
