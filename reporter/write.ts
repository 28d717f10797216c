import { appendFileSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Report } from './record.ts'
import { renderFiles } from './renderings.ts'
import { envelopeName } from './seal/envelope.ts'
import { manifestName, renderManifest } from './seal/manifest.ts'
import { renderSummary } from './summary.ts'

/**
 * Writes report.md, report.json, junit.xml and report.sarif with their manifest, all or none: each whole under another name
 * first, then put in place; a signature of an earlier run is taken away. Synchronous, so that it works while the process exits. @throws with the path and what to do.
 */
export function writeReports(directory: string, report: Report): void {
  const texts = renderFiles(report)
  const files = [...texts, [manifestName, renderManifest(report.runId, texts)] as const].map(([name, text]) => {
    const path = join(directory, name)
    return { path, temporary: `${path}.${process.pid}.tmp`, text }
  })
  let path = directory
  try {
    mkdirSync(directory, { recursive: true })
    for (const file of files) {
      path = file.path
      writeFileSync(file.temporary, file.text)
    }
    path = join(directory, envelopeName)
    rmSync(path, { force: true })
    for (const file of files) {
      path = file.path
      renameSync(file.temporary, file.path)
    }
  } catch (error) {
    for (const file of files) rmSync(file.temporary, { force: true, recursive: true })
    throw new Error(
      `Expected to write the report ${path}, got ${error instanceof Error ? error.message : String(error)}. Make ${directory} a folder that can be written to, with space left, or name another by ARO_GATE_REPORT_DIR; until then the verdict is NO-GO.`,
      { cause: error },
    )
  }
}

/** Adds the verdict to the GitHub job's summary page, where GITHUB_STEP_SUMMARY names its file. @throws when it cannot be written. */
export function appendJobSummary(report: Report): void {
  const file = process.env.GITHUB_STEP_SUMMARY
  if (file) appendFileSync(file, renderSummary(report))
}
