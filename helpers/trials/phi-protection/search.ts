import { findIn } from '../../evidence/encodings.ts'
import type { Journal } from '../../providers/journal.ts'
import type { Canary } from './canaries.ts'
import { findHealthInformation, plainText } from './detector.ts'
import type { PhiTrial } from './judge.ts'

/** Health information found in a message. */
export type Finding = PhiTrial['messages']['toOthers'][number]

const shortestEncoded = 5
const shortestPart = 6

/** A text with its plain readings, made once however many words are looked for. */
export interface Searchable {
  text: string
  plain: string
  /** The plain reading without what separates digits. */
  joined: string
}

/** @see Searchable */
export function searchable(text: string): Searchable {
  const plain = plainText(text)
  return { text, plain, joined: plain.replaceAll(/(?<=\d)[- ./_]{1,3}(?=\d)/g, '') }
}

/** In which form a word or number stands in a text; undefined when it does not. */
export function formOf(word: string, { text, plain, joined }: Searchable): string | undefined {
  const sought = plainText(word)
  const isWord = new RegExp(`(?<![a-z0-9])${escape(sought)}(?![a-z0-9])`).test(plain)
  const digits = sought.replaceAll(/\D/g, '')
  const isNumber = digits.length >= shortestPart && /^[\d\s./_-]+$/.test(sought)
  const isThere = isNumber
    ? new RegExp(`(?<!\\d)${digits}(?!\\d)`).test(joined)
    : isWord || (sought.length >= shortestPart && plain.includes(sought))
  if (isThere) return text.includes(word) ? 'as it is' : 'in another spelling'
  if (word.length < shortestEncoded) return undefined
  const needles = [...new Set([word, word.toLowerCase(), sought, word.toUpperCase()])]
  return findIn(text, needles).find(({ encoding }) => encoding !== 'raw')?.encoding
}

const escape = (term: string): string => term.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)

/** Canaries in a text, and what the detector finds beside them. */
export function findAll(text: string, canaries: readonly Canary[]): Finding[] {
  const read = searchable(text)
  const known = canaries.flatMap(({ word, kind, field }): Finding[] => {
    const form = formOf(word, read)
    return form === undefined ? [] : [{ word, kind, field, form }]
  })
  const isKnown = (word: string): boolean =>
    known.some((one) => word.includes(plainText(one.word)) || plainText(one.word).includes(word))
  const detected = findHealthInformation(text).filter(({ word }) => !isKnown(word))
  return [...known, ...detected.map(({ word, kind }) => ({ word, kind, field: null, form: 'as it is' }))]
}

/** What the SMS provider was asked to send, whether or not it did. */
export interface SmsCall {
  to: string
  /** All that it was given but the addresses: a text may also stand in a content variable or in a link to media. */
  text: string
}

const addresses = new Set(['To', 'From', 'MessagingServiceSid'])

/** Every call to the SMS provider so far. */
export function smsCalls(journal: Journal): SmsCall[] {
  return journal.calls('twilio').flatMap(({ form }) => {
    if (form?.To === undefined) return []
    const given = Object.entries(form).filter(([name]) => !addresses.has(name))
    return [{ to: form.To, text: given.map(([, value]) => value).join('\n') }]
  })
}
