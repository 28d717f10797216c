import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { z } from 'zod'
import type { ControlDefinition } from '../control.ts'
import { requireIdentity } from '../evidence/identity.ts'
import type { ControlRecord } from '../evidence/outcome.ts'
import { examine } from '../examination.ts'
import type { FacilityName } from '../facilities.ts'
import { openRun } from '../open-run.ts'

// node examination-process.ts <control file>…: examines them on ARO_GATE_SUBJECT as the gate does, one after the other in this
// one process, and writes what they say to report.json in ARO_GATE_REPORT_DIR. The proof does so hundreds of times.

type AnyControl = ControlDefinition<z.ZodObject, readonly FacilityName[]>

const { ARO_GATE_SUBJECT: subjectFile = '', ARO_GATE_REPORT_DIR: reportDirectory = '' } = process.env
// what is waited for at the end does not keep a process alive by itself
setInterval(() => undefined, 60_000)
// as within vitest, a rejection that nobody handles ends nothing, and yet nothing has passed
const unhandled: string[] = []
process.on('unhandledRejection', (error) => unhandled.push(error instanceof Error ? error.message : String(error)))
const definitions: [string, AnyControl][] = []
for (const file of process.argv.slice(2))
  definitions.push([file, ((await import(file)) as { default: AnyControl }).default])
// a server and a migration take longer than what reads files only
const needsDatabase = definitions.some(([, { needs }]) => needs.includes('app') || needs.includes('database'))
const { run, close } = await openRun(subjectFile, { needsDatabase, template: process.env.ARO_GATE_PROOF_TEMPLATE })
const controls: ControlRecord[] = []
try {
  for (const [file, definition] of definitions) {
    const { timeLimitSeconds = 60 } = definition
    const progress = (message: string): void => console.log(message)
    const record = await examine(requireIdentity(file), definition, { timeLimitSeconds, run, progress })
    const [rejection] = unhandled.splice(0)
    const isSpoilt = rejection !== undefined && record.outcome === 'passed'
    controls.push(isSpoilt ? { ...record, outcome: 'unverified', reason: `unhandled: ${rejection}` } : record)
  }
} finally {
  await close()
}
mkdirSync(reportDirectory, { recursive: true })
writeFileSync(
  join(reportDirectory, 'report.json'),
  JSON.stringify({ finishedAt: new Date().toISOString(), gates: [{ controls }] }),
)
process.exit(0)
