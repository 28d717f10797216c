import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import type { ControlContext } from '../../control.ts'
import { evidenceFileSchema, humanNameSchema } from '../../evidence/attestation.ts'
import type { FacilityMap } from '../../facilities.ts'
import { readAttestation } from '../../subject/attestation.ts'
import type { IncidentTrial } from './judge.ts'

const recordSchema = z.strictObject({
  date: z.iso.date(),
  scenario: z.string().min(1),
  runbook: z.string().min(1),
  participants: z.array(z.strictObject({ name: humanNameSchema, role: z.string().min(2) })).min(1),
  findings: z.array(z.strictObject({ finding: z.string().min(1), closedOn: z.iso.date().nullable() })),
  evidence: z.array(evidenceFileSchema).min(1),
})

const longestDays = 90

/** Reads the record of the last rehearsal. */
export async function readRehearsal({
  subject,
  run,
}: ControlContext & Pick<FacilityMap, 'run'>): Promise<IncidentTrial> {
  const now = new Date()
  const { record, attested } = await readAttestation({
    subject,
    name: 'incidentResponse',
    schema: recordSchema,
    datedOn: ({ date }) => date,
    longestDays,
    directory: join(run.runDirectory, 'attestations'),
    now,
  })
  const { scenario, runbook, participants, findings } = record
  return {
    ...attested,
    scenario,
    runbook: { path: runbook, isThere: existsSync(join(subject.root, runbook)) },
    participants,
    findings,
    examinedOn: now.toISOString().slice(0, 10),
  }
}
