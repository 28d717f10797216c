import { randomInt } from 'node:crypto'
import { z } from 'zod'

const settingsSchema = z.object({
  ARO_GATE_PROFILE: z.enum(['release', 'rehearsal']).default('release'),
  ARO_GATE_LOAD_ENGINE: z.enum(['auto', 'k6', 'builtin']).default('auto'),
  ARO_GATE_SEED: z
    .string()
    .regex(/^\d{1,9}$/, 'expected a whole number below 1,000,000,000')
    .transform(Number)
    .optional(),
})

/** How this run is made, as the environment says. */
export interface Settings {
  profile: 'release' | 'rehearsal'
  loadEngine: 'auto' | 'k6' | 'builtin'
  /** Start of every random choice; made up when ARO_GATE_SEED does not give one. */
  seed: number
}

/** Reads ARO_GATE_PROFILE, ARO_GATE_LOAD_ENGINE and ARO_GATE_SEED. @throws with what is allowed when one has another value. */
export function readSettings(environment: NodeJS.ProcessEnv): Settings {
  const parsed = settingsSchema.safeParse(environment)
  if (!parsed.success)
    throw new Error(`The environment has a setting the gate does not know:\n${z.prettifyError(parsed.error)}`)
  const { ARO_GATE_PROFILE: profile, ARO_GATE_LOAD_ENGINE: loadEngine, ARO_GATE_SEED: seed } = parsed.data
  return { profile, loadEngine, seed: seed ?? randomInt(1_000_000_000) }
}
