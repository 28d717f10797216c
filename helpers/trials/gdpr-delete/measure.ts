import { setTimeout as sleep } from 'node:timers/promises'
import { ageDatabase } from '../../database/ageing.ts'
import type { ControlDatabase } from '../../database/control-database.ts'
import type { ProviderLab } from '../../providers/lab.ts'
import type { GateRun } from '../../run.ts'
import { Administrator } from '../../subject/administrator.ts'
import { findVerification, newWords, verify } from '../../subject/audit-verification.ts'
import type { App } from '../../subject/app.ts'
import { isAbout, listDeadLetters } from '../../subject/dead-letters.ts'
import type { Answer } from '../../subject/request.ts'
import { makeKnown, queueWaiting, waitsSeconds } from '../../subject/known-person.ts'
import type { KnownPerson, KnownPersonStage } from '../../subject/known-person.ts'
import { untilTrue } from '../../subject/waiting.ts'
import type { Subject } from '../../subject/subject.ts'
import type { ErasureTrial } from './judge.ts'
import { findLinks } from './links.ts'
import { missingValues, stableValues } from './neighbour.ts'

import { comeAgain } from './returning.ts'
import { askForTheGone, countErasures, idsOfRecords, readEverything } from './shown.ts'
import { TraceSearch } from './traces.ts'

const goneWithinMilliseconds = 4000
const jobEndsWithinMilliseconds = 9000
const quietMilliseconds = 1500

interface Needs {
  app: App
  database: ControlDatabase
  providers: ProviderLab
  run: GateRun
  subject: Subject
  signal: AbortSignal
}

