import { forgeTokens, takeApart } from '../../attacks/forged-tokens.ts'
import type { Administrator } from '../../subject/administrator.ts'
import { adminRoutes } from '../../subject/admin-routes.ts'
import type { AdminRoute } from '../../subject/admin-routes.ts'
import type { App } from '../../subject/app.ts'
import type { AroClient } from '../../subject/client.ts'
import { makeConsentedCustomers } from '../../subject/consented.ts'
import { clientAddress } from '../../subject/request.ts'
import type { Answer } from '../../subject/request.ts'
import type { AuthTrial } from './judge.ts'

type TokenTrial = Pick<AuthTrial, 'token' | 'genuine' | 'attacks' | 'otherTenant' | 'loggedOut' | 'changed'>

const logout: AdminRoute = {
  name: 'POST /auth/logout',
  method: 'POST',
  path: '/auth/logout',
  isOfTenant: false,
  isChanging: true,
}

/** Tries every forged token on every admin route (on a third of them unless `isWhole`), another tenant's, and one after its logout. */
export async function tryTokens(app: App, client: AroClient, jwtSecret: string, isWhole: boolean): Promise<TokenTrial> {
  const administrator = await client.administrator()
  const [person] = await makeConsentedCustomers(client, administrator, 1)
  if (person === undefined) throw new Error('Expected a customer.')
  const { customer } = person
  const appointment = await administrator.awaitAppointment(customer.id)
  const routes = adminRoutes({ customer, appointmentId: appointment.id })
  // what changes something is asked for something that is not there, and says so to whoever is let in
  const harmless = adminRoutes({ customer: { ...customer, id: nobody }, appointmentId: nobody })
  const genuine = await askAll(
    client,
    routes.map((route, index) => (route.isChanging ? (harmless[index] ?? route) : route)),
    `Bearer ${administrator.token}`,
  )
  const refusedGenuine = genuine.filter(
    ({ answer }) => isRefusal(answer) || answer.status === 429 || answer.status >= 500,
  )
  if (refusedGenuine.length > 0) {
    throw new Error(
      `A live token is not let in, so a refusal proves nothing: ${refusedGenuine.map(shownAs).join(', ')}`,
    )
  }
  const known = takeApart(administrator.token, jwtSecret)
  const before = await recordOf(administrator, customer.id, appointment.id)
  const forged = [
    ...forgeTokens(known, { otherTenantId: client.otherTenant.id }),
    { name: 'token of a service', authorization: `Bearer ${client.tenant.serviceToken}` },
  ]
  const attacks: TokenTrial['attacks'] = []
  for (const [index, { name, authorization }] of forged.entries()) {
    const chosen = isWhole || basic.test(name) ? routes : routes.filter((_, position) => position % 3 === index % 3)
    const answers = await askAll(client, chosen, authorization)
    attacks.push({ name, routes: answers.length, notRefused: answers.filter(isLetThrough).map(asAnswered) })
  }
  // last, since a logout that is believed ends the genuine session too, and would hide what else is believed
  for (const [index, { authorization }] of forged.entries()) {
    const answers = await askAll(client, [logout], authorization)
    const attack = attacks[index]
    if (attack === undefined) continue
    attack.routes += answers.length
    attack.notRefused.push(...answers.filter(isLetThrough).map(asAnswered))
  }
  const otherTenant = await tryOtherTenant(client, routes, [customer.id, customer.phone, appointment.id])
  const changed = differences(before, await recordOf(await client.administrator(), customer.id, appointment.id))
  return {
    token: {
      algorithm: String(known.header.alg),
      lifetimeSeconds: lifetimeOf(known.claims),
      issuer: textOf(known.claims.iss),
      audience: textOf(known.claims.aud),
    },
    genuine: genuine.map(asAnswered),
    attacks,
    otherTenant,
    changed,
    loggedOut: await tryLogout(
      app,
      client,
      routes.filter(({ isChanging }) => !isChanging),
    ),
  }
}

const nobody = '00000000-0000-4000-8000-000000000000'

interface Asked {
  route: string
  answer: Answer
}

