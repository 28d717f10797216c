import { existsSync, readFileSync, statSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { checkSeal } from './check.ts'
import { envelopeName } from './envelope.ts'

const usage = 'npm run verify-report -- [folder, reports/gate unless given] [--public-key <PEM file>]'
const badInput = 2

try {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { 'public-key': { type: 'string' } },
  })
  const [folder = 'reports/gate', ...more] = positionals
  if (more.length > 0) throw new Error('Expected one folder.')
  if (!existsSync(folder) || !statSync(folder).isDirectory())
    throw new Error(`Expected the folder of a report, found none at ${folder}.`)
  const keyFile = values['public-key']
  process.exitCode = verify(folder, keyFile === undefined ? undefined : readFileSync(keyFile, 'utf8'))
} catch (error) {
  console.error(`${error instanceof Error ? error.message : String(error)}\nusage: ${usage}`)
  process.exitCode = badInput
}

function verify(folder: string, publicKey: string | undefined): number {
  const { report, intact, isSigned, mismatches } = checkSeal(folder, publicKey)
  for (const mismatch of mismatches) console.log(`❌ ${mismatch}`)
  if (publicKey === undefined && isSigned) {
    console.log(`❌ ${envelopeName} was not checked: give the public key of whoever signed it by --public-key.`)
    return 1
  }
  if (mismatches.length > 0) {
    console.log('This is not the report that the gate has written: do not rely on it.')
    return 1
  }
  const about = `${intact} files as the gate has written them; verdict ${report?.verdict} on ${report?.subject.name} ${report?.subject.version}, commit ${report?.subject.commit ?? 'unknown'}`
  console.log(`✅ ${about}`)
  console.log(
    publicKey === undefined
      ? 'Not signed: whoever can write to the folder could have changed the files and the manifest together.'
      : 'Signed by the key given.',
  )
  return 0
}
