import { z } from 'zod'
import { controlRecordSchema, outcomeSchema } from '../helpers/evidence/outcome.ts'
import { severitySchema, shortfallSchema } from '../helpers/evidence/shortfall.ts'

const jsonObject = z.record(z.string(), z.json())
const profileSchema = z.enum(['release', 'rehearsal'])

const subjectSchema = z.strictObject({
  name: z.string().min(1),
  version: z.string().min(1),
  environment: z.enum(['staging', 'production-candidate', 'unknown']),
  /** Of the subject's repository; null when it could not be read. */
  commit: z.string().min(1).nullable(),
})

const runProblemSchema = z.strictObject({ what: z.string().min(1), mitigation: z.string().min(1) })

const statementSchema = z.strictObject({
  kind: z.enum(['not-applicable', 'explanation', 'attestation']),
  /** What it is about, e.g. a command or a metric. */
  scope: z.string().min(1),
  reason: z.string().min(1),
  approver: z.string().min(1),
  /** Last day on which it holds. */
  expires: z.iso.date(),
  /** Whether a control found what it is about. */
  matched: z.boolean(),
})

/** A control that left no record of its own: it did not run, or not to its end. */
const unfinishedControlSchema = z.strictObject({
  id: z.string().min(1),
  outcome: z.literal('unverified'),
  reason: z.string().min(1),
  durationMilliseconds: z.number().nonnegative(),
})

export const controlResultSchema = z.union([controlRecordSchema, unfinishedControlSchema])

/** All that the verdict is drawn from, in the parts that are checked one by one. */
export const runRecordSchema = z.strictObject({
  runId: z.string().min(1),
  startedAt: z.iso.datetime(),
  finishedAt: z.iso.datetime().nullable(),
  profile: profileSchema,
  subject: subjectSchema,
  /** Machine, versions, seeds, engines, durations. */
  environment: z.record(z.string(), z.unknown()),
  controls: z.array(controlResultSchema),
  /** What was wrong with the run itself: filtered, interrupted, an error outside of any control. */
  problems: z.array(runProblemSchema),
  /** Whether vitest ended of itself after all it had planned. */
  complete: z.boolean(),
  statements: z.array(statementSchema).default([]),
})

const reportControlSchema = z.strictObject({
  id: z.string(),
  title: z.string(),
  requirement: z.string(),
  target: z.string(),
  method: z.string(),
  severity: severitySchema,
  outcome: outcomeSchema,
  shortfalls: z.array(shortfallSchema),
  evidence: jsonObject.nullable(),
  /** The evidence in a sentence, where the control made one. */
  summary: z.string().optional(),
  /** Why it is unverified. */
  reason: z.string().optional(),
  durationMilliseconds: z.number().nonnegative(),
})

const reportGateSchema = z.strictObject({
  number: z.int().nonnegative(),
  id: z.string(),
  title: z.string(),
  outcome: outcomeSchema,
  controls: z.array(reportControlSchema),
})

const criterionSchema = z.strictObject({
  id: z.string(),
  title: z.string(),
  outcome: outcomeSchema,
  reason: z.string(),
})

const selfReviewItemSchema = z.strictObject({
  section: z.string(),
  item: z.string(),
  outcome: outcomeSchema,
  /** The controls that answer it. */
  controls: z.array(z.string()),
})

const issueSchema = z.strictObject({
  severity: severitySchema,
  control: z.string(),
  description: z.string(),
  mitigation: z.string(),
})

/** The shape of report.json. */
export const reportSchema = z
  .strictObject({
    schemaVersion: z.literal(1),
    runId: z.string(),
    startedAt: z.string(),
    finishedAt: z.string().nullable(),
    profile: profileSchema,
    subject: subjectSchema,
    gates: z.array(reportGateSchema),
    criteria: z.array(criterionSchema),
    selfReview: z.array(selfReviewItemSchema),
    issues: z.array(issueSchema),
    verdict: z.enum(['GO', 'NO-GO']),
    /** Why, the deciding first; empty for GO. */
    reasons: z.array(z.string()),
    /** What to do for GO, in order. */
    nextSteps: z.array(z.string()),
    problems: z.array(runProblemSchema),
    statements: z.array(statementSchema),
    environment: jsonObject,
  })
  .meta({ title: 'ARO production gate report' })

export type { Outcome } from '../helpers/evidence/outcome.ts'
export type { Severity, Shortfall } from '../helpers/evidence/shortfall.ts'
/** How one control ended. */
export type ControlResult = z.input<typeof controlResultSchema>
/** Something wrong with the run itself, and what to do about it. */
export type RunProblem = z.infer<typeof runProblemSchema>
/** What an owner states that no machine can verify. */
export type Statement = z.infer<typeof statementSchema>
/** All that the verdict is drawn from. */
export type RunRecord = z.input<typeof runRecordSchema>
/** The content of report.json. */
export type Report = z.infer<typeof reportSchema>
export type ReportGate = z.infer<typeof reportGateSchema>
export type ReportControl = z.infer<typeof reportControlSchema>
export type Criterion = z.infer<typeof criterionSchema>
export type Issue = z.infer<typeof issueSchema>
export type SelfReviewItem = z.infer<typeof selfReviewItemSchema>

/** The JSON Schema of report.json, as published in report.schema.json. */
export const reportJsonSchema = (): unknown => z.toJSONSchema(reportSchema)
