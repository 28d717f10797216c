import { z } from 'zod'
import { loadResultSchema } from '../load/result.ts'

/** What the production load consists of; each part is a scenario of its own. */
export const loadParts = ['webhooks', 'messages', 'dashboard', 'api'] as const

/** @see loadParts */
export type LoadPart = (typeof loadParts)[number]

const moment = z.number().positive()
const count = z.int().nonnegative()

const resourcesSchema = z.strictObject({
  samples: z
    .array(
      z.strictObject({
        at: moment,
        processes: z.int().positive(),
        residentMegabytes: z.number().nonnegative(),
        processorSeconds: z.number().nonnegative(),
      }),
    )
    .min(2),
  /** The most that the kernel saw during the load, also between samples; null where it does not tell. */
  highWaterMegabytes: z.number().nonnegative().nullable(),
  /** Of this machine's processor time, what went to programs outside of this run; null where the kernel does not tell. */
  othersPercent: z.number().nonnegative().nullable(),
})

/** One run of the production load, as it is kept for all the controls that judge it. */
export const loadTrialSchema = z.strictObject({
  runId: z.string().min(1),
  profile: z.enum(['release', 'rehearsal']),
  seed: z.int().nonnegative(),
  parts: z.array(z.enum(loadParts)).min(1),
  warmupSeconds: z.number().nonnegative(),
  /** Milliseconds since the epoch between which the arrival rate was at its highest. */
  plateau: z.strictObject({ from: moment, to: moment }),
  /** What was in the database beforehand. */
  stored: z.strictObject({ appointments: z.int().positive(), customers: z.int().positive() }),
  /** How many of the appointments the API showed when one of the copied customers was looked up, and the size of the dashboard. */
  shown: z.strictObject({ appointmentsOfCopy: z.int().positive(), dashboardBytes: z.int().positive() }),
  load: loadResultSchema,
  /** When the event of a booking was first visible, by its correlation id. */
  processedAt: z.record(z.string(), moment),
  /** When the provider had first received a message, by the correlation id of what triggered it. */
  receivedAt: z.record(z.string(), moment),
  /** Declared routes of the admin, Command and Event API that the load did not ask for. */
  routesLeftOut: z.array(z.string()),
  resources: resourcesSchema,
  limits: z.strictObject({ memoryMegabytes: z.int().positive(), processors: z.number().positive() }),
  eventReadingFailures: count,
})

/** @see loadTrialSchema */
export type LoadTrial = z.infer<typeof loadTrialSchema>
