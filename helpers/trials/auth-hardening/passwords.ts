import { createHash, getHashes } from 'node:crypto'
import { quoteIdentifier, withClient } from '../../database/client.ts'
import { searchDatabase } from '../../database/search.ts'
import { listTables } from '../../database/tables.ts'
import type { Output } from '../../subject/output.ts'

const fastHashes = ['md5', 'sha1', 'sha224', 'sha256', 'sha384', 'sha512', 'sha3-256', 'sha3-512', 'ripemd160']

/** Where a password, or a plain digest of it, can be read: tables, and what the processes wrote. */
export async function findPasswordTraces(
  databaseUrl: string,
  outputs: readonly Output[],
  passwords: readonly string[],
): Promise<string[]> {
  const supported = new Set(getHashes().map((name) => name.toLowerCase()))
  const forms = new Map<string, string>()
  for (const password of passwords) {
    forms.set(password, 'password')
    for (const name of fastHashes.filter((hash) => supported.has(hash))) {
      const digest = createHash(name).update(password).digest()
      forms.set(digest.toString('hex'), `plain ${name} of the password`)
      forms.set(digest.toString('base64').replace(/=+$/, ''), `plain ${name} of the password`)
    }
  }
  const { findings } = await searchDatabase(databaseUrl, [...forms.keys()])
  const inTables = findings.map(
    ({ label, encoding, table, column }) =>
      `${forms.get(label) ?? 'password'}${encoding === 'raw' ? '' : ` (${encoding})`} in ${table}.${column}`,
  )
  const isLogged = outputs.some(({ lines }) =>
    lines.some(({ text }) => passwords.some((password) => text.includes(password))),
  )
  return [...new Set([...inTables, ...(isLogged ? ['password in the output of the process'] : [])])]
}

const looksLikeHash = /^[\w+/=$.,:-]{16,}$/

/**
 * Columns in which two accounts, known by their e-mail addresses, hold the same text that could be a hash.
 * @throws when no table has a row for each account: nothing would be known of how their passwords are stored.
 */
export async function findSharedValues(databaseUrl: string, emails: readonly [string, string]): Promise<string[]> {
  return withClient(databaseUrl, async (client) => {
    const shared: string[] = []
    let isKept = false
    for (const { qualified, name, columns } of await listTables(client)) {
      const textual = columns.filter(({ type }) => /^(?:text|character|varchar|citext)/.test(type))
      if (textual.length === 0) continue
      const condition = textual.map((column) => `lower(${quoteIdentifier(column.name)}::text) = lower($1)`).join(' OR ')
      const rowOf = async (email: string): Promise<Record<string, string> | undefined> => {
        const { rows } = await client.query<{ row: Record<string, string> }>(
          `SELECT (SELECT jsonb_object_agg(key, value) FROM jsonb_each_text(to_jsonb(t))) AS row FROM ${qualified} t WHERE ${condition} LIMIT 1`,
          [email],
        )
        return rows[0]?.row
      }
      const [one, other] = [await rowOf(emails[0]), await rowOf(emails[1])]
      if (one === undefined || other === undefined) continue
      isKept = true
      for (const [column, value] of Object.entries(one)) {
        if (looksLikeHash.test(value) && other[column] === value && !isMoment(value)) shared.push(`${name}.${column}`)
      }
    }
    if (!isKept)
      throw new Error(
        'No table has a row with the administrator’s e-mail address: how passwords are stored is not known.',
      )
    return shared
  })
}

const isMoment = (value: string): boolean => /^\d{4}-\d\d-\d\d/.test(value)
