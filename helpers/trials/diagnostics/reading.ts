import { providerNames } from '../../subject/facilities.ts'
import type { ProviderName } from '../../subject/facilities.ts'

/** What a diagnosis has to name when it is broken. */
export const dependencies = ['database', ...providerNames] as const

/** @see dependencies */
export type Dependency = 'database' | ProviderName

const names: Readonly<Record<Dependency, RegExp>> = {
  database: /database|postgres|schema|migration|(?<![a-z])(?:db|sql)(?![a-z])/i,
  twilio: /twilio|(?<![a-z])sms(?![a-z])|messaging/i,
  stripe: /stripe|payment/i,
  calendly: /calendly|calendar|booking.?provider/i,
  openclaw: /openclaw|executor/i,
  llm: /(?<![a-z])llm(?![a-z])|language.?model|classifier/i,
}

const bad =
  /fail|down|error|unhealthy|broken|critical|unreachable|refus|time[sd]?.?out|✗|✘|❌|not.?ok|unavailable|(?<![a-z])ko(?![a-z])|(?<![a-z])bad(?![a-z])/i
const good = /^\s*(?:\[?\s*(?:✓|✔|✅|ok|pass(?:ed)?|up|healthy|info|skip(?:ped)?|warn(?:ing)?|[!-])(?![a-z]))/i
const nameKeys = /^(?:name|component|check|service|dependency|id|target|provider|part)$/i
const statusKeys = /^(?:status|state|ok|healthy|result|up|passed|success|level|outcome)$/i
const listKeys = /broken|fail|unhealthy|error|problem|issue/i

const namedIn = (text: string): Dependency[] => dependencies.filter((dependency) => names[dependency].test(text))

const isBad = (value: unknown): boolean => value === false || (typeof value === 'string' && bad.test(value))

const statusOf = (value: object): unknown => Object.entries(value).find(([key]) => statusKeys.test(key))?.[1]

/** Which dependencies a diagnosis in JSON says are broken, whatever its layout. */
export function brokenInJson(document: unknown): Dependency[] {
  const found = new Set<Dependency>()
  const note = (text: string): void => namedIn(text).forEach((dependency) => found.add(dependency))
  const walk = (value: unknown, name: string): void => {
    if (typeof value !== 'object' || value === null) return
    if (Array.isArray(value)) {
      for (const item of value as unknown[]) {
        if (typeof item === 'string' && listKeys.test(name)) note(item)
        walk(item, name)
      }
      return
    }
    const own = Object.entries(value).find(([key, held]) => nameKeys.test(key) && typeof held === 'string')
    if (isBad(statusOf(value))) note(typeof own?.[1] === 'string' ? own[1] : name)
    for (const [key, held] of Object.entries(value)) {
      if (typeof held !== 'object' && isBad(held) && !statusKeys.test(key) && namedIn(key).length > 0) note(key)
      walk(held, key)
    }
  }
  walk(document, '')
  return [...found]
}

/** Which dependencies a diagnosis for people says are broken: those named in a line that tells of something bad. */
export function brokenInText(text: string): Dependency[] {
  const lines = text.split('\n').filter((line) => bad.test(line) && !good.test(line))
  return [...new Set(lines.flatMap(namedIn))]
}
