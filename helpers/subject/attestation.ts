import { createHash } from 'node:crypto'
import { mkdir, readFile } from 'node:fs/promises'
import { isAbsolute, join, relative } from 'node:path'
import { z } from 'zod'
import type { evidenceFileSchema } from '../evidence/attestation.ts'
import type { Attested } from '../evidence/attestation.ts'
import type { Subject } from './subject.ts'

/** What is asked of a record. */
export interface AttestationRequest<Shape extends z.ZodType<{ evidence: z.infer<typeof evidenceFileSchema>[] }>> {
  subject: Subject
  /** The subject file's name for it. */
  name: keyof Subject['attestations']
  schema: Shape
  /** The day on which the record was made, as a date. */
  datedOn(record: z.output<Shape>): string
  longestDays: number
  /** A folder of the run, for records that are exported when they are asked for. */
  directory: string
  now: Date
}

const millisecondsPerDay = 86_400_000

/**
 * Reads a record that people have made, with the files that back it.
 * @throws when it is not named, absent, not of the schema, of the future, too old, or when a file cannot be read.
 */
export async function readAttestation<Shape extends z.ZodType<{ evidence: z.infer<typeof evidenceFileSchema>[] }>>(
  request: AttestationRequest<Shape>,
): Promise<{ record: z.output<Shape>; attested: Attested }> {
  const { subject, name, schema, longestDays, now } = request
  const named = subject.attestations[name]
  if (named === undefined)
    throw new Error(`The subject file names no record: add attestations: { ${name}: 'path/of/the/record.json' }.`)
  await mkdir(request.directory, { recursive: true })
  const path = typeof named === 'string' ? named : await named({ root: subject.root, directory: request.directory })
  const file = isAbsolute(path) ? path : join(subject.root, path)
  const record = parseRecord(await readText(file, name), schema, file)
  const datedOn = request.datedOn(record)
  const ageDays = Math.floor((now.getTime() - Date.parse(`${datedOn}T00:00:00Z`)) / millisecondsPerDay)
  if (ageDays < 0)
    throw new Error(`${file} is dated ${datedOn}, which is still to come. State the day on which it was made.`)
  if (ageDays > longestDays)
    throw new Error(
      `${file} is dated ${datedOn}, ${ageDays} days ago; at most ${longestDays} are allowed. Make it anew.`,
    )
  const evidenceFiles = await Promise.all(record.evidence.map((evidence) => readEvidence(subject.root, evidence, file)))
  const shown = typeof named === 'string' ? relative(subject.root, file) : 'exported by the subject file for this run'
  return { record, attested: { record: shown, datedOn, ageDays, evidenceFiles } }
}

async function readText(file: string, name: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error)
    throw new Error(`The record that attestations.${name} names cannot be read: ${problem}.`, { cause: error })
  }
}

function parseRecord<Shape extends z.ZodType>(text: string, schema: Shape, file: string): z.output<Shape> {
  let content: unknown
  try {
    content = JSON.parse(text)
  } catch (error) {
    throw new Error(`${file} is not JSON: ${error instanceof Error ? error.message : String(error)}.`, { cause: error })
  }
  const parsed = schema.safeParse(content)
  if (parsed.success) return parsed.data
  throw new Error(`${file} is not a record as it has to be:\n${z.prettifyError(parsed.error)}`)
}

async function readEvidence(
  root: string,
  { path, sha256 }: z.infer<typeof evidenceFileSchema>,
  record: string,
): Promise<Attested['evidenceFiles'][number]> {
  const file = join(root, path)
  if (relative(root, file).startsWith('..'))
    throw new Error(`${record} names ${path} as evidence, which lies outside the subject's root.`)
  const content = await readFile(file).catch((error: unknown) => {
    const problem = error instanceof Error ? error.message : String(error)
    throw new Error(`${record} names ${path} as evidence, which cannot be read: ${problem}.`)
  })
  const foundSha256 = createHash('sha256').update(content).digest('hex')
  return { path, sha256, foundSha256, bytes: content.byteLength }
}
