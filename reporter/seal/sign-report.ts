import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { checkSeal } from './check.ts'
import { envelopeName, sealStatement } from './envelope.ts'
import { stateVerdict } from './statement.ts'

// A command of its own, and none of the gate's: while the subject runs, the key is not where the subject's processes could read it.
const usage = 'npm run sign-report -- [folder, reports/gate unless given] --key <PEM file of a private key>'
const badInput = 2

try {
  const { positionals, values } = parseArgs({ allowPositionals: true, options: { key: { type: 'string' } } })
  const [folder = 'reports/gate', ...more] = positionals
  if (more.length > 0 || values.key === undefined) throw new Error('Expected one folder and a key.')
  const { report, manifest, mismatches } = checkSeal(folder)
  if (report === undefined || manifest === undefined || mismatches.length > 0) {
    throw new Error(`Expected a report as the gate has written it, got one that differs:\n${mismatches.join('\n')}`)
  }
  const statement = stateVerdict(report, manifest, ownVersion())
  const envelope = sealStatement(statement, readFileSync(values.key, 'utf8'))
  const path = join(folder, envelopeName)
  const temporary = `${path}.${process.pid}.tmp`
  writeFileSync(temporary, `${JSON.stringify(envelope, null, 2)}\n`, { flag: 'wx' })
  renameSync(temporary, path)
  console.log(
    `${path}: ${report.verdict} for ${report.subject.name} ${report.subject.version}, signed by key ${envelope.signatures[0]?.keyid}`,
  )
} catch (error) {
  console.error(`${error instanceof Error ? error.message : String(error)}\nusage: ${usage}`)
  process.exitCode = badInput
}

function ownVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return String((JSON.parse(text) as { version: unknown }).version)
}
