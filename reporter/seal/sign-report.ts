import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { checkSeal } from './check.ts'
import { envelopeName, sealStatement } from './envelope.ts'
import { manifestName } from './manifest.ts'
import { stateVerdict } from './statement.ts'

// A command of its own, and none of the gate's: while the subject runs, the key is not where the subject's processes could read it.
const usage = 'npm run sign-report -- [folder, reports/gate unless given] --key <PEM file of a private key>'
const badInput = 2

try {
  const { positionals, values } = parseArgs({ allowPositionals: true, options: { key: { type: 'string' } } })
  const [folder = 'reports/gate', ...more] = positionals
  if (more.length > 0 || values.key === undefined) throw new Error('Expected one folder and a key.')
  const { report, mismatches } = checkSeal(folder)
  if (report === undefined || mismatches.length > 0) {
    throw new Error(`Expected a report as the gate has written it, got one that differs:\n${mismatches.join('\n')}`)
  }
  const manifest = readFileSync(join(folder, manifestName), 'utf8')
  const statement = stateVerdict(report, manifest, ownVersion())
  const envelope = sealStatement(statement, readFileSync(values.key, 'utf8'))
  writeFileSync(join(folder, envelopeName), `${JSON.stringify(envelope, null, 2)}\n`)
  console.log(
    `${join(folder, envelopeName)}: ${report.verdict} on ${report.subject.name} ${report.subject.version}, signed by key ${envelope.signatures[0]?.keyid}`,
  )
} catch (error) {
  console.error(`${error instanceof Error ? error.message : String(error)}\nusage: ${usage}`)
  process.exitCode = badInput
}

function ownVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return String((JSON.parse(text) as { version: unknown }).version)
}
