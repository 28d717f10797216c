import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import type { ControlDatabase } from '../../database/control-database.ts'
import { withClient } from '../../database/client.ts'
import type { ProviderLab } from '../../providers/lab.ts'
import type { GateRun } from '../../run.ts'
import type { Administrator } from '../../subject/administrator.ts'
import type { App } from '../../subject/app.ts'
import { readAuditLog } from '../../subject/audit-log.ts'
import type { AuditEntry } from '../../subject/audit-log.ts'
import type { AroClient } from '../../subject/client.ts'
import { makeConsentedCustomers } from '../../subject/consented.ts'
import type { ConsentedCustomer } from '../../subject/consented.ts'
import type { Subject } from '../../subject/subject.ts'
import { findCanaries } from './contents.ts'
import type { Canary } from './contents.ts'
import { doDeeds } from './deeds.ts'
import { whoOf } from './entries.ts'
import type { AuditTrial } from './judge.ts'
import { matchDeeds } from './matching.ts'
import { tryRetention } from './retention.ts'
import { tryScope } from './scope.ts'
import { findAuditTable, readRows } from './table.ts'
import type { AuditTable } from './table.ts'
import { tamper } from './tampering.ts'
import { tryUnwritable } from './unwritable.ts'
import { findVerification, newWords, verify } from '../../subject/audit-verification.ts'

interface Needs {
  app: App
  database: ControlDatabase
  providers: ProviderLab
  run: GateRun
  subject: Subject
  signal: AbortSignal
  progress(message: string): void
}

const notedWithinMilliseconds = 3000
const readings = 20
const fewestTamperings = 6

