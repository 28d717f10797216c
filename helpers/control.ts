import { fileURLToPath } from 'node:url'
import { expect, inject, recordArtifact, test } from 'vitest'
import type { z } from 'zod'
import { requireIdentity } from './evidence/identity.ts'
import { progressArtifactType, recordArtifactType } from './evidence/outcome.ts'
import type { ControlRecord } from './evidence/outcome.ts'
import type { JudgedShortfall, Severity } from './evidence/shortfall.ts'
import { examine } from './examination.ts'
import type { FacilityMap, FacilityName } from './facilities.ts'
import { gateRunSchema, runKey } from './run.ts'
import type { Tenant } from './subject/facilities.ts'
import type { Subject } from './subject/subject.ts'

const usualSeconds = 60

/** What every control is handed, whatever it needs. */
export interface ControlContext {
  subject: Subject
  profile: 'release' | 'rehearsal'
  /** Start of every random choice; printed in the report, so that a run can be repeated. */
  seed: number
  /** Aborted when the control's time is up. */
  signal: AbortSignal
  /** Shown to whoever watches the run, e.g. "load: 40 s of 120 s". */
  progress(message: string): void
}

/** A control: a requirement, the evidence that it is met, and the rule by which the evidence is judged. */
export interface ControlDefinition<Schema extends z.ZodObject, Needs extends readonly FacilityName[]> {
  /** What ARO must do, one sentence. */
  requirement: string
  /** The number or behaviour required. */
  target: string
  /** How the evidence is gathered, one sentence. */
  method: string
  severity: Severity
  /** Only these are started and handed over. */
  needs: Needs
  /** The tenants that the subject knows, made from the usual two; only those two unless stated. */
  tenants?(usual: readonly Tenant[]): Tenant[]
  /** What measure must return: lengths stated, numbers finite, sample counts included. */
  evidence: Schema
  /** Time for measure; 60 s unless stated. */
  timeLimitSeconds?: number
  /** Gathers evidence and never judges; throwing leaves the control unverified. */
  measure(context: ControlContext & Pick<FacilityMap, Needs[number]>): Promise<z.input<Schema>>
  /** Pure: each way in which the evidence misses the target, none when it is met. */
  judge(evidence: z.output<Schema>): JudgedShortfall[]
  /** Pure: the evidence in a sentence for the report's table. */
  summarise(evidence: z.output<Schema>): string
}

/**
 * Defines a control and, within the gate, runs it: the only way to do so. The definition is returned so that judge
 * can be tested on recorded evidence.
 */
export function control<Schema extends z.ZodObject, const Needs extends readonly FacilityName[]>(
  meta: ImportMeta,
  definition: ControlDefinition<Schema, Needs>,
): ControlDefinition<Schema, Needs> {
  const identity = requireIdentity(fileURLToPath(meta.url))
  // outside vitest there is nothing to ask: the proof examines controls in a process of its own
  const provided: unknown = process.env.VITEST === undefined ? undefined : inject(runKey)
  if (provided === undefined) return definition
  const run = gateRunSchema.parse(provided)
  const timeLimitSeconds = definition.timeLimitSeconds ?? usualSeconds
  // vitest's own limit is the second line: it ends what the control's signal could not
  const options = { timeout: (timeLimitSeconds + 40) * 1000, tags: [identity.gate] }
  test(identity.title, options, async ({ task }) => {
    const told: Promise<unknown>[] = []
    const progress = (message: string): void => {
      told.push(recordArtifact(task, { type: progressArtifactType, message }))
    }
    const record = await examine(identity, definition, { timeLimitSeconds, run, progress })
    await Promise.all(told)
    await recordArtifact(task, { type: recordArtifactType, data: record })
    expect(record.outcome, explain(record)).toBe('passed')
  })
  return definition
}

function explain(record: ControlRecord): string {
  if (record.outcome === 'unverified') return `unverified: ${record.reason ?? 'no reason given'}`
  return record.shortfalls.map((s) => `${s.what} (expected: ${s.expected}; where: ${s.where})`).join('\n')
}

declare module 'vitest' {
  interface TestArtifactRegistry {
    aroGateProgress: { type: typeof progressArtifactType; message: string }
    aroGateControlRecord: { type: typeof recordArtifactType; data: ControlRecord }
  }
  interface TestTags {
    tags: string
  }
}
