import { createHash, getHashes } from 'node:crypto'
import type { EncodedFinding } from '../../evidence/encodings.ts'

const wanted = [
  'md5',
  'sha1',
  'sha224',
  'sha256',
  'sha384',
  'sha512',
  'sha512-256',
  'sha3-256',
  'sha3-512',
  'ripemd160',
  'blake2b512',
  'blake2s256',
]
/** So many characters of a digest are kept at least where it is cut short. */
const shownCharacters = 16
const available = new Set(getHashes())

/**
 * Digests of values that whoever knows their form can guess: without a key, or with a text beside them that is no secret. They
 * are known by their beginning, so that those cut short are found as well.
 */
export class GuessableDigests {
  readonly #known = new Map<string, { label: string; encoding: string }>()

  /** Adds the digests of a value, in the forms in which it may have been hashed. */
  add(label: string, value: string, beside: readonly string[]): void {
    const algorithms = wanted.filter((algorithm) => available.has(algorithm))
    for (const spelling of spellings(value)) {
      for (const input of [spelling, ...beside.flatMap((text) => joined(spelling, text))]) {
        for (const algorithm of algorithms) {
          const digest = createHash(algorithm).update(input).digest()
          for (const form of ['hex', 'base64', 'base64url'] as const) {
            const begin = digest.toString(form).slice(0, shownCharacters)
            this.#known.set(begin, { label, encoding: `digest by ${algorithm}, ${form}` })
          }
        }
      }
    }
  }

  /** Which of them stand in a text. */
  findIn(text: string): EncodedFinding[] {
    return [...text.matchAll(word)].flatMap(([whole]) => {
      const found = [...whole.matchAll(beginning)].flatMap(({ index }) => {
        const begin = whole.slice(index, index + shownCharacters)
        return this.#known.get(begin) ?? this.#known.get(begin.toLowerCase()) ?? []
      })
      return found.slice(0, 1)
    })
  }
}

const word = /[A-Za-z0-9+/_-]{16,}/g
/** Where a digest may begin within a word: at its start, and after what some write before it. */
const beginning = /^|(?<=[-_/x])/g

function spellings(value: string): string[] {
  if (value.includes('@')) return [...new Set([value, value.toLowerCase()])]
  const digits = value.replaceAll(/\D/g, '')
  return [...new Set([value, digits, digits.replace(/^1/, ''), `tel:${value}`])]
}

const joined = (value: string, text: string): string[] =>
  ['', ':', '|', '-', '/', '\n', '.', '_'].flatMap((mark) => [`${text}${mark}${value}`, `${value}${mark}${text}`])