/** Does what has to be noted, looks at what is noted, and tries to have it say something else, or be gone. */
export async function tryAuditLog(needs: Needs): Promise<AuditTrial> {
  const { app, database, providers, subject, progress } = needs
  const { client } = app
  const verification = findVerification(subject)
  const [administrator, other] = await Promise.all([client.administrator(), client.administrator(client.otherTenant)])
  const [kept, leaver, erased] = await makeCustomers(client, administrator, 3)
  if (kept === undefined || leaver === undefined || erased === undefined) throw new Error('Expected three customers.')
  const apiKey = `llm_canary_${Math.random().toString(36).slice(2)}${Math.random().toString(36).slice(2)}`
  const canaries: Canary[] = [
    { kind: 'secret', label: 'the API key of a provider', text: apiKey },
    { kind: 'secret', label: 'the administrator’s password', text: client.tenant.administrator.password },
    { kind: 'secret', label: 'the administrator’s session token', text: administrator.token },
    { kind: 'secret', label: 'the service token', text: client.tenant.serviceToken },
    ...Object.entries(kept.booking.person).map(([name, text]: [string, string]): Canary => ({
      kind: 'personal data',
      label: `a customer’s ${name}`,
      text,
    })),
  ]
  const known = new Set((await readAuditLog(administrator)).map(textOf))
  const cast = { client, administrator, providers, kept, leaver, erased, canaries, apiKey }
  // both instances note at once further down
  const starting = app.start()
  const [{ deeds, letterId, appointmentId }, second] = await Promise.all([doDeeds(cast), starting])
  const identity = identityOf(administrator)
  const { outcomes, entries } = await awaitEntries(administrator, known, (fresh) => matchDeeds(deeds, fresh, identity))
  progress(`${deeds.length} deeds done, ${entries.length} entries`)

  const { customer } = kept
  const table = await findAuditTable(database.url, {
    declared: subject.auditLog.table,
    customerId: customer.id,
    entries: entries.filter((entry) => textOf(entry).includes(customer.id)).length,
  })
  await other.send('PUT', '/integrations/stripe', { apiKey: `rk_test_${apiKey}` })
  const scope = await tryScope(
    client,
    { administrator, other },
    { entries, names: [customer.id, letterId, appointmentId], otherNames: identityOf(other) },
  )
  const shown = await readAuditLog(administrator)
  const unwritable = await tryUnwritable(database.url, table, administrator, leaver)
  if (!unwritable.turnedAway && !unwritable.hasHappened) {
    throw new Error(
      `PUT /customers/{id}/consent: expected it to change a consent or to be turned away by ${table.name}, got neither (status ${unwritable.status}).`,
    )
  }

  const before = await countNaming(database.url, table, customer.id)
  const instances = [administrator, administrator.at(app.clientOf(second))]
  await Promise.all([
    ...Array.from({ length: readings / instances.length }, () =>
      instances.map((each) => each.send('GET', `/customers/${customer.id}`)),
    ).flat(),
    ...Array.from({ length: 5 }, () => other.send('GET', '/customers?limit=5')),
  ])
  const noted = await awaitCount(database.url, table, customer.id, before + readings)
  await awaitQuiet(database.url, table)
  const contents = await searchContents(database.url, table, shown, canaries)
  const ask = () => verify(needs, verification.command)
  const isWhole = await ask()
  const isNamed = verification.isOfAuditLog || isBlamed(isWhole.output)
  if (isWhole.exitCode !== 0 && !isNamed) {
    throw new Error(
      `${verification.command.join(' ')}: expected exit code 0 of a healthy subject, got ${isWhole.exitCode}, and not for its audit log: what it says of that cannot be told. ${isWhole.output.slice(-400)}`,
    )
  }
  // whoever that is: whether it is who it should be is judged by the deeds
  const who = mostFrequent(entries.filter((entry) => textOf(entry).includes(customer.id)).map(whoOf))
  const tamperings =
    isWhole.exitCode === 0 && who !== undefined
      ? await tamper({
          url: database.url,
          table,
          tenantId: client.tenant.id,
          customerId: customer.id,
          who,
          isWhole,
          ask,
          isOfAuditLog: verification.isOfAuditLog,
        })
      : []
  progress(`${tamperings.length} alterations tried`)
  const restored = tamperings.length === 0 ? isWhole : await ask()
  if (tamperings.length > 0 && restored.exitCode !== 0) {
    throw new Error(
      `Expected the audit log to verify once each alteration was undone, got ${restored.exitCode}: ${newWords(isWhole, restored).slice(0, 300)}`,
    )
  }
  if (isWhole.exitCode === 0 && who !== undefined && tamperings.length < fewestTamperings)
    throw new Error(`Expected ${fewestTamperings} alterations to be tried, ${tamperings.length} were.`)
  const data = canaries.filter(({ kind }) => kind === 'message body').map(({ text }) => text)
  const retention = await tryRetention({
    ...needs,
    url: database.url,
    administrator,
    table,
    data: [...data, kept.booking.appointmentId, leaver.booking.appointmentId],
  })
  return {
    deeds: outcomes,
    contents,
    concurrent: {
      readings,
      entries: noted - before,
      verification: {
        exitCode: isWhole.exitCode,
        isNamed,
        words: isWhole.exitCode === 0 ? '' : blaming(isWhole.output).slice(0, 300),
      },
    },
    unwritable,
    tamperings,
    restored: { exitCode: restored.exitCode },
    scope,
    retention,
  }
}

function mostFrequent(texts: readonly string[]): string | undefined {
  const counts = new Map<string, number>()
  for (const text of texts) if (text !== '') counts.set(text, (counts.get(text) ?? 0) + 1)
  return [...counts].toSorted(([, one], [, other]) => other - one)[0]?.[0]
}

/** One after the other, and again where one fails: what many at once do to the log is looked at by itself. */
async function makeCustomers(
  client: AroClient,
  administrator: Administrator,
  count: number,
): Promise<ConsentedCustomer[]> {
  const made: ConsentedCustomer[] = []
  for (let failures = 0; made.length < count;) {
    try {
      const [one] = await makeConsentedCustomers(client, administrator, 1)
      if (one === undefined) throw new Error('Expected a customer, got none.')
      await administrator.awaitAppointment(one.customer.id)
      made.push(one)
    } catch (error) {
      failures += 1
      if (failures > 3) throw error
    }
  }
  return made
}

