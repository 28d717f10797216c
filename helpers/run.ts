import { z } from 'zod'
import { tenantSchema } from './subject/facilities.ts'

const databaseDescriptionSchema = z.strictObject({
  kind: z.enum(['embedded', 'testcontainers', 'url']),
  reason: z.string(),
  version: z.string(),
  adminUrl: z.string(),
  image: z.string().optional(),
  processIds: z.array(z.int()),
  containerIds: z.array(z.string()),
})

/** What the main process has prepared for the controls' workers; plain data, since it crosses a process boundary. */
export const gateRunSchema = z.strictObject({
  runId: z.string().min(1),
  /** Removed by the reaper when the run is over. */
  runDirectory: z.string().startsWith('/'),
  subjectFile: z.string().startsWith('/'),
  profile: z.enum(['release', 'rehearsal']),
  /** Every random choice that a control makes starts here. */
  seed: z.int().nonnegative(),
  tenants: z.array(tenantSchema).min(2),
  secrets: z.strictObject({ jwt: z.string(), encryptionKey: z.string(), suppressionKey: z.string() }),
  database: z.union([
    z.strictObject({
      ready: z.literal(true),
      description: databaseDescriptionSchema,
      template: z.string(),
    }),
    z.strictObject({ ready: z.literal(false), problem: z.string() }),
  ]),
  loadEngine: z.enum(['auto', 'k6', 'builtin']),
})

/** @see gateRunSchema */
export type GateRun = z.infer<typeof gateRunSchema>

/** The name under which vitest hands the run to workers. */
export const runKey = 'aroGateRun'

declare module 'vitest' {
  interface ProvidedContext {
    aroGateRun: GateRun
  }
}
