import { extname } from 'node:path'
import { secretFormats } from './secret-formats.ts'
import { isPasswordLike, isPlaceholder, isRandomLooking, kindOfName } from './secret-values.ts'

/** What looks like a secret in a text. */
export interface SecretFound {
  rule: string
  value: string
  isLive: boolean
  /** Offsets in the text where it stands, in whatever encoding. */
  start: number
  end: number
}

const code = new Set([
  '.ts',
  '.tsx',
  '.mts',
  '.cts',
  '.js',
  '.jsx',
  '.mjs',
  '.cjs',
  '.json',
  '.py',
  '.go',
  '.java',
  '.rb',
])
const keyStores = /\.(?:p12|pfx|jks|keystore|kdbx)$/i

const name = String.raw`(?<name>[A-Za-z_][\w.-]{1,80})`
const quoted = String.raw`(?:"(?<double>[^"\n]{8,500})"|'(?<single>[^'\n]{8,500})'|\x60(?<back>[^\x60\n]{8,500})\x60)`
const plain = String.raw`(?<plain>[^\s"'\x60#,;]{8,500})`
const assignments = (valueForm: string): RegExp[] => [
  // name = value, "name": value, name: string = value, name ?? value
  new RegExp(
    String.raw`${name}["'\]]{0,2}(?:\s*:\s*[A-Za-z]+(?=\s*=))?\s*(?:=>|:=|\?\?=?|\|\|=?|[:=](?!=))\s*(?:\(\s*)?${valueForm}`,
    'g',
  ),
  // name: schema.default(value)
  new RegExp(String.raw`${name}["']?\s*:[^\n'"\x60]{1,120}\.default\(\s*${valueForm}`, 'g'),
  // set('name', value)
  new RegExp(String.raw`["']${name}["']\s*,\s*${valueForm}`, 'g'),
]
const plainAssignments = [
  new RegExp(
    String.raw`^[ \t]*(?:export[ \t]+|ENV[ \t]+|ARG[ \t]+|-[ \t]+)?(?:\/\/[\w./-]+:)?${name}[ \t]*(?:[:=]|(?<=ENV[ \t].{1,80})[ \t])[ \t]*${plain}`,
    'gm',
  ),
  new RegExp(String.raw`--${name}[ =]${plain}`, 'g'),
]
const inSql = /\b(?<name>password)\s+'(?<single>[^'\n]{8,200})'/gi
const authorization = /\b(?<name>Bearer|Basic)\s+(?<plain>[A-Za-z0-9+/_.=~-]{16,500})/g

/** Everything in a file that looks like a secret, also within base64. */
export function findSecrets(path: string, text: string): SecretFound[] {
  const found = [...byFormat(text), ...encoded(text), ...byName(path, text)]
  if (keyStores.test(path)) found.push({ rule: 'key store', value: text, isLive: false, start: 0, end: text.length })
  return withoutOverlaps(found)
}

function byFormat(text: string): SecretFound[] {
  return secretFormats.flatMap(({ rule, expression, isLive, accepts }) =>
    [...text.matchAll(expression)].flatMap((match) => {
      const value = match.groups?.value ?? match[0]
      if (isPlaceholder(value) || accepts?.(value, match) === false) return []
      const start = match.index + match[0].lastIndexOf(value)
      return [{ rule, value, isLive, start, end: start + value.length }]
    }),
  )
}

function byName(path: string, text: string): SecretFound[] {
  const extension = extname(path).toLowerCase()
  const forms = [...assignments(quoted), ...(code.has(extension) ? [] : plainAssignments), inSql, authorization]
  return forms.flatMap((form) =>
    [...text.matchAll(form)].flatMap((match) => {
      const { name = '', double, single, back, plain } = match.groups ?? {}
      const value = double ?? single ?? back ?? plain ?? ''
      const kind = /^(?:bearer|basic)$/i.test(name) ? 'secret' : kindOfName(name)
      const isSecret = kind === 'password' ? isPasswordLike(value) : kind === 'secret' && isRandomLooking(value)
      if (!isSecret) return []
      const start = match.index + match[0].lastIndexOf(value)
      return [{ rule: `value of ${name}`, value, isLive: false, start, end: start + value.length }]
    }),
  )
}

/** Secrets of a known form in what is written in base64: as in the manifests of a cluster. */
function encoded(text: string): SecretFound[] {
  return [...text.matchAll(/(?<![\w+/=-])[A-Za-z0-9+/_-]{24,}={0,2}(?![\w+/=])/g)].flatMap((match) => {
    const decoded = Buffer.from(match[0], 'base64').toString('latin1')
    if (!/^[\t\n\r\x20-\x7e]+$/.test(decoded)) return []
    const place = { start: match.index, end: match.index + match[0].length }
    return [...byFormat(decoded), ...byName('decoded', decoded)].map((inner) => ({
      ...inner,
      ...place,
      rule: `${inner.rule} in base64`,
    }))
  })
}

/** Of two that share a place, the more specific, which comes first. */
function withoutOverlaps(found: readonly SecretFound[]): SecretFound[] {
  const kept: SecretFound[] = []
  for (const one of found) {
    if (!kept.some((other) => one.start < other.end && other.start < one.end)) kept.push(one)
  }
  return kept
}
