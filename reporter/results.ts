import { z } from 'zod'
import { shortfallSchema } from '../helpers/evidence/shortfall.ts'
import type { CatalogueControl } from './catalogue.ts'
import { controlResultSchema } from './record.ts'
import type { ReportControl } from './record.ts'

const namedSchema = z.object({ id: z.string().min(1) })
const listedSchema = z.object({ shortfalls: z.array(z.unknown()) })

/** The results by control, and which controls had more than one. */
export interface Results {
  results: Map<string, ReportControl>
  repeated: string[]
}

/** Reads a run's list of results; what cannot be read is unverified, or a flaw where it names no control. */
export function readResults(list: unknown, flaws: string[]): Results {
  const results = new Map<string, ReportControl>()
  const repeated = new Set<string>()
  if (!Array.isArray(list)) flaws.push(`The run record's controls are not as expected: not a list.`)
  for (const item of Array.isArray(list) ? list : []) {
    const control = readControl(item)
    if (control === undefined) {
      flaws.push('The run record holds a control without an id.')
      continue
    }
    const earlier = results.get(control.id)
    if (earlier !== undefined) repeated.add(control.id)
    results.set(control.id, earlier === undefined ? control : mergeRepeated(earlier, control))
  }
  return { results, repeated: [...repeated] }
}

function readControl(item: unknown): ReportControl | undefined {
  const named = namedSchema.safeParse(item)
  if (!named.success) return undefined
  const parsed = controlResultSchema.safeParse(item)
  if (!parsed.success) {
    // shortfalls count, whatever else is wrong with the result that carries them
    const listed = listedSchema.safeParse(item).data?.shortfalls ?? []
    const shortfalls = listed.flatMap((shortfall) => shortfallSchema.safeParse(shortfall).data ?? [])
    return {
      ...unverifiedControl(named.data.id, `its result is not valid: ${firstIssue(parsed.error)}`),
      shortfalls,
      outcome: shortfalls.length > 0 ? 'failed' : 'unverified',
    }
  }
  const result = parsed.data
  if (!('evidence' in result)) {
    return { ...unverifiedControl(result.id, result.reason), durationMilliseconds: result.durationMilliseconds }
  }
  const { summary, reason, ...rest } = result
  const control: ReportControl = { ...rest }
  if (summary !== null) control.summary = summary
  if (reason !== null) control.reason = reason
  if (control.outcome === 'passed' && Object.keys(control.evidence ?? {}).length === 0) {
    return { ...control, outcome: 'unverified', reason: 'its evidence is empty' }
  }
  return control
}

/** What is known of a control that left no record: nothing good. */
const unverifiedControl = (id: string, reason: string): ReportControl => ({
  id,
  title: id,
  requirement: 'unknown',
  target: 'unknown',
  method: 'unknown',
  severity: 'critical',
  outcome: 'unverified',
  shortfalls: [],
  evidence: null,
  reason,
  durationMilliseconds: 0,
})

function mergeRepeated(earlier: ReportControl, later: ReportControl): ReportControl {
  const shortfalls = [...earlier.shortfalls, ...later.shortfalls]
  const outcome = shortfalls.length > 0 ? 'failed' : 'unverified'
  const durationMilliseconds = earlier.durationMilliseconds + later.durationMilliseconds
  return { ...earlier, shortfalls, outcome, durationMilliseconds, reason: 'it ran more than once; expected once' }
}

/** A required control's place in the report, whether or not there is a result for it. */
export function requiredControl(entry: CatalogueControl, result: ReportControl | undefined): ReportControl {
  const control = result ?? unverifiedControl(entry.id, 'it did not run')
  const isKnown = control.requirement !== 'unknown'
  return {
    ...control,
    title: entry.row,
    requirement: isKnown ? control.requirement : entry.requirement,
    target: isKnown ? control.target : (entry.target ?? entry.requirement),
    method: isKnown ? control.method : entry.verification,
  }
}

/** What is wrong first, and where. */
export const firstIssue = (error: z.ZodError): string => {
  const [issue] = error.issues
  const path = issue?.path.join('.') ?? ''
  return `${path === '' ? '' : `${path}: `}${issue?.message ?? 'unknown'}`
}
