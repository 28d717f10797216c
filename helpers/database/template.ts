import { randomBytes } from 'node:crypto'
import { quoteIdentifier, withClient } from './client.ts'

/** A database that others are copied from. */
export interface DatabaseTemplate {
  name: string
}

/** A copy of a template, dropped when it is disposed of. */
export interface DatabaseClone extends AsyncDisposable {
  name: string
  /** Direct address, as the server's own administrator. */
  url: string
}

/** The part of a server's description that databases are made with. */
export interface DatabaseAdministration {
  adminUrl: string
}

const prefix = 'aro_gate_'

/** Makes an empty database, lets `migrate` bring it to the subject's schema, and keeps it to be cloned. */
export async function createTemplate(
  { adminUrl }: DatabaseAdministration,
  { migrate }: { migrate(databaseUrl: string): Promise<void> },
): Promise<DatabaseTemplate> {
  const name = newName('template')
  await withClient(adminUrl, (client) => client.query(`CREATE DATABASE ${quoteIdentifier(name)}`))
  await migrate(urlOf(adminUrl, name))
  return { name }
}

/** Copies a template; `onNamed` hears the copy's name before it is made, so that it can be noted for clearing away. */
export async function cloneTemplate(
  { adminUrl }: DatabaseAdministration,
  template: string,
  options: { onNamed?(name: string, adminUrl: string): void } = {},
): Promise<DatabaseClone> {
  const name = newName('clone')
  options.onNamed?.(name, adminUrl)
  await withClient(adminUrl, (client) =>
    client.query(`CREATE DATABASE ${quoteIdentifier(name)} TEMPLATE ${quoteIdentifier(template)} STRATEGY FILE_COPY`),
  )
  return {
    name,
    url: urlOf(adminUrl, name),
    async [Symbol.asyncDispose]() {
      await withClient(adminUrl, (client) =>
        client.query(`DROP DATABASE IF EXISTS ${quoteIdentifier(name)} WITH (FORCE)`),
      )
    },
  }
}

const newName = (kind: string): string => `${prefix}${kind}_${randomBytes(6).toString('hex')}`

function urlOf(adminUrl: string, name: string): string {
  const url = new URL(adminUrl)
  url.pathname = `/${name}`
  return url.href
}
