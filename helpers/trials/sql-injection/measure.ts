import { sqlInjections } from '../../attacks/sql-injections.ts'
import type { SqlInjection } from '../../attacks/sql-injections.ts'
import type { ControlContext } from '../../control.ts'
import type { ControlDatabase } from '../../database/control-database.ts'
import { auditStoredStatements } from '../../database/stored-statements.ts'
import { auditSql } from '../../source/sql/audit.ts'
import type { SqlAudit } from '../../source/sql/audit.ts'
import type { App } from '../../subject/app.ts'
import { makePerson } from '../../subject/people.ts'
import { seeEffects, takeBystander } from './effects.ts'
import { Marks } from './marks.ts'
import type { SqlTrial } from './judge.ts'
import { sendAll } from './sending.ts'
import type { Hostile, Sent } from './sending.ts'
import { makeProbes } from './probes.ts'
import type { Probe } from './probes.ts'
import { prepareSubjects, readStored } from './surroundings.ts'
import { readWire } from './wire.ts'

type Context = Pick<ControlContext, 'subject' | 'progress'>

/** Reads the source, then the wire while marked and hostile texts are sent in every field. */
export async function tryInjections(app: App, database: ControlDatabase, context: Context): Promise<SqlTrial> {
  const { progress } = context
  const { client } = app
  const { tap } = database.proxy
  const administrator = await client.administrator()
  const marks = new Marks()
  const prepared = await prepareSubjects(client, administrator, marks)
  const source = readSource(context.subject.root)
  const stored = await auditStoredStatements(database.url)
  if (stored.unreadable.length > 0)
    throw new Error(`Functions of the database that cannot be read: ${stored.unreadable.slice(0, 3).join('; ')}`)
  progress(`${source.calls} query calls and ${stored.routines} functions of the database were read`)
  const probes = makeProbes(client, prepared)
  const start = tap.mark()
  const ordinary = await sendAll(probes.map((probe) => ({ probe, texts: textsOf(marks, probe) })))
  await readStored(client, administrator, {
    customerIds: [prepared.customer.id],
    subscriptionIds: subscriptionsIn(ordinary),
  })
  await settle(database)
  const turn = tap.mark()
  progress('ordinary texts were sent')
  const bystander = await takeBystander(administrator, prepared)
  const hostile = hostileRequests(ordinary, marks)
  const sent = await sendAll(hostile)
  const effects = await seeEffects(administrator, bystander, sent)
  await readStored(client, administrator, {
    customerIds: effects.customerIds,
    subscriptionIds: subscriptionsIn(sent),
    erase: true,
  })
  await settle(database)
  const statements = tap.since(start)
  const bound = marks.boundIn(statements)
  requireArrival(ordinary, bound)
  return {
    source: { files: source.files, calls: source.calls, findings: source.findings },
    stored: { routines: stored.routines, findings: stored.findings },
    fields: fieldsOf([...ordinary, ...sent], bound),
    wire: await readWire(marks, {
      ordinary: statements.slice(0, turn - start),
      hostile: statements.slice(turn - start),
    }),
    payloads: await payloadsOf(ordinary, sent),
    effects: effects.evidence,
  }
}

/** @throws when there is nothing to read, or something that cannot be read. */
function readSource(root: string): SqlAudit {
  const audit = auditSql(root)
  if (audit.files === 0)
    throw new Error(
      `Expected TypeScript or JavaScript below ${root}, found none: root in the subject file names the repository.`,
    )
  if (audit.unreadable.length > 0)
    throw new Error(
      `Source that does not parse, so that its statements are not known: ${audit.unreadable.slice(0, 5).join('; ')}`,
    )
  if (audit.calls === 0)
    throw new Error(
      `Expected query calls in the ${audit.files} source files below ${root}, found none: how this subject speaks to its database is not known.`,
    )
  return audit
}

/** Queued work has run, and what it leads to. */
const settle = (database: ControlDatabase): Promise<void> =>
  database.proxy.tap.idle({ quietMilliseconds: 60, withinMilliseconds: 3000 }).catch(() => undefined)

const textsOf = (marks: Marks, { route, fields }: Probe, injection?: SqlInjection): Record<string, string> =>
  Object.fromEntries(
    fields.map((field) => {
      const mark = marks.make(`${route}: ${field}`)
      return [field, injection === undefined ? mark : injection.make(mark)]
    }),
  )

// what a parameter that holds no ordinary text is tried with, and one that does
const forRefusing: ReadonlySet<string> = new Set(['a truth'])
const forGuess: ReadonlySet<string> = new Set()
const forAccepting: ReadonlySet<string> = new Set(['a truth', 'a single quote', 'a sleep'])

function hostileRequests(ordinary: readonly Sent[], marks: Marks): Hostile[] {
  return ordinary.flatMap(({ probe, answer }) => {
    const few = answer.status < 300 ? forAccepting : probe.isGuess === true ? forGuess : forRefusing
    return sqlInjections
      .filter(({ name }) => probe.isThorough || few.has(name))
      .map((injection) => ({
        probe,
        injection,
        texts: { ...textsOf(marks, probe, injection), phone: makePerson().phone },
      }))
  })
}

