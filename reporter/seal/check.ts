import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { reportSchema } from '../record.ts'
import type { Report } from '../record.ts'
import { renderFiles } from '../renderings.ts'
import { envelopeName, envelopeSchema, openEnvelope } from './envelope.ts'
import type { PublicKey } from './envelope.ts'
import { manifestName, manifestSchema, sha256 } from './manifest.ts'
import { differencesFrom } from './statement.ts'

/** What the look at a report's folder has found. */
export interface SealCheck {
  report: Report | undefined
  /** The manifest's text as it was checked. */
  manifest: string | undefined
  isSigned: boolean
  /** What does not match, in sentences; empty when the folder is as the run has left it. */
  mismatches: string[]
}

/**
 * Compares the files of a report with its manifest and with each other, and with the statement that was signed; without a
 * public key whoever can write to the folder could have changed all of them together.
 */
export function checkSeal(directory: string, publicKey?: PublicKey): SealCheck {
  const mismatches: string[] = []
  const files = readFiles(directory, mismatches)
  const manifest = parse(files, manifestName, manifestSchema, mismatches)
  const report = parse(files, 'report.json', reportSchema, mismatches)
  if (manifest !== undefined) mismatches.push(...compareWithManifest(files, manifest))
  if (report !== undefined) {
    mismatches.push(...compareWithReport(files, report))
    if (manifest !== undefined && report.runId !== manifest.runId)
      mismatches.push(`report.json is of run ${report.runId}, the manifest of run ${manifest.runId}`)
  }
  if (publicKey !== undefined) mismatches.push(...checkSignature(files, report, publicKey))
  return {
    report,
    manifest: files.get(manifestName)?.toString(),
    isSigned: files.has(envelopeName),
    mismatches,
  }
}

function compareWithManifest(files: ReadonlyMap<string, Buffer>, { files: listed }: z.infer<typeof manifestSchema>) {
  const altered = listed.flatMap(({ name, bytes, sha256: expected }) => {
    const content = files.get(name)
    if (content === undefined) return [`${name} is in the manifest, and not in the folder`]
    const found = sha256(content)
    if (found === expected && content.length === bytes) return []
    return [`${name} was altered: its SHA-256 is ${found}, the manifest says ${expected}`]
  })
  const known = new Set([manifestName, envelopeName, ...listed.map(({ name }) => name)])
  const unknown = [...files.keys()].filter((name) => !known.has(name))
  return [...altered, ...unknown.map((name) => `${name} is in the folder, and not in the manifest`)]
}

/** The other files are made of report.json alone, and a verdict has to be what its reasons allow. */
function compareWithReport(files: ReadonlyMap<string, Buffer>, report: Report): string[] {
  const differing = [...renderFiles(report)]
    .filter(([name, text]) => name !== 'report.json' && files.get(name)?.toString() !== text)
    .map(([name]) => `${name} is not what the gate makes of report.json (of this version of the gate)`)
  const controls = report.gates.flatMap((gate) => gate.controls)
  const isGo = report.reasons.length === 0 && controls.every(({ outcome }) => outcome === 'passed')
  return (report.verdict === 'GO') === (isGo && controls.length > 0)
    ? differing
    : [...differing, `the verdict of report.json is ${report.verdict}, which its reasons and controls do not allow`]
}

function checkSignature(files: ReadonlyMap<string, Buffer>, report: Report | undefined, publicKey: PublicKey) {
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

/** The files of a folder; what is no plain file, such as a link, could show something else the next time. */
function readFiles(directory: string, mismatches: string[]): Map<string, Buffer> {
  const entries = readdirSync(directory, { withFileTypes: true })
  const others = entries.filter((entry) => !entry.isFile())
  mismatches.push(...others.map(({ name }) => `${name} is no plain file, and not of the gate’s making`))
  const files = entries.filter((entry) => entry.isFile())
  return new Map(files.map(({ name }) => [name, readFileSync(join(directory, name))]))
}

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
