import { setTimeout as sleep } from 'node:timers/promises'
import type { ControlContext } from '../../control.ts'
import { ageDatabase } from '../../database/ageing.ts'
import type { FacilityMap } from '../../facilities.ts'
import type { Journal } from '../../providers/journal.ts'
import type { Administrator } from '../../subject/administrator.ts'
import { readAuditLog } from '../../subject/audit-log.ts'
import { makeConsentedCustomers } from '../../subject/consented.ts'
import { readTemplates, usesOf } from '../../subject/message-templates.ts'
import { untilTrue } from '../../subject/waiting.ts'
import { tryAlteredTemplates } from './altered.ts'
import { askForTexts, outcomesOf } from './attempts.ts'
import type { AskedTexts } from './attempts.ts'
import { plantedCanaries } from './canaries.ts'
import { measureDetector } from './corpus.ts'
import type { PhiTrial } from './judge.ts'
import { makeAddressees, takesExtras } from './people.ts'
import type { Addressee } from './people.ts'
import { findAll, smsCalls } from './search.ts'
import { auditTemplates, readDatabaseTemplates, readPackTemplates } from './templates.ts'
import { readRecordTables } from './traces.ts'
import type { Traces } from './traces.ts'

type Context = ControlContext & Pick<FacilityMap, 'app' | 'database' | 'providers' | 'run'>

const customersWhoAreWritten = 12
const hoursUntilLater = 3
const quietMilliseconds = 700

/** Plants health information wherever a person's records are taken in, has every message sent, and asks for forbidden ones. */
export async function tryHealthInformation(context: Context): Promise<PhiTrial> {
  const { app, database, providers, subject, progress } = context
  const { mistaken: _mistaken, ...detector } = measureDetector()
  const [templates, matchers] = await Promise.all([readPackTemplates(subject), readTemplates(subject)])
  const administrator = await app.client.administrator()
  const written = await makeConsentedCustomers(app.client, administrator, customersWhoAreWritten)
  const before = await readAuditLog(administrator)
  const asked = await askForTexts(administrator, written, templates)
  const siblings = await siblingsOf(asked, providers.journal)
  const traces = await readTraces(context, administrator)
  progress(`${asked.forbidden.length} texts with health information were asked for`)

  const others = new Set<string>()
  const altering = tryAlteredTemplates(context, templates, others)
  const made = takesExtras(app).then((withExtras) => makeAddressees(app, administrator, withExtras))
  // before reminders are planned to the second: the start of a copy takes the machine for itself
  const [addressees, altered] = await Promise.all([made, altering])
  await leadAll(context, administrator, addressees)
  await untilMessaged(addressees, providers.journal)
  const stored = await readDatabaseTemplates(database.url)
  progress('messages were sent on every path')

  const calls = smsCalls(providers.journal)
  const ours = calls.filter(({ to }) => !others.has(to))
  const seen = new Set(matchers.filter(({ matches }) => ours.some(({ text }) => matches(text))).map(({ name }) => name))
  requireAll(
    context,
    matchers.map(({ name }) => name),
    seen,
  )
  const phones = new Set(addressees.map(phoneOf))
  const marks = asked.forbidden.map(({ mark }) => mark)
  const unexplained = ours.filter(({ to, text }) => !phones.has(to) && !marks.some((mark) => text.includes(mark)))
  return {
    detector,
    planted: { words: plantedCanaries.length, fields: [...new Set(plantedCanaries.map(({ field }) => field))] },
    paths: [...Map.groupBy(addressees, ({ path }) => path.name)].map(([path, people]) => ({
      path,
      people: people.map((one) => {
        const messages = ours.filter(({ to }) => to === phoneOf(one))
        const findings = messages.flatMap(({ text }) => findAll(text, plantedCanaries))
        return { carrier: one.records.carrier, messages: messages.length, findings: unique(findings) }
      }),
    })),
    messages: {
      searched: ours.length,
      toOthers: unique(unexplained.flatMap(({ text }) => findAll(text, plantedCanaries))),
    },
    attempts: outcomesOf(asked, ours, traces, before),
    siblings,
    templates: auditTemplates([...templates, ...stored], seen),
    altered,
    searched: {
      answers: asked.forbidden.length,
      logLines: traces.lines.length,
      auditEntries: traces.entries.length,
      events: traces.events.length,
    },
  }
}

const phoneOf = ({ person }: Pick<Addressee, 'person'>): string => person.booking.person.phone

const unique = <Item>(items: readonly Item[]): Item[] => [
  ...new Map(items.map((item) => [JSON.stringify(item), item])).values(),
]

/**
 * Waits for the harmless texts that were accepted; what was asked for before them has had its turn by then. A customer of whom a
 * forbidden text was accepted may have no messages left for the day, and does not count.
 */
