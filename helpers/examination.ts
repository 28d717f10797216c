import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import type { ControlDefinition } from './control.ts'
import type { ControlIdentity } from './evidence/identity.ts'
import type { ControlRecord } from './evidence/outcome.ts'
import { redact } from './evidence/redaction.ts'
import type { JudgedShortfall } from './evidence/shortfall.ts'
import { openFacilities } from './facilities.ts'
import type { FacilityName, OpenedFacilities } from './facilities.ts'
import type { GateRun } from './run.ts'
import { loadSubject } from './subject/load.ts'

interface Finding {
  evidence: Record<string, unknown> | null
  shortfalls: JudgedShortfall[]
  summary: string | null
  /** Why the control is unverified; null when it could be judged. */
  reason: string | null
}

/** What an examination is made with. */
export interface Examination {
  timeLimitSeconds: number
  run: GateRun
  progress(message: string): void
}

const disposalSeconds = 20

/** Gathers a control's evidence, judges it, and clears away all it was given; never throws: what goes wrong is a reason. */
export async function examine<Schema extends z.ZodObject, const Needs extends readonly FacilityName[]>(
  identity: ControlIdentity,
  definition: ControlDefinition<Schema, Needs>,
  { timeLimitSeconds, run, progress }: Examination,
): Promise<ControlRecord> {
  const startedAt = performance.now()
  const { finding, tenants } = await gatherAndJudge(definition, { timeLimitSeconds, run, progress })
  const shortfalls = finding.shortfalls.map((shortfall) => ({ severity: definition.severity, ...shortfall }))
  const outcome = shortfalls.length > 0 ? 'failed' : finding.reason === null ? 'passed' : 'unverified'
  const { requirement, target, method, severity } = definition
  const record: ControlRecord = {
    id: identity.id,
    title: identity.title,
    requirement,
    target,
    method,
    severity,
    outcome,
    evidence: asJson(finding.evidence),
    shortfalls,
    summary: finding.summary,
    reason: finding.reason,
    durationMilliseconds: performance.now() - startedAt,
  }
  return redact(record, secretsOf({ ...run, tenants }))
}

async function gatherAndJudge<Schema extends z.ZodObject, const Needs extends readonly FacilityName[]>(
  definition: ControlDefinition<Schema, Needs>,
  { timeLimitSeconds, run, progress }: Examination,
): Promise<{ finding: Finding; tenants: GateRun['tenants'] }> {
  const timeUp = new AbortController()
  let opened: OpenedFacilities<Needs[number]> | undefined
  let finding: Finding
  let { tenants } = run
  try {
    const subject = await loadSubject(run.subjectFile)
    tenants = definition.tenants?.(run.tenants) ?? run.tenants
    const ownRun: GateRun = { ...run, tenants }
    const gathering = (async () => {
      opened = await openFacilities(definition.needs, { run: ownRun, subject, signal: timeUp.signal })
      const { seed, profile } = run
      return definition.measure({ ...opened.facilities, subject, seed, profile, signal: timeUp.signal, progress })
    })()
    const evidence = await withinSeconds(gathering, timeLimitSeconds, () => timeUp.abort())
    finding = judgeEvidence(definition, evidence)
    const problems = opened?.problems() ?? []
    if (problems.length > 0) finding.reason ??= problems.join(' ')
  } catch (error) {
    finding = { evidence: null, shortfalls: [], summary: null, reason: reasonOf(error) }
  }
  try {
    if (opened) await withinSeconds(opened.close(), disposalSeconds, () => undefined)
  } catch (error) {
    finding.reason ??= `What the control started could not be cleared away: ${reasonOf(error)}`
  }
  return { finding, tenants }
}

function judgeEvidence<Schema extends z.ZodObject, const Needs extends readonly FacilityName[]>(
  definition: ControlDefinition<Schema, Needs>,
  evidence: unknown,
): Finding {
  const parsed = definition.evidence.safeParse(evidence)
  if (!parsed.success) {
    const reason = `The evidence is not what the control promises: ${z.prettifyError(parsed.error)}`
    return { evidence: null, shortfalls: [], summary: null, reason }
  }
  const flaw = flawOf(parsed.data)
  if (flaw !== undefined) return { evidence: null, shortfalls: [], summary: null, reason: flaw }
  return {
    evidence: parsed.data,
    shortfalls: definition.judge(parsed.data),
    summary: definition.summarise(parsed.data),
    reason: null,
  }
}

/** What the schema may have let through and yet is no evidence. */
function flawOf(evidence: Record<string, unknown>): string | undefined {
  if (Object.keys(evidence).length === 0) return 'The evidence is empty: nothing was measured.'
  const pending: [string, unknown][] = Object.entries(evidence)
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const [path, value] = next
    if (value === undefined) return `The evidence holds undefined at ${path}.`
    if (typeof value === 'number' && !Number.isFinite(value)) return `The evidence holds ${value} at ${path}.`
    if (path.endsWith('samples') && value === 0) return `The evidence has zero samples at ${path}.`
    if (typeof value === 'object' && value !== null) {
      for (const [key, inner] of Object.entries(value)) pending.push([`${path}.${key}`, inner])
    }
  }
  return undefined
}

async function withinSeconds<Value>(work: Promise<Value>, seconds: number, giveUp: () => void): Promise<Value> {
  const stopwatch = new AbortController()
  const timeUp = sleep(seconds * 1000, undefined, { signal: stopwatch.signal }).then(() => {
    giveUp()
    throw new Error(`It did not finish within ${seconds} s.`)
  })
  work.catch(() => undefined)
  try {
    return await Promise.race([work, timeUp])
  } finally {
    stopwatch.abort()
    timeUp.catch(() => undefined)
  }
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

const asJson = (evidence: Finding['evidence']): ControlRecord['evidence'] =>
  evidence === null ? null : (JSON.parse(JSON.stringify(evidence)) as ControlRecord['evidence'])

function secretsOf(run: GateRun): string[] {
  const ofTenants = run.tenants.flatMap((tenant) => [
    tenant.serviceToken,
    tenant.administrator.password,
    tenant.stripeApiKey,
    tenant.openclawApiKey,
    tenant.llmApiKey,
    tenant.calendlyApiKey,
    ...Object.values(tenant.webhookSecrets),
  ])
  return [...ofTenants, ...Object.values(run.secrets)]
}
