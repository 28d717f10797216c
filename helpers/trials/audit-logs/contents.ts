import { findIn } from '../../evidence/encodings.ts'

/** A text that was in what was done, and may not be in what is noted of it. */
export interface Canary {
  kind: 'secret' | 'message body' | 'health information' | 'personal data'
  label: string
  text: string
}

/** The canaries that lie in a text, in any usual encoding. */
export function findCanaries(where: string, text: string, canaries: readonly Canary[]) {
  return canaries.flatMap((canary) => {
    const [found] = findIn(text, { [canary.label]: canary.text })
    return found === undefined ? [] : [{ kind: canary.kind, label: canary.label, encoding: found.encoding, where }]
  })
}
