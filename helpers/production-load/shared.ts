import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { runProductionLoad } from './run.ts'
import type { LoadContext } from './run.ts'
import { loadParts, loadTrialSchema } from './trial.ts'
import type { LoadPart, LoadTrial } from './trial.ts'

const keptSchema = z.discriminatedUnion('outcome', [
  z.strictObject({ outcome: z.literal('measured'), trial: loadTrialSchema }),
  z.strictObject({ outcome: z.literal('failed'), runId: z.string(), reason: z.string().min(1) }),
])

/**
 * The production load of this gate run. The first control that asks runs it; the later ones, each in a process of its own, read
 * what it left in the run's folder. A release is loaded with everything at once; a rehearsal only with the parts asked for.
 * @throws when the load could not be measured, in every control that needs it, or what was kept is not of this run.
 */
export async function productionLoad(context: LoadContext, parts: readonly LoadPart[]): Promise<LoadTrial> {
  const { run, profile, seed } = context
  const wanted = profile === 'release' ? loadParts : loadParts.filter((part) => parts.includes(part))
  const folder = join(run.runDirectory, 'load')
  const file = join(folder, `${run.runId}-${wanted.join('-')}.json`)
  if (existsSync(file)) {
    const kept = keptSchema.parse(JSON.parse(readFileSync(file, 'utf8')))
    if (kept.outcome === 'failed') throw new Error(`The load that this control shares was not measured: ${kept.reason}`)
    const { trial } = kept
    if (trial.runId !== run.runId || trial.profile !== profile || trial.seed !== seed) {
      throw new Error(`The load kept in ${file} is of another run.`)
    }
    return trial
  }
  mkdirSync(folder, { recursive: true })
  const keep = (kept: z.input<typeof keptSchema>): void => {
    // renamed into place, so that nobody ever reads half of it
    writeFileSync(`${file}.part`, JSON.stringify(kept), { mode: 0o600 })
    renameSync(`${file}.part`, file)
  }
  try {
    const trial = loadTrialSchema.parse(await runProductionLoad(context, wanted))
    keep({ outcome: 'measured', trial })
    return trial
  } catch (error) {
    keep({
      outcome: 'failed',
      runId: run.runId,
      reason: error instanceof Error ? error.message : String(error),
    })
    throw error
  }
}
