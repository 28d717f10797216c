import { z } from 'zod'
import type { Administrator } from '../../subject/administrator.ts'
import type { ConsentTrial } from './judge.ts'

type ConsentRecord = ConsentTrial['records'][number]

const entrySchema = z.record(z.string(), z.unknown())
const exportSchema = z.looseObject({ consents: z.array(entrySchema) })

const isGrant = (value: unknown): boolean | undefined => {
  if (typeof value === 'boolean') return value
  if (typeof value !== 'string') return undefined
  if (/withdraw|revok|denied|opted?.?out|stop|false/i.test(value)) return false
  return /grant|given|opted?.?in|true/i.test(value) ? true : undefined
}

const named = (entry: Record<string, unknown>, name: RegExp, isValue: (value: string) => boolean): string | null => {
  const found = Object.entries(entry).find(
    ([key, value]) =>
      name.test(key) && (typeof value === 'string' || typeof value === 'number') && isValue(String(value)),
  )
  return found === undefined ? null : String(found[1])
}

/** What the export of a customer says of the last consent that was given, or withdrawn, within the time of the trial. */
export async function readRecord(
  administrator: Administrator,
  customerId: string,
  { what, isGranted, since }: { what: string; isGranted: boolean; since: number },
): Promise<ConsentRecord> {
  const answer = await administrator.send('GET', `/customers/${customerId}/export`)
  if (answer.status !== 200) throw new Error(`GET /customers/{id}/export: expected 200, got ${answer.status}`)
  const parsed = exportSchema.safeParse(answer.json)
  const entry = (parsed.data?.consents ?? []).findLast((one) =>
    Object.entries(one).some(
      ([key, value]) => /grant|consent|status|state|action|type|opt/i.test(key) && isGrant(value) === isGranted,
    ),
  )
  if (entry === undefined) return { what, isRight: false, who: null, when: null, how: null }
  const isRecent = (value: string): boolean => {
    const time = Date.parse(value)
    return time >= since - 5000 && time <= Date.now() + 5000
  }
  return {
    what,
    isRight: true,
    who: named(
      entry,
      /by|who|actor|source|user|recorded/i,
      (value) => value.trim() !== '' && Number.isNaN(Date.parse(value)),
    ),
    when: named(entry, /at$|when|time|date/i, isRecent),
    how: named(entry, /method|how|channel|via|source|medium/i, (value) => value.trim() !== ''),
  }
}
