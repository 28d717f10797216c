import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fromMarkdown } from 'mdast-util-from-markdown'
import type { Nodes } from 'mdast'
import { coerce, lt, parse } from 'semver'
import { z } from 'zod'
import type { ControlContext } from '../../control.ts'
import { evidenceFileSchema, humanNameSchema } from '../../evidence/attestation.ts'
import type { FacilityMap } from '../../facilities.ts'
import { readAttestation } from '../../subject/attestation.ts'
import type { RollbackTrial } from './judge.ts'

const recordSchema = z
  .strictObject({
    version: z.string().min(1),
    previousVersion: z.string().min(1),
    runbook: z.string().min(1),
    owner: humanNameSchema,
    drill: z.strictObject({
      date: z.iso.date(),
      environment: z.string().min(1),
      participants: z.array(humanNameSchema).min(1),
      result: z.enum(['passed', 'failed']),
      evidence: z.array(evidenceFileSchema).min(1),
    }),
  })
  .transform((record) => ({ ...record, evidence: record.drill.evidence }))

const longestDays = 90

/** Reads the record of the last drill, what backs it, and the runbook it followed. */
export async function readRollbackPlan({
  subject,
  run,
}: ControlContext & Pick<FacilityMap, 'run'>): Promise<RollbackTrial> {
  const { record, attested } = await readAttestation({
    subject,
    name: 'rollbackPlan',
    schema: recordSchema,
    datedOn: ({ drill }) => drill.date,
    longestDays,
    directory: join(run.runDirectory, 'attestations'),
    now: new Date(),
  })
  const { version, previousVersion, drill } = record
  const { environment, result, participants } = drill
  const logs = await Promise.all(attested.evidenceFiles.map(({ path }) => readFile(join(subject.root, path), 'utf8')))
  const runbook = await readFile(join(subject.root, record.runbook), 'utf8').catch(() => undefined)
  return {
    ...attested,
    release: subject.version,
    drilled: { version, previousVersion, isBefore: isBefore(previousVersion, version), environment, result },
    untold: [version, previousVersion].filter((one) => !logs.some((log) => tellsOf(log, one))),
    participants,
    runbook: {
      path: record.runbook,
      isThere: runbook !== undefined,
      steps: runbook === undefined ? 0 : countSteps(fromMarkdown(runbook)),
    },
  }
}

/** Whether a version precedes another; of two that are no numbers it is known only that they differ. */
function isBefore(version: string, other: string): boolean {
  const [first, second] = [version, other].map((text) => parse(text) ?? coerce(text))
  return first && second ? lt(first, second) : version !== other
}

/** Whether a text names a version, and not only a longer one that begins or ends like it. */
function tellsOf(text: string, version: string): boolean {
  const plain = version.replace(/^v/i, '').replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
  return new RegExp(String.raw`(?<![\d.])${plain}(?![\d.]*\d)`).test(text)
}

const countSteps = (node: Nodes): number => {
  const within = 'children' in node ? node.children.reduce((sum, child) => sum + countSteps(child), 0) : 0
  return within + (node.type === 'list' && node.ordered === true ? node.children.length : 0)
}
