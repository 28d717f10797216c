import { glob, readFile, writeFile } from 'node:fs/promises'
import { extname, join } from 'node:path'
import type { ControlContext } from '../../control.ts'
import { cloneTemplate } from '../../database/template.ts'
import type { FacilityMap } from '../../facilities.ts'
import { noteResource } from '../../reaper/ledger.ts'
import { startApp } from '../../subject/app.ts'
import type { App } from '../../subject/app.ts'
import { makeConsentedCustomers } from '../../subject/consented.ts'
import { copySubject } from '../../subject/copy.ts'
import { sendingPaths } from '../../subject/sending-paths.ts'
import { templateVariable } from '../../subject/message-templates.ts'
import { untilTrue } from '../../subject/waiting.ts'
import type { PhiTrial } from './judge.ts'
import { smsCalls } from './search.ts'
import type { StoredTemplate } from './templates.ts'
import { harmlessTexts, makeMark, withMark } from './texts.ts'

type Altered = PhiTrial['altered']
type Context = ControlContext & Pick<FacilityMap, 'providers' | 'run'>

const treatment = 'chemotherapy'
const ofTemplates = new Set([
  '.ts',
  '.js',
  '.mts',
  '.mjs',
  '.cts',
  '.cjs',
  '.json',
  '.yaml',
  '.yml',
  '.txt',
  '.hbs',
  '.njk',
  '.sql',
])
const leftOut = /(?:^|\/)(?:node_modules|tests?|__tests__|docs|dist|coverage|\.git)(?:\/|$)/
const shortestFragment = 10
/** The paths whose messages come at once. */
const driven = /^reminder (?:48|24)|another time|that cancels|that confirms/

/** Writes a treatment into the stored templates of a copy of the subject, starts it, and has it send messages. */
export async function tryAlteredTemplates(
  context: Context,
  templates: readonly StoredTemplate[],
  /** Takes the numbers of the copy's customers. */
  phones: Set<string>,
): Promise<Altered> {
  const altered = await startCopy(context, templates, treatment, phones)
  if (altered.outcome !== 'not started') return { templates: altered.count, ...altered.result }
  if (!/template|health|protect|phi|diagnos|treatment|chemo/i.test(altered.reason)) {
    // it may be for another reason, such as a checksum, that the copy does not start
    const harmless = await startCopy(context, templates, 'with pleasure')
    if (harmless.outcome === 'not started')
      throw new Error(
        `Expected a copy of the subject with a harmless change in its templates to start, it did not: whether templates with health information are refused was not seen. ${harmless.reason}`,
      )
  }
  return { templates: altered.count, outcome: 'refused at the start', messages: [] }
}

type Started =
  | { outcome: 'started'; count: number; result: Pick<Altered, 'outcome' | 'messages'> }
  | { outcome: 'not started'; count: number; reason: string }

async function startCopy(
  { subject, run, providers, signal }: Context,
  templates: readonly StoredTemplate[],
  words: string,
  phones?: Set<string>,
): Promise<Started> {
  if (!run.database.ready) throw new Error(`There is no database: ${run.database.problem}`)
  const copy = join(run.runDirectory, `templates-${makeMark()}`)
  await copySubject(subject.root, copy)
  const count = await alter(copy, templates, words)
  await using clone = await cloneTemplate(run.database.description, run.database.template, {
    onNamed: (name, adminUrl) => noteResource(run.runDirectory, { kind: 'database', adminUrl, name, owner: 'control' }),
  })
  const starting = startApp({
    run,
    signal,
    subject: { ...subject, root: copy },
    databaseUrl: clone.url,
    providerUrls: providers.urls,
    labEnvironment: subject.runtime === 'node' ? providers.environment : {},
  })
  let app: App
  try {
    app = await starting
  } catch (error) {
    signal.throwIfAborted()
    return { outcome: 'not started', count, reason: error instanceof Error ? error.message : String(error) }
  }
  await using started = app
  const result =
    phones === undefined
      ? { outcome: 'refused when due' as const, messages: [] }
      : await drive(started, providers, phones)
  return { outcome: 'started', count, result }
}

/** Writes the words in front of a sentence of each template, wherever that is in the copy. @throws when none is found. */
async function alter(copy: string, templates: readonly StoredTemplate[], words: string): Promise<number> {
  const files = new Map<string, string>()
  for await (const path of glob('**/*', { cwd: copy, exclude: (name) => leftOut.test(name) }))
    if (ofTemplates.has(extname(path)) && !leftOut.test(path)) files.set(path, await readFile(join(copy, path), 'utf8'))
  const altered = new Map<string, string>()
  let count = 0
  for (const { texts } of templates) {
    const fragment = texts.flatMap(fragmentsOf).find((one) => [...files.values()].some((text) => text.includes(one)))
    if (fragment === undefined) continue
    count += 1
    for (const [path, text] of files)
      if (text.includes(fragment)) {
        const before = altered.get(path) ?? text
        if (!before.includes(`${words} ${fragment}`))
          altered.set(path, before.replaceAll(fragment, `${words} ${fragment}`))
      }
  }
  if (count === 0)
    throw new Error(
      'No template of the profile packs was found in the source: whether a template with health information is refused was not seen.',
    )
  await Promise.all([...altered].map(([path, text]) => writeFile(join(copy, path), text)))
  return count
}

/** Parts of a template that stand in the source as they are, the longest first. */
const fragmentsOf = (text: string): string[] =>
  text
    .split(templateVariable)
    .flatMap((part) => part.match(/[\p{L}][\p{L}\p{N} ,]+/gu) ?? [])
    .map((part) => part.trim())
    .filter((part) => part.length >= shortestFragment && !/\bSTOP\b/.test(part))
    .toSorted((one, other) => other.length - one.length)

async function drive(
  { client }: App,
  providers: Context['providers'],
  phones: Set<string>,
): Promise<Pick<Altered, 'outcome' | 'messages'>> {
  const administrator = await client.administrator()
  const paths = sendingPaths([]).filter(({ name }) => driven.test(name))
  const people = await makeConsentedCustomers(client, administrator, paths.length)
  for (const { booking } of people) phones.add(booking.person.phone)
  await Promise.all(
    paths.map(async ({ lead }, index) => {
      const person = people[index]
      if (person !== undefined) await lead({ client, administrator }, person)
    }),
  )
  const sent = (): string[] => smsCalls(providers.journal).flatMap(({ to, text }) => (phones.has(to) ? [text] : []))
  const mark = makeMark()
  // a free text as the clock, once reminders are due
  await untilTrue('templates to be due', () => sent().length >= paths.length, 3000).catch(() => undefined)
  const [first] = people
  if (first === undefined) throw new Error('Expected customers of the altered copy, there are none.')
  await administrator.queueMessage(first.customer.id, withMark(harmlessTexts[0] ?? '', mark))
  await untilTrue('a harmless text to be sent by the copy', () => sent().some((text) => text.includes(mark)))
  const others = sent().filter((text) => !text.includes(mark))
  const messages = others.filter((text) => text.includes(treatment))
  if (messages.length > 0) return { outcome: 'sent', messages: [...new Set(messages)].slice(0, 5) }
  return { outcome: others.length === 0 ? 'refused when due' : 'sent without it', messages: [] }
}
