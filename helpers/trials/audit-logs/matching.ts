import type { AuditEntry } from '../../subject/audit-log.ts'
import type { Deed } from './deeds.ts'
import { deedOf, hasChange, whenOf, whoOf } from './entries.ts'
import type { AuditTrial } from './judge.ts'

type Outcome = AuditTrial['deeds'][number]

// what is noted by queued work, or with whole seconds, lies beside the request
const earlierMilliseconds = 1500
const laterMilliseconds = 6000

/** What the log says of each deed; an entry is the entry of one deed only. */
export function matchDeeds(
  deeds: readonly Deed[],
  entries: readonly AuditEntry[],
  administrator: readonly string[],
): Outcome[] {
  const free = new Set(entries)
  return deeds.map((deed) => {
    const candidates = [...free].filter((entry) => isOf(entry, deed, administrator))
    const outcomes = candidates.map((entry) => ({ entry, outcome: describe(entry, deed, administrator) }))
    const [best] = outcomes.toSorted((one, other) => merit(other.outcome) - merit(one.outcome))
    const { name, group, status, by } = deed
    if (best === undefined) {
      return { name, group, status, by, isNoted: false, who: 'nobody', isDated: false, hasChange: null }
    }
    free.delete(best.entry)
    return best.outcome
  })
}

function isOf(entry: AuditEntry, deed: Deed, administrator: readonly string[]): boolean {
  const said = deedOf(entry)
  const all = JSON.stringify(entry)
  if (deed.by === 'attempt on the administrator' && !isNamed(all, administrator) && !/admin/i.test(whoOf(entry)))
    return false
  const isWorded = deed.words.test(deed.group === 'authentication' ? all : said)
  const isOther = deed.otherWords?.test(deed.group === 'authentication' ? all : said) ?? false
  const isOn = deed.on.length === 0 || isNamed(deed.isNamedAnywhere === true ? all : said, deed.on)
  return isWorded && !isOther && (isOn || (deed.group === 'commands' && isNamed(all, deed.on)))
}

function describe(entry: AuditEntry, deed: Deed, administrator: readonly string[]): Outcome {
  const { name, group, status, by, change, from, to } = deed
  const who = whoOf(entry)
  const when = whenOf(entry)
  return {
    name,
    group,
    status,
    by,
    isNoted: true,
    who: who === '' ? 'nobody' : isAdministrator(who, administrator) ? 'the administrator' : 'somebody else',
    isDated: when !== undefined && when > from - earlierMilliseconds && when < to + laterMilliseconds,
    hasChange: change === undefined ? null : hasChange(entry, change.before, change.after),
  }
}

const merit = ({ by, who, isDated, hasChange: changed }: Outcome): number =>
  Number(by === 'administrator' ? who === 'the administrator' : who === 'somebody else') +
  Number(isDated) +
  Number(changed !== false) * 2

const isNamed = (text: string, names: readonly string[]): boolean => names.some((name) => text.includes(name))

/** There is one administrator to a tenant, whom a log may call just that. */
const isAdministrator = (who: string, administrator: readonly string[]): boolean =>
  isNamed(who, administrator) || /admin/i.test(who)
