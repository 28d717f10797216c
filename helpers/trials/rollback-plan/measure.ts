import { readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { fromMarkdown } from 'mdast-util-from-markdown'
import { toString } from 'mdast-util-to-string'
import type { RootContent } from 'mdast'
import { z } from 'zod'
import type { ControlContext } from '../../control.ts'
import { evidenceFileSchema, humanNameSchema } from '../../evidence/attestation.ts'
import type { FacilityMap } from '../../facilities.ts'
import { readAttestation } from '../../subject/attestation.ts'
import type { RollbackTrial } from './judge.ts'
import { goesThereAndBack, precedes } from './versions.ts'

const recordSchema = z
  .strictObject({
    version: z.string().trim().min(1),
    previousVersion: z.string().trim().min(1),
    runbook: z.string().min(1),
    owner: humanNameSchema,
    drill: z.strictObject({
      date: z.iso.date(),
      environment: z.enum(['staging', 'production']),
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
  const logs = await Promise.all(
    attested.evidenceFiles.map(async ({ path }) => {
      const text = await readFile(join(subject.root, path), 'utf8')
      return {
        path,
        goesThereAndBack: goesThereAndBack(text, version, previousVersion),
        clockTimes: new Set(text.match(/(?<![\d:])\d{1,2}:\d{2}(?!\d)/g)).size,
        failure: failureIn(text),
      }
    }),
  )
  return {
    ...attested,
    release: subject.version,
    drilled: { version, previousVersion, isBefore: precedes(previousVersion, version), environment, result },
    logs,
    participants,
    runbook: await readRunbook(subject.root, record.runbook),
  }
}

const failing =
  /\b(?:result|outcome|verdict|conclusion|status)\b["'*\s]*[:=|–-]+["'*\s|]*(?:not\s+(?:passed|ok)|fail|abort|unsuccessful|incomplete)/i

const failureIn = (text: string): string | null =>
  text
    .split('\n')
    .find((line) => failing.test(line))
    ?.trim()
    .slice(0, 200) ?? null

async function readRunbook(root: string, path: string): Promise<RollbackTrial['runbook']> {
  if (relative(root, join(root, path)).startsWith('..'))
    throw new Error(`The runbook ${path} lies outside the subject's root: keep it in the repository.`)
  try {
    const text = await readFile(join(root, path), 'utf8')
    return { path, isThere: true, steps: countSteps(fromMarkdown(text).children) }
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return { path, isThere: false, steps: 0 }
    throw error
  }
}

/** Parts of a runbook that say how to see a thing, and not what to do. */
const observing = /symptom|detect|diagnos|verif|how to see/i

/** Points of numbered lists that say something, but for those of how to see it. */
function countSteps(blocks: readonly RootContent[]): number {
  let heading = ''
  let steps = 0
  for (const block of blocks) {
    if (block.type === 'heading') heading = toString(block)
    if (block.type !== 'list' || block.ordered !== true || observing.test(heading)) continue
    steps += block.children.filter((item) => /\p{L}{2}/u.test(toString(item))).length
  }
  return steps
}
