import { randomBytes } from 'node:crypto'
import { makeBooking } from '../../subject/people.ts'
import { calendlyMessage } from '../../subject/deliveries.ts'
import type { Administrator } from '../../subject/administrator.ts'
import type { AroClient } from '../../subject/client.ts'
import type { SubjectRequest } from '../../subject/request.ts'
import type { Canaries } from './canaries.ts'

/** A request that has to be refused, and the secret in it. */
interface RefusedRequest {
  way: string
  secret: string
  request: Omit<SubjectRequest, 'url'>
}

const secretText = (): string => randomBytes(18).toString('base64url')
const json = { 'Content-Type': 'application/json' }

/** Sends secrets in requests that are refused. @returns how many were. */
export async function sendRefusedRequests(
  client: AroClient,
  administrator: Administrator,
  canaries: Canaries,
): Promise<number> {
  const requests = [
    ...refusedLogins(client),
    ...refusedTokens(client),
    ...refusedTexts(client, administrator),
    refusedDelivery(client),
  ]
  const sent = requests.map(async ({ way, secret, request }) => {
    const { status } = await client.send(request)
    // what was accepted may be kept: that it is accepted at all is for other controls
    if (status < 400) return 0
    canaries.plant('refused request', way, secret)
    return 1
  })
  const counted = await Promise.all(sent)
  return counted.reduce<number>((sum, one) => sum + one, 0)
}

function refusedLogins({ subject, otherTenant }: AroClient): RefusedRequest[] {
  const login = (way: string, body: (secret: string) => unknown): RefusedRequest => {
    const secret = `Aa1!${secretText()}`
    return {
      way,
      secret,
      request: { method: 'POST', path: `${subject.paths.admin}/auth/login`, headers: json, body: body(secret) },
    }
  }
  const { email } = otherTenant.administrator
  return [
    login('wrong password', (password) => ({ email, password })),
    login('password of an unknown account', (password) => ({ email: 'nobody@example.org', password })),
    login('password beside a malformed address', (password) => ({ email: 'nobody', password })),
    login('password as an object', (password) => ({ email, password: { value: password } })),
    login('password under another name', (passphrase) => ({ email, passphrase })),
    login('password in a body that is no JSON', (password) => `{"email":"${email}","password":"${password}`),
    login('password in a body of another kind', (password) => `email=${email}&password=${password}`),
  ]
}

function refusedTokens(client: AroClient): RefusedRequest[] {
  const { subject, tenant, otherTenant } = client
  const made = (way: string, request: (secret: string) => Omit<SubjectRequest, 'url'>): RefusedRequest => {
    const secret = secretText()
    return { way, secret, request: request(secret) }
  }
  const { admin, commands, events } = subject.paths
  const jwt = (secret: string): string => `eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJub2JvZHkifQ.${secret}`
  const command = client.makeCommand(tenant)
  return [
    made('bearer token of the admin API', (secret) => ({
      path: `${admin}/customers`,
      headers: { Authorization: `Bearer ${jwt(secret)}` },
    })),
    made('token without its scheme', (secret) => ({ path: `${admin}/customers`, headers: { Authorization: secret } })),
    made('basic password of the admin API', (secret) => ({
      path: `${admin}/audit-logs`,
      headers: { Authorization: `Basic ${Buffer.from(`admin:${secret}`).toString('base64')}` },
    })),
    made('token in a cookie', (secret) => ({ path: `${admin}/dashboard`, headers: { Cookie: `session=${secret}` } })),
    made('token in a query', (secret) => ({ path: `${admin}/customers?access_token=${secret}` })),
    made('bearer token of the Event API', (secret) => ({
      path: events,
      headers: { Authorization: `Bearer ${secret}`, 'X-Tenant-Id': tenant.id },
    })),
    made('bearer token of the Command API', (secret) => ({
      method: 'POST',
      path: commands,
      body: command.body,
      headers: { ...command.headers, Authorization: `Bearer ${secret}` },
    })),
    {
      way: 'service token for another tenant',
      secret: tenant.serviceToken,
      request: {
        path: events,
        headers: { Authorization: `Bearer ${tenant.serviceToken}`, 'X-Tenant-Id': otherTenant.id },
      },
    },
  ]
}

function refusedTexts(client: AroClient, administrator: Administrator): RefusedRequest[] {
  const { admin, commands } = client.subject.paths
  const authorised = { ...json, Authorization: `Bearer ${administrator.token}` }
  const made = (
    way: string,
    method: string,
    path: string,
    body: (secret: string) => unknown,
    headers: Record<string, string> = authorised,
  ): RefusedRequest => {
    const secret = secretText()
    return { way, secret, request: { method, path, headers, body: body(secret) } }
  }
  const command = client.makeCommand()
  const nobody = '00000000-0000-4000-8000-000000000000'
  return [
    made('API key of an unknown provider', 'PUT', `${admin}/integrations/nobody`, (apiKey) => ({ apiKey })),
    made('API key under another name', 'PUT', `${admin}/integrations/stripe`, (key) => ({ key })),
    made('API key in a list', 'PUT', `${admin}/integrations/stripe`, (apiKey) => ({ apiKey: [apiKey] })),
    made('API key with a space', 'PUT', `${admin}/integrations/llm`, (apiKey) => ({ apiKey: `a b ${apiKey}` })),
    made('API key in a body that is no JSON', 'PUT', `${admin}/integrations/llm`, (apiKey) => `{"apiKey": ${apiKey}}`),
    made('text of a refused message', 'POST', `${admin}/messages`, (secret) => ({
      customerId: nobody,
      body: `Your diagnosis is here, password ${secret}`,
    })),
    made('method of a refused consent', 'PUT', `${admin}/customers/${nobody}/consent`, (method) => ({
      granted: 'yes',
      method,
    })),
    made(
      'field of a refused command',
      'POST',
      commands,
      (secret) => ({ ...command.body, apiKey: secret }),
      command.headers,
    ),
    made(
      'time of a refused command',
      'POST',
      commands,
      (secret) => ({ ...command.body, metadata: { ...command.body.metadata, requestedAt: secret } }),
      { ...command.headers, 'Idempotency-Key': nobody },
    ),
  ]
}

/** The signature that would have been right is a secret: whoever learns of it can have the delivery accepted. */
function refusedDelivery(client: AroClient): RefusedRequest {
  const genuine = client.sign(calendlyMessage(makeBooking()))
  const forged = client.sign(genuine, { secret: secretText() })
  return {
    way: 'signature that a forged delivery lacked',
    secret: /[0-9a-f]{64}/.exec(genuine.signature)?.[0] ?? genuine.signature,
    request: {
      method: 'POST',
      path: forged.path,
      body: forged.body,
      headers: { 'Content-Type': forged.contentType, [forged.signatureHeader]: forged.signature },
    },
  }
}
