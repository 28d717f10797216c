import { z } from 'zod'
import type { Catalogue } from './catalogue.ts'
import { runRecordSchema } from './record.ts'
import type { Outcome, Report, ReportGate } from './record.ts'
import { firstIssue, readResults, requiredControl } from './results.ts'

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

const environmentSchema = z.record(z.string(), z.json())

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
    gates,
    repeated,
    flaws,
  }
}

/** The outcome of a whole: failed when a part failed, else unverified when a part, or all of it, is missing. */
export function worst(parts: readonly { outcome: Outcome }[]): Outcome {
  if (parts.some((part) => part.outcome === 'failed')) return 'failed'
  return parts.length > 0 && parts.every((part) => part.outcome === 'passed') ? 'passed' : 'unverified'
}

function toJson(environment: Record<string, unknown>, flaws: string[]): Report['environment'] {
  try {
    return environmentSchema.parse(JSON.parse(JSON.stringify(environment)))
  } catch {
    flaws.push(`The run record's environment is not plain data.`)
    return {}
  }
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
