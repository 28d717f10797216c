import { z } from 'zod'
import type { JudgedShortfall } from '../../evidence/shortfall.ts'

const attemptSchema = z.object({
  pack: z.string(),
  name: z.string(),
  /** Whether the subject became ready with it. */
  hasStarted: z.boolean(),
  /** Status of a command for the profile; null where the subject did not start. */
  commandStatus: z.int().nullable(),
  /** What the subject said last when it did not start. */
  said: z.string().nullable(),
})

/** All that was seen of profile packs at load. */
export const packsTrialSchema = z.object({
  honest: z.array(attemptSchema).min(2),
  hostile: z.array(attemptSchema).min(7),
})

/** @see packsTrialSchema */
export type PacksTrial = z.infer<typeof packsTrialSchema>

/** Each honest pack that is refused and each hostile one that is served, or refused without a word. */
export function judgePacks({ honest, hostile }: PacksTrial): JudgedShortfall[] {
  return [
    ...honest
      .filter(({ commandStatus }) => commandStatus !== 202)
      .map(({ pack, name, hasStarted, commandStatus, said }) => ({
        what: `a pack that only adds (${name}) is refused: ${hasStarted ? `its command is answered with ${commandStatus}` : (said ?? 'the subject does not start')}`,
        expected: 'packs that keep to the schema served, any semantic version among them',
        where: pack,
        mitigation: 'Refuse what a pack must not do, and nothing else.',
      })),
    ...hostile
      .filter(({ commandStatus }) => commandStatus === 202)
      .map(({ pack, name }) => ({
        what: `a pack with ${name} is loaded, and its profile is served`,
        expected:
          'a pack refused at load when it is not of the schema, overrides anything of the core, bypasses guardrails, or holds a secret',
        where: pack,
        mitigation: 'Parse every pack by a strict schema before it is composed, and refuse unknown keys and secrets.',
      })),
    ...hostile
      .filter(({ hasStarted, said }) => !hasStarted && (said ?? '').trim() === '')
      .map(({ pack, name }) => ({
        what: `a pack with ${name} ends the subject without a word`,
        expected: 'a refusal that says what is wrong with the pack',
        where: pack,
        mitigation: 'Say which pack was refused, and why.',
      })),
  ]
}
