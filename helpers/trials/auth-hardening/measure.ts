import type { ControlContext } from '../../control.ts'
import type { ControlDatabase } from '../../database/control-database.ts'
import type { GateRun } from '../../run.ts'
import type { App } from '../../subject/app.ts'
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

/** Attacks the administrator's login and token on two instances that know accounts enough to lock. */
export async function tryAuthentication(
  app: App,
  database: ControlDatabase,
  run: GateRun,
  { profile, progress }: Pick<ControlContext, 'profile' | 'progress'>,
): Promise<AuthTrial> {
  const [first, second] = run.tenants
  if (first === undefined || second === undefined) throw new Error('Expected two tenants.')
  const more = makeTenants(run.tenants.length + accountsNeeded).slice(run.tenants.length)
  const [one, other, ...untried] = more
  if (one === undefined || other === undefined) throw new Error('Expected further tenants.')
  const twin = { ...other, administrator: { ...other.administrator, password: one.administrator.password } }
  const tenants = [...run.tenants, one, twin, ...untried]
  // one after the other: the second finds the accounts that the first has made, and hashes no password again
  const instances = [await app.start({ tenants }), await app.start({ tenants })] as const
  const clients = instances.map((instance) => app.clientOf(instance))
  const [client] = clients
  if (client === undefined) throw new Error('Expected an instance.')

  const session = await tryLogin(client, one.administrator)
  if (session.status !== 200)
    throw new Error(`A genuine login was refused with ${session.status}: ${session.text.slice(0, 200)}`)
  const work = await measureLoginWork(client, instances[0].pid, one.administrator)
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
  const tokens = await tryTokens(app, client, run.secrets.jwt, profile === 'release')
  const passwords = [first, second, ...tenants].map(({ administrator }) => administrator.password)
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