const textOf = (entry: AuditEntry): string => JSON.stringify(entry)

const blaming = (output: string): string =>
  output
    .split('\n')
    .filter(
      (line) =>
        /audit|chain|tamper|integrity/i.test(line) && /✗|fail|broke|alter|error|mismatch|unhealthy|invalid/i.test(line),
    )
    .join('\n')

const isBlamed = (output: string): boolean => blaming(output) !== ''

const claimsSchema = z.record(z.string(), z.unknown())

/** By what an entry may call an administrator: the address they log in with, and what their token says of them. */
function identityOf({ tenant, token }: Administrator): string[] {
  const claims = claimsSchema.safeParse(decode(token.split('.')[1] ?? '')).data ?? {}
  const named = Object.entries(claims).flatMap(([name, value]) =>
    /^(?:sub|user_?id|admin_?id|email|uid|name)$/i.test(name) && typeof value === 'string' && value.length >= 6
      ? [value]
      : [],
  )
  return [tenant.administrator.email, ...named]
}

function decode(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
  } catch {
    return undefined
  }
}

/** Reads until every deed has its entry as it has to be, or the time is up: some may be noted by queued work. */
async function awaitEntries(
  administrator: Administrator,
  known: ReadonlySet<string>,
  match: (entries: AuditEntry[]) => AuditTrial['deeds'],
): Promise<{ outcomes: AuditTrial['deeds']; entries: AuditEntry[] }> {
  const deadline = performance.now() + notedWithinMilliseconds
  for (;;) {
    const entries = (await readAuditLog(administrator)).filter((entry) => !known.has(textOf(entry)))
    const outcomes = match(entries.toReversed())
    if (outcomes.every(({ isNoted }) => isNoted) || performance.now() > deadline) return { outcomes, entries }
    await sleep(250)
  }
}

async function searchContents(
  url: string,
  table: AuditTable,
  entries: readonly AuditEntry[],
  canaries: readonly Canary[],
): Promise<AuditTrial['contents']> {
  const rows = await withClient(url, (client) => readRows(client, table))
  const shown = findCanaries('GET /audit-logs', entries.map(textOf).join('\n'), canaries)
  const stored = findCanaries(table.name, rows.map(({ cells }) => JSON.stringify(cells)).join('\n'), canaries)
  return {
    entriesSearched: entries.length,
    rowsSearched: rows.length,
    canaries: canaries.length,
    findings: [...shown, ...stored],
  }
}

function countNaming(url: string, table: AuditTable, text: string): Promise<number> {
  return withClient(url, async (client) => {
    const rows = await readRows(client, table)
    return rows.filter(({ cells }) => JSON.stringify(cells).includes(text)).length
  })
}

async function awaitCount(url: string, table: AuditTable, text: string, expected: number): Promise<number> {
  const deadline = performance.now() + notedWithinMilliseconds
  for (;;) {
    const count = await countNaming(url, table, text)
    if (count >= expected || performance.now() > deadline) return count
    await sleep(50)
  }
}

/** Waits until nothing is noted any more, so that what is altered afterwards is all that changes. */
async function awaitQuiet(url: string, table: AuditTable): Promise<void> {
  const deadline = performance.now() + 4 * notedWithinMilliseconds
  for (let [last, same] = [-1, 0]; same < 3;) {
    const count = await withClient(url, async (client) => (await readRows(client, table)).length)
    same = count === last ? same + 1 : 0
    last = count
    if (performance.now() > deadline) {
      throw new Error('Expected the audit log to come to rest when nobody does anything; entries keep being added.')
    }
    await sleep(120)
  }
}
