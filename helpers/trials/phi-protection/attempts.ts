import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import type { AuditEntry } from '../../subject/audit-log.ts'
import { errorEnvelopeSchema } from '../../subject/client.ts'
import type { ConsentedCustomer } from '../../subject/consented.ts'
import type { Administrator } from '../../subject/administrator.ts'
import type { Answer } from '../../subject/request.ts'
import { findHealthInformation } from './detector.ts'
import type { PhiTrial } from './judge.ts'
import { formOf, searchable } from './search.ts'
import type { SmsCall } from './search.ts'
import { forbiddenTexts, forbiddenValue, harmlessTexts, makeMark, withMark } from './texts.ts'
import type { ForbiddenText } from './texts.ts'
import { variablesOf } from './templates.ts'
import type { StoredTemplate } from './templates.ts'
import { noteFinder, quoteFinder, shapeOf, shapesOf } from './traces.ts'
import type { Traces } from './traces.ts'

type Attempt = PhiTrial['attempts'][number]

/** A request to send something, and its answer. */
interface Asked {
  id: string
  mark: string
  person: ConsentedCustomer
  answer: Answer
}

interface AskedForbidden extends Asked {
  forbidden: ForbiddenText
  way: Attempt['way']
}

/** All that was asked, before it is looked at what became of it. */
export interface AskedTexts {
  forbidden: readonly AskedForbidden[]
  harmless: readonly (Asked & { text: string })[]
  /** Ids of requests that are refused for their form, or accepted, of their messages, and of who is asked nothing else. */
  usual: readonly string[]
  /** Whether this API fills in templates. */
  fillsIn: boolean
}

const ask = async (
  administrator: Administrator,
  person: ConsentedCustomer,
  content: (mark: string) => Record<string, unknown>,
): Promise<Asked> => {
  const [id, mark] = [randomUUID(), makeMark()]
  const body = { customerId: person.customer.id, ...content(mark) }
  return { id, mark, person, answer: await administrator.send('POST', '/messages', body, { 'X-Correlation-Id': id }) }
}

const queuedSchema = z.looseObject({ messageId: z.string().min(6) })

const messageIdOf = ({ json }: Answer): string[] => {
  const queued = queuedSchema.safeParse(json)
  return queued.success ? [queued.data.messageId] : []
}

/** Asks for all texts to be sent, the forbidden ones first: a customer who gets one of them has fewer messages left. */
export async function askForTexts(
  administrator: Administrator,
  people: readonly ConsentedCustomer[],
  templates: readonly StoredTemplate[],
): Promise<AskedTexts> {
  const malformed: Asked[] = []
  for (const content of [{ body: '' }, {}, { body: 7 }, { body: 'x'.repeat(20_000) }])
    malformed.push(await ask(administrator, personAt(people, 0), () => content))
  // some are asked nothing else, so that a harmless text is due to them whatever becomes of the others
  const tried = people.slice(harmlessTexts.length)
  const forbidden = await inTurn(tried, forbiddenTexts, async (person, text) => ({
    ...(await ask(administrator, person, (mark) => ({ body: withMark(text.text, mark) }))),
    forbidden: text,
    way: 'free text' as const,
  }))
  const filled = await inTurn(tried, valuesFor(templates), async (person, { template, variable, values }) => ({
    ...(await ask(administrator, person, (mark) => ({
      template,
      variables: { ...values, [variable]: `${forbiddenValue.value} ${mark}` },
    }))),
    forbidden: { ...forbiddenValue, name: `${template}, ${variable}`, language: 'English' as const, text: '' },
    way: 'template variable' as const,
  }))
  const harmless = await inTurn(people, people, async (person, _person, index) => {
    const text = harmlessTexts[index % harmlessTexts.length] ?? ''
    return { ...(await ask(administrator, person, (mark) => ({ body: withMark(text, mark) }))), text }
  })
  const plain = templates.slice(0, 2).map(({ name, texts }) => ({ template: name, values: harmlessValues(texts) }))
  const untouched = await inTurn(people, plain, (person, { template, values }) =>
    ask(administrator, person, () => ({ template, variables: values })),
  )
  return {
    forbidden: [...forbidden, ...filled],
    harmless,
    usual: [
      ...[...malformed, ...harmless, ...untouched].flatMap(({ id, answer }) => [id, ...messageIdOf(answer)]),
      ...people.filter((person) => !tried.includes(person)).map(({ customer }) => customer.id),
    ],
    fillsIn: untouched.some(({ answer }) => answer.status < 300),
  }
}

