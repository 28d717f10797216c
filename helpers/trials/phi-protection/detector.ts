import { healthTerms, healthKinds, identifierShapes, medicationEndings } from './terms.ts'
import type { HealthKind } from './terms.ts'

/** Health information in a text. */
export interface HealthFinding {
  kind: HealthKind
  /** What was found, in plain letters. */
  word: string
}

const lookAlikes: Readonly<Record<string, string>> = {
  а: 'a',
  е: 'e',
  о: 'o',
  р: 'p',
  с: 'c',
  х: 'x',
  у: 'y',
  і: 'i',
  ѕ: 's',
}
const entity = /&(?:#(\d{1,7})|#x([\da-f]{1,6}));/gi
const percent = /(?:%[\da-f]{2})+/gi

/** A text in one spelling: lower case, without accents and invisible characters, full-width forms, dashes and spaces made plain. */
export function plainText(text: string): string {
  return text
    .normalize('NFKD')
    .replaceAll(/[\p{M}\p{Cf}]/gu, '')
    .replaceAll(/[\p{Pd}\u2212]/gu, '-')
    .replaceAll(/\s+/g, ' ')
    .toLowerCase()
    .replaceAll(/[\u0400-\u04ff]/g, (letter) => lookAlikes[letter] ?? letter)
}

const escape = (term: string): string => term.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)

const words: readonly (readonly [HealthKind, RegExp])[] = healthKinds.flatMap((kind) => {
  const known = healthTerms[kind]
  if (known === undefined) return []
  const terms = known.map((term) => (term.endsWith('*') ? `${escape(term.slice(0, -1))}[a-z]*` : `${escape(term)}s?`))
  return [[kind, new RegExp(String.raw`(?<![a-z0-9])(?:${terms.join('|')})(?![a-z0-9])`, 'g')] as const]
})

// a person or a street that is called like an illness
const nameBefore = /\b(?:dr|dra|doctor|doctora|mr|mrs|ms|prof)\.? (?:[a-z]\.? )?$/
const nameAfter =
  /^(?: [a-z]+)? (?:st|street|rd|road|ave|avenue|blvd|boulevard|lane|ln|ridge|creek|way|drive|square|plaza|park|court|bridge|hill)\b/
const placeBefore = /\b(?:calle|avenida|avda|plaza|paseo) (?:de |del |de la )?(?:dr\.? )?$/
// "the surgery" is also the house, and a stroke is also one of luck
const otherSense = /\b(?:surgery (?:is (?:open|closed)|hours)|stroke of luck|hearing aids?|computer virus)\b/g

/** Health information in a text, in any of its readings; each word once. */
export function findHealthInformation(text: string): HealthFinding[] {
  const found = new Map<string, HealthFinding>()
  for (const reading of readingsOf(text)) {
    const plain = plainText(reading).replaceAll(otherSense, ' ')
    for (const one of [plain, joinSpelled(plain), plain.replaceAll(/(?<=[a-z])-(?=[a-z])/g, '')])
      for (const finding of findInPlain(one)) found.set(`${finding.kind} ${finding.word}`, finding)
  }
  return [...found.values()]
}

function* findInPlain(plain: string): Generator<HealthFinding> {
  for (const [kind, shape] of identifierShapes) for (const [word] of plain.matchAll(shape)) yield { kind, word }
  for (const [kind, pattern] of words) {
    for (const { 0: word, index } of plain.matchAll(pattern)) {
      const [before, after] = [plain.slice(0, index), plain.slice(index + word.length)]
      const isName = nameBefore.test(before) || placeBefore.test(before) || nameAfter.test(after)
      if (kind !== 'condition' || !isName) yield { kind, word }
    }
  }
  for (const [word] of plain.matchAll(/(?<![a-z0-9/.=_-])[a-z]{8,}(?![a-z0-9/=_-])/g))
    if (medicationEndings.test(word)) yield { kind: 'medication', word }
}

/** "d i a b e t e s" is read as a word. */
const joinSpelled = (plain: string): string =>
  plain.replaceAll(/(?<![a-z])(?:[a-z][ .*_-]){4,}[a-z](?![a-z])/g, (run) => run.replaceAll(/[^a-z]/g, ''))

/** A text as it stands, and with what is percent-, entity-, base64- or hex-encoded in it. */
function readingsOf(text: string): string[] {
  const tokens = text.match(/[\w+/-]{10,}={0,2}/g) ?? []
  const decoded = tokens.flatMap((token) => [
    ...printable(Buffer.from(token, 'base64')),
    ...(/^(?:[\da-f]{2})+$/i.test(token) ? printable(Buffer.from(token, 'hex')) : []),
  ])
  return [
    text,
    text.replaceAll(percent, (run) => Buffer.from(run.replaceAll('%', ''), 'hex').toString('utf8')),
    text.replaceAll(entity, (_all, decimal?: string, hexadecimal?: string) => {
      const code = decimal === undefined ? Number.parseInt(hexadecimal ?? '', 16) : Number(decimal)
      return code <= 0x10ffff ? String.fromCodePoint(code) : ' '
    }),
    ...decoded,
  ]
}

function printable(bytes: Buffer): string[] {
  const text = bytes.toString('utf8')
  return /^[\p{L}\p{M}\p{N}\p{P}\p{Zs}\s]+$/u.test(text) && !text.includes('\uFFFD') ? [text] : []
}
