import type { AuditEntry } from '../../subject/audit-log.ts'

/** Who, when and the values before and after, under whichever name an entry has them. */
const names = {
  who: /^(?:actor|who|user|by|performed_?by|principal|subject_?id|admin|initiator)(?:_?(?:id|email|name))?$/i,
  when: /^(?:occurred_?at|when|time|timestamp|at|created_?at|date|logged_?at|recorded_?at|event_?time)$/i,
  before:
    /^(?:before|old|previous|from|before_?(?:state|value|values|data)|old_?(?:state|value|values)|previous_?(?:state|value|values))$/i,
  after: /^(?:after|new|to|after_?(?:state|value|values|data)|new_?(?:state|value|values))$/i,
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value ?? ''))

function field(entry: AuditEntry, name: keyof typeof names): unknown {
  const all = Object.entries(entry)
  // one level deeper for those that keep changes in an object of their own
  const nested = all.flatMap(([, value]) =>
    typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : [],
  )
  const isNamed = ([key, value]: [string, unknown]): boolean =>
    names[name].test(key) && value !== null && value !== undefined && value !== ''
  const isDeep = name === 'before' || name === 'after'
  return (all.find(isNamed) ?? (isDeep ? nested.find(isNamed) : undefined))?.[1]
}

/** Who did it, as the entry says; empty where it does not. */
export const whoOf = (entry: AuditEntry): string => {
  const who = field(entry, 'who')
  return who === undefined ? '' : textOf(who)
}

/** What an entry says was done, and on what: its values, but for who did it and how it was before and after. */
export function deedOf(entry: AuditEntry): string {
  const rest = Object.entries(entry).filter(
    ([key]) => !names.before.test(key) && !names.after.test(key) && !names.who.test(key),
  )
  return rest.flatMap(([, value]) => valuesIn(value)).join('\n')
}

const valuesIn = (value: unknown): string[] =>
  typeof value === 'object' && value !== null
    ? Object.values(value).flatMap(valuesIn)
    : [typeof value === 'string' ? value : JSON.stringify(value ?? '')]

/** When, in milliseconds since the epoch; undefined where the entry does not say. */
export function whenOf(entry: AuditEntry): number | undefined {
  const value = field(entry, 'when')
  const time = typeof value === 'number' ? (value < 1e11 ? value * 1000 : value) : Date.parse(String(value))
  return Number.isFinite(time) ? time : undefined
}

/** Whether the values before and after are there and differ. */
export function hasChange(entry: AuditEntry, before: RegExp, after: RegExp): boolean {
  const [earlier, later] = [field(entry, 'before'), field(entry, 'after')]
  if (earlier !== undefined && later !== undefined) return before.test(textOf(earlier)) && after.test(textOf(later))
  // a list of changes, each with both values
  const rest = textOf(Object.entries(entry).filter(([key]) => /chang|diff|delta|detail|data|values/i.test(key)))
  return before.test(rest) && after.test(rest) && /before|old|from|previous/i.test(rest)
}