async function siblingsOf({ forbidden, harmless }: AskedTexts, journal: Journal): Promise<PhiTrial['siblings']> {
  const counting = harmless.filter(
    ({ person }) => !forbidden.some((one) => one.person === person && one.answer.status < 300),
  )
  const isDelivered = ({ mark }: AskedTexts['harmless'][number]): boolean =>
    journal.messages().some(({ body }) => body.includes(mark))
  const accepted = counting.filter(({ answer }) => answer.status < 300)
  await untilTrue('harmless texts to be sent', () => accepted.every(isDelivered)).catch(() => undefined)
  if (!counting.some(isDelivered)) {
    const statuses = [...new Set(counting.map(({ answer }) => answer.status))].join(', ')
    throw new Error(
      `Expected a harmless text of an administrator to be sent, none was (answered with ${statuses}): that others are refused proves nothing.`,
    )
  }
  return counting.map((one) => ({ text: one.text, status: one.answer.status, isDelivered: isDelivered(one) }))
}

async function readTraces(
  { app: { client, instances }, database }: Context,
  administrator: Administrator,
): Promise<Traces> {
  const [entries, { items: events }, rows] = await Promise.all([
    readAuditLog(administrator),
    client.events(),
    readRecordTables(database.url),
  ])
  return { lines: instances.flatMap(({ output }) => [...output.lines]), entries, events, rows }
}

/** Has what leads to a message happen on every path; what comes hours later is due at once. */
async function leadAll(
  { app: { client }, database }: Context,
  administrator: Administrator,
  addressees: readonly Addressee[],
): Promise<void> {
  const lead = async (some: readonly Addressee[]): Promise<void> => {
    await Promise.all(
      some.map(async ({ path, person, records }) => {
        for (const { status, text } of await path.lead({ client, administrator }, person, records)) {
          if (status >= 300 && (records.carrier === 'harmless' || status >= 500))
            throw new Error(`${path.name}: expected 200 or 202, got ${status}: ${text.slice(0, 200)}`)
        }
      }),
    )
  }
  const later = addressees.filter(({ path }) => path.comesLater)
  await lead(later)
  const times = new Set(later.map(({ person }) => Date.parse(person.booking.scheduledAt)))
  await ageDatabase(database.url, hoursUntilLater * 3600, { except: times })
  // a reminder is planned only where the booking is taken in before it is due
  const isReminder = ({ path }: Addressee): boolean => path.name.startsWith('reminder')
  const soon = addressees.filter(({ path }) => !path.comesLater)
  const reminded = soon.filter(isReminder)
  const isHarmless = ({ records }: Addressee): boolean => records.carrier === 'harmless'
  // those who are waited for come last, so that the others have had their turn
  await lead(reminded.filter((one) => !isHarmless(one)))
  await lead(reminded.filter(isHarmless))
  const others = soon.filter((one) => !isReminder(one))
  await lead(others.filter((one) => !isHarmless(one)))
  await lead(others.filter(isHarmless))
}

/** Waits for the messages that the contract promises to those whose records say nothing of health, and then for silence. */
async function untilMessaged(addressees: readonly Addressee[], journal: Journal): Promise<void> {
  const awaited = addressees.filter(({ path, records }) => path.isPromised && records.carrier === 'harmless')
  const missing = (): string[] => {
    const messages = journal.messages()
    // whoever is asked for a deposit, by a link, has missed appointments and is written to about them too
    const isReached = (one: Addressee): boolean =>
      messages.some(({ to, body }) => to === phoneOf(one) && (!one.path.needsRisk || /https?:/.test(body)))
    return awaited.filter((one) => !isReached(one)).map(({ path }) => path.name)
  }
  await untilTrue('messages to customers', () => missing().length === 0, 12_000).catch(() => {
    throw new Error(
      `Expected a message on every path to customers whose records are harmless, none came on: ${missing().join(', ')}.`,
    )
  })
  let seen = -1
  await untilTrue('messages under way to end', async () => {
    const before = seen
    seen = journal.calls('twilio').length
    await sleep(before === seen ? 0 : quietMilliseconds)
    return before === seen
  })
}

/** @throws when the source sends a message that no path led to. */
function requireAll({ subject }: Context, known: readonly string[], seen: ReadonlySet<string>): void {
  const missed = usesOf(
    subject,
    known.filter((name) => !seen.has(name)),
    [...seen],
  )
  if (missed.length === 0) return
  const places = missed.map(({ name, file }) => `${name} in ${file}`).join(', ')
  throw new Error(
    `The source sends messages that no path led to (${places}): whether they carry health information was not seen.`,
  )
}