/** What became of each text; `before` is what the audit log held until then. */
export function outcomesOf(
  asked: AskedTexts,
  calls: readonly SmsCall[],
  traces: Traces,
  before: readonly AuditEntry[],
): Attempt[] {
  const usual = new Set([...shapesOf(traces, asked.usual), ...before.map((entry) => shapeOf(JSON.stringify(entry)))])
  const quotes = quoteFinder(traces)
  const marks = [...asked.forbidden, ...asked.harmless].map(({ mark }) => mark)
  const freeTexts = asked.forbidden.filter(({ way }) => way === 'free text')
  const isNotedOf = noteFinder(traces, usual, freeTexts)
  return asked.forbidden.map(({ id, mark, person, answer, forbidden: { name, kind, language, word }, way }) => {
    const received = calls.filter(({ to }) => to === person.booking.person.phone)
    const messages = received.filter(({ text }) => text.includes(mark))
    // another text in its place, such as the request to call
    const others = received.filter(({ text }) => !marks.some((one) => text.includes(one)))
    const sent = messages.filter(({ text }) => carries(text, word)).length
    const isRefused = answer.status >= 400
    const isAccepted = freeTexts.some((one) => one.person === person && one.answer.status < 300)
    return {
      name,
      kind,
      language,
      way,
      isSupported: way === 'free text' || asked.fillsIn,
      status: answer.status,
      hasEnvelope: errorEnvelopeSchema.safeParse(answer.json).success,
      sent,
      sentWithout: messages.length - sent + (isRefused ? 0 : others.length),
      isNoted: isNotedOf({ request: id, customer: person.customer.id }) || (isRefused && isAccepted ? null : false),
      quotedIn: [
        ...(isRefused && formOf(word, searchable(answer.text)) !== undefined ? ['the answer'] : []),
        ...(sent > 0 ? [] : quotes(word)),
      ],
    }
  })
}

const carries = (text: string, word: string): boolean =>
  formOf(word, searchable(text)) !== undefined || findHealthInformation(text).length > 0

function valuesFor(templates: readonly StoredTemplate[]) {
  return templates.flatMap(({ name, texts }) => {
    const values = harmlessValues(texts)
    return Object.keys(values).map((variable) => ({ template: name, variable, values }))
  })
}

const usualValues: readonly (readonly [RegExp, string])[] = [
  [/url|link/i, 'https://checkout.stripe.com/c/pay/cs_test_a1B2c3D4'],
  [/date|day/i, 'Thursday, November 26'],
  [/time|hour/i, '3:00 PM'],
  [/amount|price/i, '50'],
]

const harmlessValues = (texts: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    texts
      .flatMap(variablesOf)
      .map((name) => [name, usualValues.find(([names]) => names.test(name))?.[1] ?? 'Harbor Clinic']),
  )

const personAt = (people: readonly ConsentedCustomer[], index: number): ConsentedCustomer => {
  const person = people[index % people.length]
  if (person === undefined) throw new Error('Expected customers to whom texts are sent, there are none.')
  return person
}

/** Does something for each item; the items of one person one after the other, those of different people at once. */
async function inTurn<Item, Result>(
  people: readonly ConsentedCustomer[],
  items: readonly Item[],
  work: (person: ConsentedCustomer, item: Item, index: number) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = []
  await Promise.all(
    people.map(async (person, row) => {
      for (const [index, item] of items.entries())
        if (index % people.length === row) results[index] = await work(person, item, index)
    }),
  )
  return results
}
