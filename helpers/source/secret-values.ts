import { wordsOf } from './words.ts'

const placeholderWords =
  /your|fake|dummy|example|sample|placeholder|change[-_ ]?me|redacted|todo|insert|replace|secret[-_ ]?here|not[-_ ]?(?:a[-_ ]?)?(?:real|secret)|x{4}|\*{3}|\.{3}|…/i
const placeholderForms =
  /\$\{|\$\(|\{\{|^\$\w|^%|%[sd]|^<.*>?$|^\[.*\]$|process\.env|^(?:null|undefined|true|false|none)$/i

/** Whether a value only stands for a secret: it is filled in elsewhere, says so, or is too regular to be one. */
export function isPlaceholder(value: string): boolean {
  if (placeholderForms.test(value) || placeholderWords.test(value)) return true
  const distinct = new Set(value.toLowerCase()).size
  return distinct <= 4 || isRegular(value.toLowerCase())
}

/** Made of one block again and again, or of characters in their order. */
function isRegular(value: string): boolean {
  for (let length = 1; length <= Math.min(16, value.length / 2); length += 1) {
    const block = value.slice(0, length)
    if (block.repeat(Math.ceil(value.length / length)).startsWith(value)) return true
  }
  const steps = [...value].filter((character, index) => {
    const before = value.codePointAt(index - 1)
    return index > 0 && before !== undefined && character.codePointAt(0) === before + 1
  })
  return steps.length > value.length * 0.6
}

/** Shannon's entropy in bits for each character. */
export function entropyOf(value: string): number {
  const counts = new Map<string, number>()
  for (const character of value) counts.set(character, (counts.get(character) ?? 0) + 1)
  return [...counts.values()].reduce((sum, count) => sum - (count / value.length) * Math.log2(count / value.length), 0)
}

const uuid = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i
const identifier = /^[A-Za-z]{2}[0-9a-f]{32}$/

/** Whether a value looks as if a generator of secrets had made it: long, without words, of many characters. */
export function isRandomLooking(value: string): boolean {
  if (value.length < 16 || /\s/.test(value) || uuid.test(value) || identifier.test(value) || isPlaceholder(value))
    return false
  if (/^[0-9a-f]+$/i.test(value)) return value.length >= 20 && entropyOf(value) >= 3
  if (/^https?:\/\/|^[./~]|\/.*\.\w{1,4}$|^[\w.+-]+@[\w-]+\.\w+$/.test(value)) return false
  return !isMadeOfWords(value) && entropyOf(value) >= 3.3 && /\d/.test(value) && /[A-Za-z]/.test(value)
}

/** Whether a value could be a password that somebody chose. */
export function isPasswordLike(value: string): boolean {
  if (value.length < 8 || /\s/.test(value) || isPlaceholder(value)) return false
  const kinds = [/[a-z]/, /[A-Z]/, /\d/, /[^\w\s]/].filter((kind) => kind.test(value)).length
  return kinds >= 3 ? !isMadeOfWords(value) || kinds === 4 : isRandomLooking(value)
}

const isMadeOfWords = (value: string): boolean =>
  wordsOf(value).every((word) => /^[a-z]{2,}$/.test(word) || /^\d{1,4}$/.test(word) || word.length === 1)

const suffixes = new Set([
  'prod',
  'production',
  'live',
  'staging',
  'value',
  'default',
  'base64',
  'hex',
  'raw',
  'old',
  'previous',
  'current',
  'new',
  'text',
  'string',
])
const secretNouns = new Set([
  'secret',
  'secrets',
  'token',
  'pat',
  'credential',
  'credentials',
  'apikey',
  'authtoken',
  'accesskey',
  'secretkey',
  'pepper',
  'bearer',
  'authorization',
])
const passwordNouns = new Set(['password', 'passwd', 'passphrase', 'pwd', 'pass', 'pgpassword'])
const keyOwners = new Set(
  'api access private signing sign encryption encrypt suppression secret webhook master jwt hmac service session auth stripe twilio calendly llm openclaw openai account storage cipher aes backup cookie deploy shared'.split(
    ' ',
  ),
)

/** What a name promises of its value: a secret, a password, or nothing. */
export function kindOfName(name: string): 'secret' | 'password' | undefined {
  const words = wordsOf(name).filter((word) => !/^\d+$/.test(word))
  while (words.length > 1 && suffixes.has(words.at(-1) ?? '')) words.pop()
  const last = words.at(-1) ?? ''
  if (passwordNouns.has(last)) return 'password'
  if (secretNouns.has(last)) return 'secret'
  return last === 'key' && words.slice(0, -1).some((word) => keyOwners.has(word)) && !words.includes('public')
    ? 'secret'
    : undefined
}
