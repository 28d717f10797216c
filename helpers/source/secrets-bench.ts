import { findBySecretlint } from './secretlint.ts'
import { findSecrets } from './secret-rules.ts'
import { makeSecretSamples } from './secret-samples.ts'

// Compares secretlint's recommended rules with our own, on secrets and harmless texts that are made up at each run.
// `npm run bench` prints the tables.
const rounds = 20

const scanners = {
  secretlint: async (path: string, text: string) => (await findBySecretlint(path, text)).length > 0,
  'own rules': async (path: string, text: string) => findSecrets(path, text).length > 0,
  both: async (path: string, text: string) =>
    findSecrets(path, text).length > 0 || (await findBySecretlint(path, text)).length > 0,
}

const samples = Array.from({ length: rounds }, () => makeSecretSamples()).flat()
const rows = []
const byName = new Map<string, Record<string, string>>()
for (const [scanner, finds] of Object.entries(scanners)) {
  const startedAt = performance.now()
  let found = 0
  let alarms = 0
  for (const { name, path, text, isSecret } of samples) {
    const isFound = await finds(path, text)
    if (isFound && isSecret) found += 1
    if (isFound && !isSecret) alarms += 1
    const row = byName.get(name) ?? { kind: isSecret ? 'secret' : 'harmless' }
    const seen = Number.parseInt(row[scanner] ?? '0', 10) + (isFound ? 1 : 0)
    byName.set(name, { ...row, [scanner]: `${seen} of ${rounds}` })
  }
  const secrets = samples.filter(({ isSecret }) => isSecret).length
  rows.push({
    scanner,
    recall: Number((found / secrets).toFixed(3)),
    precision: Number((found / Math.max(1, found + alarms)).toFixed(3)),
    falseAlarms: `${alarms} of ${samples.length - secrets}`,
    millisecondsEach: Number(((performance.now() - startedAt) / samples.length).toFixed(2)),
  })
}
console.log(`\nSecrets in ${samples.length} made-up texts`)
console.table(rows)
console.table(Object.fromEntries(byName))