function subscriptionsIn(sent: readonly Sent[]): string[] {
  return sent.flatMap(({ probe, answer }) => {
    const json = answer.json as { id?: unknown } | undefined
    return probe.fields.includes('subscription name') && answer.status < 300 && typeof json?.id === 'string'
      ? [json.id]
      : []
  })
}

/** @throws when the tap has not seen what was surely sent to the database: what it did not see proves nothing. */
function requireArrival(ordinary: readonly Sent[], bound: ReadonlyMap<string, number>): void {
  const arrived = (word: string): boolean => [...bound.keys()].some((field) => field.endsWith(`: ${word}`))
  for (const word of ['customer name', 'Body', 'aggregate id']) {
    const asked = ordinary.find(({ probe }) => probe.fields.includes(word))
    if (asked === undefined || asked.answer.status >= 300)
      throw new Error(
        `An ordinary text as ${word} was refused with ${asked?.answer.status ?? 'no answer'}: what becomes of hostile ones is not known.`,
      )
    if (!arrived(word))
      throw new Error(
        `An ordinary text as ${word} was accepted, and is in no bind value on the wire: the tap does not see where it goes.`,
      )
  }
}

function fieldsOf(sent: readonly Sent[], bound: ReadonlyMap<string, number>): SqlTrial['fields'] {
  const fields = new Map<string, SqlTrial['fields'][number]>()
  for (const { probe, answer } of sent) {
    for (const each of probe.fields) {
      const field = `${probe.route}: ${each}`
      const known = fields.get(field) ?? { field, sent: 0, accepted: 0, bound: bound.get(field) ?? 0 }
      fields.set(field, { ...known, sent: known.sent + 1, accepted: known.accepted + (answer.status < 300 ? 1 : 0) })
    }
  }
  return [...fields.values()]
}

const nameOf = ({ route, fields }: Probe): string => `${route}: ${fields.join(', ')}`
const slowMilliseconds = 2500
const revealing =
  /syntax error at or near|unterminated quoted|invalid input syntax for|SQLSTATE|pg_catalog|(?:relation|column) "[^"]*" does not exist|violates \w+ constraint|operator does not exist|\bselect\b.{1,200}\bfrom\b.{1,100}\bwhere\b|\binsert into \w+ ?\(|\bupdate \w+ set \w+ ?=|\bdelete from \w+ where\b/i

async function payloadsOf(ordinary: readonly Sent[], sent: readonly Sent[]): Promise<SqlTrial['payloads']> {
  const rowsBefore = new Map(ordinary.map((each) => [each.probe, rowsIn(each)]))
  const about = ({ probe, injection }: Sent): { field: string; payload: string } => ({
    field: nameOf(probe),
    payload: injection?.name ?? 'an ordinary text',
  })
  return {
    sent: sent.length,
    accepted: sent.filter(({ answer }) => answer.status < 300).length,
    failed: sent
      .filter(({ answer }) => answer.status >= 500 && answer.status !== 503)
      .map((each) => ({ ...about(each), status: each.answer.status })),
    leaks: sent.flatMap((each) => {
      // what was sent may come back; what is left tells of the database
      const own = Object.values(each.texts).reduce(
        (text, part) => text.replaceAll(part, '').replaceAll(JSON.stringify(part).slice(1, -1), ''),
        each.answer.text,
      )
      const quote = each.answer.status < 300 ? undefined : revealing.exec(own)?.[0]
      return quote === undefined ? [] : [{ ...about(each), quote }]
    }),
    matched: sent.flatMap((each) => {
      const rows = rowsIn(each)
      return rows > 0 && rowsBefore.get(each.probe) === 0 ? [{ ...about(each), rows }] : []
    }),
    slow: await findSlow(sent, about),
    slowest: {
      milliseconds: Math.max(...sent.map(({ answer }) => answer.durationMilliseconds)),
      samples: sent.length,
    },
  }
}

/** Rows of a list that was asked for by GET; 0 for any other answer. */
function rowsIn({ probe, answer }: Sent): number {
  const items = (answer.json as { items?: unknown } | undefined)?.items
  return probe.route.startsWith('GET ') && answer.status === 200 && Array.isArray(items) ? items.length : 0
}

/** A slow answer to a sleep is asked for again, beside the same text that sleeps for no time. */
async function findSlow(
  sent: readonly Sent[],
  about: (each: Sent) => { field: string; payload: string },
): Promise<SqlTrial['payloads']['slow']> {
  const slow: SqlTrial['payloads']['slow'] = []
  const suspects = sent.filter(
    ({ injection, answer }) => (injection?.sleepSeconds ?? 0) > 0 && answer.durationMilliseconds >= slowMilliseconds,
  )
  for (const each of suspects.slice(0, 3)) {
    const awake = Object.fromEntries(
      Object.entries(each.texts).map(([field, text]) => [field, text.replace(/pg_sleep\(\d+\)/, 'pg_sleep(0)')]),
    )
    const control = await each.probe.send(awake)
    const again = await each.probe.send(each.texts)
    if (again.durationMilliseconds < slowMilliseconds || control.durationMilliseconds >= slowMilliseconds) continue
    slow.push({
      ...about(each),
      milliseconds: again.durationMilliseconds,
      controlMilliseconds: control.durationMilliseconds,
    })
  }
  return slow
}
