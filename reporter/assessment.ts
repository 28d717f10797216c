import { z } from 'zod'
import { shortfallSchema } from '../helpers/evidence/shortfall.ts'
import type { Catalogue, CatalogueControl } from './catalogue.ts'
import { controlResultSchema, runRecordSchema } from './record.ts'
import type { Outcome, Report, ReportControl, ReportGate } from './record.ts'

type Subject = Report['subject']

/** A run record after everything in it was checked, with every control of the catalogue in its place. */
export interface Assessment {
  catalogue: Catalogue
  runId: string
  startedAt: string
  finishedAt: string | null
  profile: Report['profile']
  subject: Subject
  environment: Report['environment']
  complete: boolean
  problems: Report['problems']
  statements: Report['statements']
  gates: ReportGate[]
  /** Controls that ran more than once. */
  repeated: string[]
  /** What in the record is not as promised. */
  flaws: string[]
}

const unknownSubject: Subject = { name: 'unknown', version: 'unknown', environment: 'unknown', commit: null }

/** Checks a run record part by part: a part that is not as promised is a flaw and takes its most pessimistic value. */
export function assess(record: unknown, catalogue: Catalogue): Assessment {
  const flaws: string[] = []
  const { shape } = runRecordSchema
  const parts: Record<string, unknown> = typeof record === 'object' && record !== null ? { ...record } : {}
  for (const key of Object.keys(parts))
    if (!Object.hasOwn(shape, key)) flaws.push(`The run record holds an unknown ${key}.`)

  const read = <Schema extends z.ZodType>(key: string, schema: Schema, otherwise: z.output<Schema>) => {
    const parsed = schema.safeParse(parts[key])
    if (parsed.success) return parsed.data
    flaws.push(`The run record's ${key} is not as expected: ${firstIssue(parsed.error)}.`)
    return otherwise
  }

  const { results, repeated } = readResults(parts['controls'], flaws)
  const gates = catalogue.map((gate): ReportGate => {
    const required = gate.controls.map((entry) => requiredControl(entry, results.get(entry.id)))
    const isAdded = (id: string): boolean =>
      id.startsWith(`${gate.id}/`) && !gate.controls.some((entry) => entry.id === id)
    const added = [...results.values()].filter((control) => isAdded(control.id)).sort((a, b) => compare(a.id, b.id))
    const controls = [...required, ...added]
    return { number: gate.number, id: gate.id, title: gate.title, outcome: worst(controls), controls }
  })
  for (const id of results.keys()) {
    if (!catalogue.some((gate) => id.startsWith(`${gate.id}/`))) flaws.push(`The control ${id} belongs to no gate.`)
  }
  return {
    catalogue,
    runId: read('runId', shape.runId, 'unknown'),
    startedAt: read('startedAt', shape.startedAt, 'unknown'),
    finishedAt: read('finishedAt', shape.finishedAt, null),
    profile: read('profile', shape.profile, 'rehearsal'),
    subject: read('subject', shape.subject, unknownSubject),
    environment: toJson(read('environment', shape.environment, {}), flaws),
    complete: read('complete', shape.complete, false),
    problems: read('problems', shape.problems, []),
    statements: read('statements', shape.statements, []),
    ...{ gates, repeated, flaws },
  }
}

/** The outcome of a whole: failed when a part failed, else unverified when a part, or all of it, is missing. */
export function worst(parts: readonly { outcome: Outcome }[]): Outcome {
  if (parts.some((part) => part.outcome === 'failed')) return 'failed'
  return parts.length > 0 && parts.every((part) => part.outcome === 'passed') ? 'passed' : 'unverified'
}

interface Results {
  results: Map<string, ReportControl>
  repeated: string[]
}

function readResults(list: unknown, flaws: string[]): Results {
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
  const named = z.object({ id: z.string().min(1) }).safeParse(item)
  if (!named.success) return undefined
  const parsed = controlResultSchema.safeParse(item)
  if (!parsed.success) {
    // shortfalls count, whatever else is wrong with the result that carries them
    const listed = z.object({ shortfalls: z.array(z.unknown()) }).safeParse(item).data?.shortfalls ?? []
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
  ...{ requirement: 'unknown', target: 'unknown', method: 'unknown' },
  ...{ severity: 'critical', outcome: 'unverified', shortfalls: [], evidence: null, reason, durationMilliseconds: 0 },
})

function mergeRepeated(earlier: ReportControl, later: ReportControl): ReportControl {
  const shortfalls = [...earlier.shortfalls, ...later.shortfalls]
  const outcome = shortfalls.length > 0 ? 'failed' : 'unverified'
  const durationMilliseconds = earlier.durationMilliseconds + later.durationMilliseconds
  return { ...earlier, shortfalls, outcome, durationMilliseconds, reason: 'it ran more than once; expected once' }
}

function requiredControl(entry: CatalogueControl, result: ReportControl | undefined): ReportControl {
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

function toJson(environment: Record<string, unknown>, flaws: string[]): Report['environment'] {
  try {
    return z.record(z.string(), z.json()).parse(JSON.parse(JSON.stringify(environment)))
  } catch {
    flaws.push(`The run record's environment is not plain data.`)
    return {}
  }
}

const firstIssue = (error: z.ZodError): string => {
  const [issue] = error.issues
  const path = issue?.path.join('.') ?? ''
  return `${path === '' ? '' : `${path}: `}${issue?.message ?? 'unknown'}`
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
