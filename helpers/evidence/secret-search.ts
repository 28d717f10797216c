import { findIn, labelled, readingsOf } from './encodings.ts'
import type { EncodedFinding, Needles } from './encodings.ts'

/** Shorter runs of a secret give too little away, and are too likely to stand somewhere by chance. */
const pieceLength = 12
const pieceStep = 2
const compressedText = /(?:H4sI|eJ|eN|eA)[\w+/-]{20,}={0,2}|\b1f8b08[0-9a-f]{20,}/g
// what its issuer puts in front of every key of a kind, and what a password policy asks for
const publicPrefix = /^(?:(?:[a-z]{2,8}[_-])+(?:51)?|Aa1!)/

/**
 * Finds secrets in a text or in bytes as {@link findIn} does, and also where only a part of one is shown, such as a mask that
 * covers the wrong end, and in what is compressed inside a text.
 */
export function findSecrets(haystack: string | Buffer, secrets: Needles): EncodedFinding[] {
  const texts = (typeof haystack === 'string' ? [haystack] : readingsOf(haystack)).flatMap((text) => [
    text,
    ...[...text.matchAll(compressedText)].flatMap(([run]) =>
      readingsOf(Buffer.from(run, run.startsWith('1f8b') ? 'hex' : 'base64')).slice(2),
    ),
  ])
  const whole = texts.flatMap((text) => findIn(text, secrets))
  const known = new Set(whole.map(({ label }) => label))
  const partial = texts.flatMap((text) => findPieces(text, secrets)).filter((label) => !known.has(label))
  return [...whole, ...[...new Set(partial)].map((label) => ({ label, encoding: 'raw, a part of it' }))]
}

function findPieces(text: string, secrets: Needles): string[] {
  const pieces = piecesOf(secrets)
  const found: string[] = []
  for (let start = 0; start + pieceLength <= text.length; start += 1) {
    const label = pieces.get(text.slice(start, start + pieceLength))
    if (label !== undefined) found.push(label)
  }
  return found
}

const known = new WeakMap<object, Map<string, string>>()

function piecesOf(secrets: Needles): Map<string, string> {
  const cut = known.get(secrets) ?? cutPieces(secrets)
  known.set(secrets, cut)
  return cut
}

function cutPieces(secrets: Needles): Map<string, string> {
  const pieces = new Map<string, string>()
  for (const [label, secret] of labelled(secrets)) {
    const body = secret.replace(publicPrefix, '')
    for (let start = 0; start + pieceLength <= body.length; start += pieceStep) {
      pieces.set(body.slice(start, start + pieceLength), label)
    }
  }
  return pieces
}
