import { patterns } from './secret-patterns.ts'
import { formsOf } from './secret-forms.ts'

/** Below this a secret is too short to be told from ordinary text, and is not searched for. */
export const shortestSecret = 6

/**
 * A copy of plain JSON data in which every secret is replaced, in values and in keys: the given ones in raw, base64, hex
 * and URL-encoded form, and whatever looks like a credential, a phone number or an e-mail address. Equal secrets get equal
 * placeholders within one call, such as "(redacted phone 2)", so that a judgement on the data stays the same.
 */
export function redact<Value>(value: Value, secrets: readonly string[]): Value {
  const everything = stringsOf(value).join('\u0000')
  const replacements = [...exactReplacements(everything, secrets), ...patternReplacements(everything)]
  if (replacements.length === 0) return value
  const numbering = new Map<string, number>()
  const rewrite = (text: string): string =>
    replacements.reduce((rest, { kind, expression, identify, keep }) => {
      return rest.replace(expression, (...match: string[]) => {
        const found = match[0] ?? ''
        const [before, after] = keep(match)
        const number = numberOf(numbering, kind, identify(found))
        return `${before}(redacted ${kind} ${number})${after}`
      })
    }, text)
  // the shape is kept: only strings change, and they stay strings
  return mapStrings(value, rewrite) as Value
}

interface Replacement {
  kind: string
  expression: RegExp
  /** Two finds with the same identity are the same secret in another form. */
  identify(found: string): string
  /** What stays before and after the placeholder. */
  keep(match: string[]): [string, string]
}

const escapeExpression = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`)

const keepNothing = (): [string, string] => ['', '']

function exactReplacements(everything: string, secrets: readonly string[]): Replacement[] {
  const owners = new Map<string, string>()
  for (const secret of new Set(secrets)) {
    if (secret.length < shortestSecret) continue
    for (const form of formsOf(secret)) if (!owners.has(form) && everything.includes(form)) owners.set(form, secret)
  }
  if (owners.size === 0) return []
  const longestFirst = [...owners.keys()].sort((a, b) => b.length - a.length)
  const expression = new RegExp(longestFirst.map(escapeExpression).join('|'), 'g')
  return [{ kind: 'secret', expression, identify: (found) => owners.get(found) ?? found, keep: keepNothing }]
}

function patternReplacements(everything: string): Replacement[] {
  return patterns
    .filter(({ hint }) => hint.test(everything))
    .map(({ kind, expression, wraps }) => ({
      kind,
      expression,
      identify: (found) => found,
      keep: wraps ? (match) => [match[1] ?? '', match[2] ?? ''] : keepNothing,
    }))
}

function numberOf(numbering: Map<string, number>, kind: string, identity: string): number {
  const key = `${kind} ${identity}`
  const known = numbering.get(key)
  if (known !== undefined) return known
  const ofKind = [...numbering.keys()].filter((other) => other.startsWith(`${kind} `)).length
  numbering.set(key, ofKind + 1)
  return ofKind + 1
}

function stringsOf(value: unknown, found: string[] = []): string[] {
  if (typeof value === 'string') found.push(value)
  else if (Array.isArray(value)) for (const item of value) stringsOf(item, found)
  else if (typeof value === 'object' && value !== null) {
    for (const [key, inner] of Object.entries(value)) {
      found.push(key)
      stringsOf(inner, found)
    }
  }
  return found
}

function mapStrings(value: unknown, rewrite: (text: string) => string): unknown {
  if (typeof value === 'string') return rewrite(value)
  if (Array.isArray(value)) return value.map((item) => mapStrings(item, rewrite))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [rewrite(key), mapStrings(inner, rewrite)]))
}
