import { gunzipSync, inflateRawSync, inflateSync } from 'node:zlib'

/** One form in which a text may lie somewhere. */
export interface EncodedForm {
  encoding: string
  text: string
  /** Whether upper and lower case are the same in this form. */
  ignoresCase?: boolean
}

/** A needle found, and in which form. */
export interface EncodedFinding {
  label: string
  encoding: string
}

/** Texts to look for, each under the label by which findings name it. */
export type Needles = readonly string[] | Readonly<Record<string, string>>

const shortestForm = 6

// a search asks for the same needles column after column
const known = new Map<string, EncodedForm[]>()
const mostKnown = 5000

/** The forms in which a needle is looked for: raw, base64 at each alignment, hexadecimal, URL- and JSON-escaped, reversed. */
export function encodingsOf(needle: string): EncodedForm[] {
  const forms = known.get(needle) ?? makeForms(needle)
  if (known.size < mostKnown) known.set(needle, forms)
  return forms
}

function makeForms(needle: string): EncodedForm[] {
  const forms: EncodedForm[] = [
    { encoding: 'raw', text: needle },
    { encoding: 'URL-encoded', text: encodeURIComponent(needle) },
    { encoding: 'form-encoded', text: new URLSearchParams([['', needle]]).toString().slice(1) },
    { encoding: 'JSON-escaped', text: JSON.stringify(needle).slice(1, -1) },
    { encoding: 'JSON-escaped', text: escapeAll(needle).toLowerCase(), ignoresCase: true },
    { encoding: 'reversed', text: [...needle].toReversed().join('') },
    { encoding: 'hexadecimal', text: Buffer.from(needle).toString('hex'), ignoresCase: true },
    ...base64Forms(needle),
  ]
  const seen = new Set<string>()
  return forms.filter((form) => {
    const isNew = form.text.length >= Math.min(shortestForm, needle.length) && !seen.has(form.text)
    seen.add(form.text)
    return isNew
  })
}

/** Finds which needles lie in a text or in bytes, compressed bytes included. */
export function findIn(haystack: string | Buffer, needles: Needles): EncodedFinding[] {
  const texts = typeof haystack === 'string' ? [haystack] : readingsOf(haystack)
  const lowered = texts.map((text) => text.toLowerCase())
  return labelled(needles).flatMap(([label, needle]) =>
    encodingsOf(needle)
      .filter(({ text, ignoresCase }) =>
        ignoresCase === true
          ? lowered.some((candidate) => candidate.includes(text))
          : texts.some((candidate) => candidate.includes(text)),
      )
      .map(({ encoding }) => ({ label, encoding })),
  )
}

/** Needles as pairs of label and text; a list's needles are their own labels. */
export const labelled = (needles: Needles): [label: string, needle: string][] =>
  Array.isArray(needles)
    ? needles.map((needle: string) => [needle, needle])
    : Object.entries(needles as Record<string, string>)

/** Bytes as text: as they are, and uncompressed where they are compressed. */
export function readingsOf(bytes: Buffer): string[] {
  const readings = [bytes.toString('utf8'), bytes.toString('hex')]
  for (const uncompress of [gunzipSync, inflateSync, inflateRawSync]) {
    try {
      readings.push(uncompress(bytes, { maxOutputLength: 64 * 1024 * 1024 }).toString('utf8'))
    } catch {
      // not compressed in this way
    }
  }
  return readings
}

const escapeAll = (text: string): string =>
  [...text].map((letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')

/** Inside a longer text a needle starts at any of three places of a base64 group; only whole groups of it are certain. */
function base64Forms(needle: string): EncodedForm[] {
  const bytes = Buffer.from(needle)
  return [0, 1, 2].flatMap((offset) => {
    const padded = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64')
    const start = offset === 0 ? 0 : 4
    const certain = padded.slice(start, padded.length - (padded.endsWith('=') ? 4 : 0))
    const urlSafe = certain.replaceAll('+', '-').replaceAll('/', '_')
    return [
      { encoding: 'base64', text: certain },
      ...(urlSafe === certain ? [] : [{ encoding: 'base64url', text: urlSafe }]),
    ]
  })
}
