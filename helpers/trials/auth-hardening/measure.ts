import type { ControlContext } from '../../control.ts'
import type { ControlDatabase } from '../../database/control-database.ts'
import type { GateRun } from '../../run.ts'
import type { App } from '../../subject/app.ts'
import type { Tenant } from '../../subject/facilities.ts'
import { makeTenants } from '../../subject/tenants.ts'
import type { AuthTrial } from './judge.ts'
import {
  Accounts,
  cookiesOf,
  measureLoginWork,
  tryDefaultCredentials,
  tryEnumeration,
  tryLockout,
  tryLogin,
  tryNearMisses,
} from './logins.ts'
import { findPasswordTraces, findSharedValues } from './passwords.ts'
import { tryTokens } from './tokens.ts'

const accountsNeeded = 14

/** Further clinics, so that each attack on a login has an account that nobody has tried: the first two share a password. */
export function authTenants(usual: readonly Tenant[]): Tenant[] {
  const [one, other, ...untried] = makeTenants(usual.length + accountsNeeded).slice(usual.length)
  if (one === undefined || other === undefined) throw new Error('Expected further tenants.')
  const twin = { ...other, administrator: { ...other.administrator, password: one.administrator.password } }
  return [...usual, one, twin, ...untried]
}

/** Attacks the administrator's login and token on two instances that know accounts enough to lock. */
export async function tryAuthentication(
  app: App,
  database: ControlDatabase,
  { tenants, secrets }: GateRun,
  { profile, progress }: Pick<ControlContext, 'profile' | 'progress'>,
): Promise<AuthTrial> {
  const [, , one, twin, ...untried] = tenants
  if (one === undefined || twin === undefined || one.administrator.password !== twin.administrator.password)
    throw new Error('Expected the tenants that this trial asks for, two of them with one password.')
  const { client, instances } = app
  const [first] = instances
  if (first === undefined) throw new Error('Expected an instance.')
  const clients = [client, app.clientOf(await app.start())]

  const session = await tryLogin(client, one.administrator)
  if (session.status !== 200)
    throw new Error(`A genuine login was refused with ${session.status}: ${session.text.slice(0, 200)}`)
  const work = await measureLoginWork(client, first.pid, one.administrator)
  progress('logins were timed')
  const accounts = new Accounts(untried)
  // times are compared while nothing else is going on
  const enumeration = await tryEnumeration(client, accounts)
  const [lockout, nearMisses, defaultCredentials] = await Promise.all([
    tryLockout(clients, accounts),
    tryNearMisses(client, accounts),
    tryDefaultCredentials(client, accounts),
  ])
  progress('wrong logins were tried')
  const tokens = await tryTokens(app, client, secrets.jwt, profile === 'release')
  const passwords = tenants.map(({ administrator }) => administrator.password)
  return {
    ...tokens,
    lockout,
    nearMisses,
    enumeration,
    defaultCredentials,
    passwords: {
      ...work,
      accountsWithOnePassword: 2,
      sharedValues: await findSharedValues(database.url, [one.administrator.email, twin.administrator.email]),
      traces: await findPasswordTraces(
        database.url,
        app.instances.map(({ output }) => output),
        passwords,
      ),
    },
    cookies: cookiesOf(session),
    endedProcesses: app.instances.filter((instance) => instance.exit() !== undefined).length,
  }
}
