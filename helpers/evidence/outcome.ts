import { z } from 'zod'
import { severitySchema, shortfallSchema } from './shortfall.ts'

/** A control starts unverified; only evidence that parses and has no shortfall makes it passed. */
export const outcomeSchema = z.enum(['passed', 'failed', 'unverified'])

/** @see outcomeSchema */
export type Outcome = z.infer<typeof outcomeSchema>

/** What a control hands to the reporter when it has ended, however it ended. */
export const controlRecordSchema = z
  .strictObject({
    id: z.string().regex(/^[a-z-]+\/[a-z0-9-]+$/),
    title: z.string().min(1),
    requirement: z.string().min(1),
    target: z.string().min(1),
    method: z.string().min(1),
    severity: severitySchema,
    outcome: outcomeSchema,
    evidence: z.record(z.string(), z.json()).nullable(),
    shortfalls: z.array(shortfallSchema),
    summary: z.string().nullable(),
    reason: z.string().nullable(),
    durationMilliseconds: z.number().nonnegative(),
  })
  .refine((record) => record.outcome !== 'passed' || (record.evidence !== null && record.shortfalls.length === 0), {
    message: 'a passed control has evidence and no shortfall',
  })
  .refine((record) => record.outcome !== 'failed' || record.shortfalls.length > 0, {
    message: 'a failed control has a shortfall',
  })
  .refine((record) => record.outcome !== 'unverified' || record.reason !== null, {
    message: 'an unverified control has a reason',
  })

/** @see controlRecordSchema */
export type ControlRecord = z.infer<typeof controlRecordSchema>

/** Type under which a control record travels from the worker to the reporter. */
export const recordArtifactType = 'aro-gate:control-record'

/** Type under which a progress message travels from the worker to the reporter. */
export const progressArtifactType = 'aro-gate:progress'
