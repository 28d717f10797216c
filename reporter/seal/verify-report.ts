import { existsSync, readFileSync, statSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { checkSeal } from './check.ts'
import { envelopeName, readPublicKey } from './envelope.ts'
import type { PublicKey } from './envelope.ts'

const usage =
  'npm run verify-report -- [folder, reports/gate unless given] [--public-key <PEM file>] [--commit <hash that the report has to be of>]'
const badInput = 2
const noGo = 3

try {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { 'public-key': { type: 'string' }, commit: { type: 'string' } },
  })
  const [folder = 'reports/gate', ...more] = positionals
  if (more.length > 0) throw new Error('Expected one folder.')
  if (!existsSync(folder) || !statSync(folder).isDirectory())
    throw new Error(`Expected the folder of a report, found none at ${folder}.`)
  const keyFile = values['public-key']
  const key = keyFile === undefined ? undefined : readPublicKey(readFileSync(keyFile, 'utf8'))
  process.exitCode = verify(folder, key, values.commit)
} catch (error) {
  console.error(`${error instanceof Error ? error.message : String(error)}\nusage: ${usage}`)
  process.exitCode = badInput
}

function verify(folder: string, key: PublicKey | undefined, commit: string | undefined): number {
  const { report, isSigned, mismatches } = checkSeal(folder, key)
  if (key === undefined && isSigned)
    mismatches.push(`${envelopeName} was not checked: give the public key of whoever signed it by --public-key`)
  if (commit !== undefined && report !== undefined && report.subject.commit !== commit)
    mismatches.push(`the report is of commit ${report.subject.commit ?? 'unknown'}, expected ${commit}`)
  for (const mismatch of mismatches) console.log(`❌ ${mismatch}`)
  if (mismatches.length > 0 || report === undefined) {
    console.log('Do not rely on this report.')
    return 1
  }
  const { name, version, commit: found } = report.subject
  console.log(
    key === undefined
      ? 'Intact, but not signed: whoever can write to the folder could have changed all its files together.'
      : 'Intact, and signed by the key given.',
  )
  console.log(
    `${report.verdict === 'GO' ? '✅' : '❌'} ${report.verdict} for ${name} ${version}, commit ${found ?? 'unknown'}`,
  )
  return report.verdict === 'GO' ? 0 : noGo
}