/** Attacks that every route is asked with in a rehearsal too; the others take turns. */
const basic = /^(?:no token|malformed: a word|expired a year ago|none|signature missing|claims edited)/

const isRefusal = ({ status }: Answer): boolean => status === 401 || status === 403
const isLetThrough = ({ answer }: Asked): boolean => !isRefusal(answer)
const asAnswered = ({ route, answer }: Asked): { route: string; status: number } => ({ route, status: answer.status })
const shownAs = ({ route, answer }: Asked): string => `${route} (${answer.status})`

/** Asks every route at once, from one address of its own, so that no rate limit of the contract is reached. */
async function askAll(
  client: AroClient,
  routes: readonly AdminRoute[],
  authorization: string | null,
  more: Record<string, string> = {},
): Promise<Asked[]> {
  const from = clientAddress()
  return Promise.all(
    routes.map(async ({ name, method, path, body }) => ({
      route: name,
      answer: await client.send({
        method,
        from,
        path: `${client.subject.paths.admin}${path}`,
        headers: {
          ...(authorization === null ? {} : { Authorization: authorization }),
          ...more,
          ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body }),
      }),
    })),
  )
}

async function tryOtherTenant(
  client: AroClient,
  routes: readonly AdminRoute[],
  markers: readonly string[],
): Promise<TokenTrial['otherTenant']> {
  const stranger = await client.administrator(client.otherTenant)
  const authorization = `Bearer ${stranger.token}`
  const names = new Set(routes.filter(({ isOfTenant }) => isOfTenant).map(({ name }) => name))
  const asked = [
    ...(await askAll(client, routes, authorization)),
    // a header is anybody's own word
    ...(await askAll(client, routes, authorization, { 'X-Tenant-Id': client.tenant.id })),
  ]
  const isLeak = ({ route, answer }: Asked): boolean =>
    !names.has(route) && markers.some((marker) => answer.text.includes(marker))
  return {
    routes: names.size,
    reached: asked.filter(({ route, answer }) => names.has(route) && answer.status < 300).map(asAnswered),
    leaks: [...new Set(asked.filter(isLeak).map(({ route }) => route))],
  }
}

async function tryLogout(app: App, client: AroClient, routes: readonly AdminRoute[]): Promise<TokenTrial['loggedOut']> {
  const { token } = await client.administrator()
  const authorization = `Bearer ${token}`
  const clients = app.instances
    .filter((instance) => instance.exit() === undefined)
    .map((instance) => app.clientOf(instance))
  const before = await askAll(client, routes, authorization)
  const [after] = await askAll(client, [logout], authorization)
  if (after === undefined || after.answer.status >= 300) {
    throw new Error(`POST /auth/logout: expected a success for a live token, got ${after?.answer.status}`)
  }
  const stillAlive: Asked[] = []
  for (const one of clients) {
    const asked = await askAll(one, routes, authorization)
    stillAlive.push(...asked.filter(({ answer }) => !isRefusal(answer)))
  }
  return {
    statusBefore: before[0]?.answer.status ?? 0,
    logoutStatus: after.answer.status,
    instances: clients.length,
    stillAlive: stillAlive.map(asAnswered),
  }
}

const textOf = (claim: unknown): string | null => (claim === undefined ? null : JSON.stringify(claim))

function lifetimeOf({ iat, exp }: Record<string, unknown>): number | null {
  if (typeof exp !== 'number') return null
  return exp - (typeof iat === 'number' ? iat : Math.floor(Date.now() / 1000))
}

/** The customer and the appointment as an administrator sees them. */
async function recordOf(administrator: Administrator, customerId: string, appointmentId: string): Promise<string[]> {
  const answers = await Promise.all([
    administrator.send('GET', `/customers/${customerId}`),
    administrator.send('GET', `/appointments/${appointmentId}`),
  ])
  return answers.map(({ status, text }) => `${status} ${text}`)
}

const differences = (before: readonly string[], after: readonly string[]): string[] =>
  before.flatMap((record, index) => (record === after[index] ? [] : [`${record} became ${after[index]}`.slice(0, 400)]))
