import { join } from 'node:path'
import { z } from 'zod'
import type { ControlContext } from '../../control.ts'
import { evidenceFileSchema, humanNameSchema } from '../../evidence/attestation.ts'
import type { FacilityMap } from '../../facilities.ts'
import { readAttestation } from '../../subject/attestation.ts'
import type { OnCallTrial } from './judge.ts'

const instant = z.iso.datetime({ offset: true })
const recordSchema = z.strictObject({
  confirmedOn: z.iso.date(),
  confirmedBy: humanNameSchema,
  releaseWindow: z.strictObject({ from: instant, to: instant }),
  shifts: z
    .array(z.strictObject({ level: z.int().positive(), name: humanNameSchema, from: instant, to: instant }))
    .min(1),
  evidence: z.array(evidenceFileSchema).min(1),
})

const longestDays = 30

/** Reads the confirmed schedule for the release window. */
export async function readRotation({ subject, run }: ControlContext & Pick<FacilityMap, 'run'>): Promise<OnCallTrial> {
  const now = new Date()
  const { record, attested } = await readAttestation({
    subject,
    name: 'onCallRotation',
    schema: recordSchema,
    datedOn: ({ confirmedOn }) => confirmedOn,
    longestDays,
    directory: join(run.runDirectory, 'attestations'),
    now,
  })
  const { confirmedBy, releaseWindow, shifts } = record
  return { ...attested, confirmedBy, releaseWindow, shifts, examinedAt: now.toISOString() }
}