/** Has two of three well known people erased, looks for what is left of them, and lets them come again. */
export async function tryErasure(needs: Needs, progress: (message: string) => void): Promise<ErasureTrial> {
  const { app, database, providers, subject } = needs
  const { client } = app
  const administrator = await client.administrator()
  const stage: KnownPersonStage = { client, administrator, providers }
  const verification = findVerification(subject)
  const [customer, leaver, neighbour] = await Promise.all([
    makeKnown(stage),
    makeKnown(stage).then(async (known) => {
      await optOut(stage, known)
      return known
    }),
    makeKnown(stage),
  ])
  const verifiedBefore = await verify(needs, verification.command)
  const { marker, fault } = await queueWaiting(stage, customer)
  await using waiting = fault
  const erased = [
    { ...customer, who: 'a customer' as const },
    { ...leaver, who: 'a customer who had opted out' as const },
  ]
  const search = new TraceSearch(erased, client.tenant.id)
  const known = await search.inDatabase(database.url)
  const before = erased.map(({ who }) => ({
    who,
    places: [...new Set(known.traces.filter((trace) => trace.who === who).map(({ where }) => where))],
  }))
  for (const { who, places } of before) {
    if (places.length === 0)
      throw new Error(
        `Nothing of ${who} was found in the database before the deletion: nobody can say that it is gone.`,
      )
  }
  progress(`three people are known, in ${new Set(known.traces.map(({ where }) => where)).size} columns`)
  const auditTable = subject.auditLog.table?.split('.').at(-1)
  const isAuditLog = (table: string): boolean =>
    auditTable === undefined ? /audit/i.test(table) : table === auditTable
  const ids = erased.map(({ customerId, appointmentId, messageIds }) => ({
    customerId,
    held: [appointmentId, ...messageIds],
  }))
  const tiedBefore = await findLinks(database.url, ids, { records: [], isAuditLog })
  const stable = await stableValues(administrator, neighbour.customerId)
  const entriesBefore = await countErasures(administrator)
  const refusals = await tryRefused(stage, customer)
  const linesBefore = app.instances.map(({ output }) => output.lines.length)

  const callsOf = (): number =>
    providers.journal.calls('twilio').filter(({ body, form }) => (form?.Body ?? body).includes(marker)).length
  const erasures: ErasureTrial['erasures'] = []
  for (const { who, customerId } of erased) {
    const { status } = await administrator.send('DELETE', `/customers/${customerId}`)
    erasures.push({ who, status })
  }
  const callsBefore = callsOf()
  const records = await idsOfRecords(stage, erased)
  const look = async () => ({
    ...(await search.inDatabase(database.url)),
    tied: await findLinks(database.url, ids, { records, isAuditLog }),
  })
  let after = await look()
  const begun = performance.now()
  // a job that had been taken up already may come to its end
  while (
    (after.traces.length > 0 && performance.now() - begun < goneWithinMilliseconds) ||
    (after.tied.length > 0 && performance.now() - begun < jobEndsWithinMilliseconds)
  ) {
    await sleep(200)
    after = await look()
  }
  const letters = (await listDeadLetters(administrator)).filter((letter) =>
    isAbout(
      letter,
      ids.flatMap(({ customerId, held }) => [customerId, ...held]),
    ),
  )
  const shown = await readEverything(stage, erased)
  const gone = await askForTheGone(administrator, erased)
  const verifiedAfter = await verify(needs, verification.command)
  const missing = await missingValues(administrator, neighbour.customerId, stable)
  const entries = (await countErasures(administrator)) - entriesBefore
  const lines = app.instances.flatMap(({ output }, index) => output.lines.slice(linesBefore[index] ?? 0))
  await waiting.end()
  await ageDatabase(database.url, waitsSeconds + 60)
  await sleep(quietMilliseconds)
  const calls = { before: callsBefore, after: callsOf() - callsBefore }
  progress('two of them were deleted')

  const returns = await comeAgain(stage, erased)
  const returned = await administrator.customer(customer.person.phone)
  const again = await administrator.send('DELETE', `/customers/${returned?.id ?? ''}`)
  await sleep(quietMilliseconds)
  const onlyCustomer = new TraceSearch(erased.slice(0, 1), client.tenant.id)
  return {
    before,
    refusals,
    erasures,
    left: [
      ...after.traces,
      ...shown.flatMap(({ name, text }) => search.in(text, name)),
      ...search.in(lines.map(({ text }) => text).join('\n'), 'log lines written after the deletion'),
    ],
    searched: { tables: after.tables, rows: after.rows, answers: shown.length, logLines: lines.length },
    gone,
    tied: { before: tiedBefore, after: after.tied },
    deadLetters: letters.length,
    waiting: calls,
    audit: {
      entries,
      exitCodes: { before: verifiedBefore.exitCode, after: verifiedAfter.exitCode },
      words: verifiedAfter.exitCode === 0 ? '' : newWords(verifiedBefore, verifiedAfter).slice(0, 300),
    },
    neighbour: { values: stable.size, missing },
    returns,
    again: { status: again.status, left: (await onlyCustomer.inDatabase(database.url)).traces },
  }
}

/** Who has no right to it asks for the deletion first. */
async function tryRefused(
  { client, administrator }: KnownPersonStage,
  { customerId, person }: KnownPerson,
): Promise<ErasureTrial['refusals']> {
  const path = `/customers/${customerId}`
  const stranger = await Administrator.login(client, client.otherTenant)
  const asked: [by: string, ask: () => Promise<Answer>][] = [
    ['nobody', () => client.send({ method: 'DELETE', path: `${client.subject.paths.admin}${path}` })],
    [
      'a service',
      () =>
        client.send({
          method: 'DELETE',
          path: `${client.subject.paths.admin}${path}`,
          headers: client.serviceHeaders(),
        }),
    ],
    ['another tenant’s administrator', () => stranger.send('DELETE', path)],
  ]
  const refusals: ErasureTrial['refusals'] = []
  for (const [by, ask] of asked) {
    const { status } = await ask()
    refusals.push({ by, status, isStillThere: (await administrator.customer(person.phone))?.id === customerId })
  }
  return refusals
}

async function optOut({ client, administrator }: KnownPersonStage, { person: { phone } }: KnownPerson): Promise<void> {
  await client.reply(phone, 'STOP')
  await untilTrue('consent to be withdrawn by STOP', async () => !(await administrator.isConsentGranted(phone)))
}
