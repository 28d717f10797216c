import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { reportSchema } from '../record.ts'
import type { Report } from '../record.ts'
import { envelopeName, envelopeSchema, openEnvelope } from './envelope.ts'
import { manifestName, manifestSchema, sha256 } from './manifest.ts'
import { differencesFrom } from './statement.ts'

/** What the look at a report's folder has found. */
export interface SealCheck {
  report: Report | undefined
  /** How many files have the content that the manifest says. */
  intact: number
  isSigned: boolean
  /** What does not match, in sentences; empty when the folder is as the run has left it. */
  mismatches: string[]
}

/**
 * Compares the files of a report with its manifest, and the manifest with the statement that was signed; without a public key
 * the files only, which whoever can write to the folder could have changed together with the manifest.
 */
export function checkSeal(directory: string, publicKey?: string): SealCheck {
  const files = readFiles(directory)
  const mismatches: string[] = []
  const manifest = parse(files, manifestName, manifestSchema, mismatches)
  const report = parse(files, 'report.json', reportSchema, mismatches)
  const listed = manifest?.files ?? []
  const altered = listed.flatMap(({ name, sha256: expected }) => {
    const content = files.get(name)
    if (content === undefined) return [`${name} is in the manifest, and not in the folder`]
    const found = sha256(content)
    return found === expected ? [] : [`${name} was altered: its SHA-256 is ${found}, the manifest says ${expected}`]
  })
  mismatches.push(...altered)
  const known = new Set([manifestName, envelopeName, ...listed.map(({ name }) => name)])
  if (manifest !== undefined) {
    const unknown = [...files.keys()].filter((name) => !known.has(name))
    mismatches.push(...unknown.map((name) => `${name} is in the folder, and not in the manifest`))
    if (report !== undefined && report.runId !== manifest.runId)
      mismatches.push(`report.json is of run ${report.runId}, the manifest of run ${manifest.runId}`)
  }
  const isSigned = files.has(envelopeName)
  if (publicKey !== undefined) mismatches.push(...checkSignature(files, report, publicKey))
  return { report, intact: listed.length - altered.length, isSigned, mismatches }
}

function checkSignature(files: ReadonlyMap<string, Buffer>, report: Report | undefined, publicKey: string): string[] {
  const mismatches: string[] = []
  const envelope = parse(files, envelopeName, envelopeSchema, mismatches)
  const manifest = files.get(manifestName)
  if (envelope === undefined || report === undefined || manifest === undefined) return mismatches
  try {
    return differencesFrom(openEnvelope(envelope, publicKey), report, manifest.toString())
  } catch (error) {
    return [`${envelopeName}: ${error instanceof Error ? error.message : String(error)}`]
  }
}

const readFiles = (directory: string): Map<string, Buffer> =>
  new Map(
    readdirSync(directory, { withFileTypes: true })
      .filter((entry) => !entry.isDirectory())
      .map(({ name }) => [name, readFileSync(join(directory, name))]),
  )

function parse<Schema extends z.ZodType>(
  files: ReadonlyMap<string, Buffer>,
  name: string,
  schema: Schema,
  mismatches: string[],
): z.output<Schema> | undefined {
  const content = files.get(name)
  if (content === undefined) {
    mismatches.push(`${name} is missing`)
    return undefined
  }
  try {
    return schema.parse(JSON.parse(content.toString()))
  } catch (error) {
    const problem = error instanceof z.ZodError ? z.prettifyError(error) : String(error)
    mismatches.push(`${name} cannot be read: ${problem}`)
    return undefined
  }
}
