import { z } from 'zod'
import type { JudgedShortfall } from '../../evidence/shortfall.ts'

const findingSchema = z.object({
  rule: z.string(),
  /** Of the value, which itself stands nowhere in the evidence. */
  sha256: z.hex(),
  characters: z.int().positive(),
  /** Whether only a provider's live system writes such a value. */
  isLive: z.boolean(),
  places: z.array(z.object({ place: z.enum(['tree', 'history']), where: z.string() })).min(1),
  /** The reason for which the subject file lists it as a test value. */
  listed: z.string().nullable(),
})

/** All that was seen of secrets in the source. */
export const sourceSecretsTrialSchema = z.object({
  read: z.object({
    commits: z.int().positive(),
    blobs: z.int().positive(),
    files: z.int().positive(),
    kilobytes: z.number().nonnegative(),
  }),
  scanners: z.array(z.string()).min(2),
  /** Made-up secrets and harmless texts, given to the same rules in the same run. */
  samples: z.object({ secrets: z.int().positive(), found: z.int(), harmless: z.int().positive(), alarms: z.int() }),
  findings: z.array(findingSchema),
  listings: z.array(
    z.object({ listing: z.string(), reason: z.string(), matches: z.int().nonnegative(), coversLive: z.boolean() }),
  ),
})

/** @see sourceSecretsTrialSchema */
export type SourceSecretsTrial = z.infer<typeof sourceSecretsTrialSchema>

/** Each secret that is committed and not a listed test value, and each listing that covers what it may not, or nothing. */
export function judgeSourceSecrets({ findings, listings }: SourceSecretsTrial): JudgedShortfall[] {
  return [
    ...findings
      .filter(({ listed, isLive }) => listed === null || isLive)
      .map(({ rule, sha256, characters, isLive, places }) => {
        const [first] = places
        const isInTree = first?.place === 'tree'
        const more = places.length > 1 ? `, and in ${places.length - 1} more places` : ''
        return {
          what: `a secret is ${isInTree ? 'in the source' : 'in the history, though no longer in the source'}: ${rule}, ${characters} characters, sha256 ${sha256.slice(0, 16)}…${more}`,
          expected: isLive
            ? 'no value of a live system in any commit, listed or not'
            : 'no secret in any commit; a test value listed in the subject file’s testSecrets, with a reason',
          where: places
            .slice(0, 5)
            .map(({ place, where }) => `${where} (${place})`)
            .join('; '),
          mitigation: `Revoke it and put in a new one, read at run time; removing it from the source does not take it out of the history. A value that no system accepts is listed by its sha256: ${sha256}.`,
        }
      }),
    ...listings
      .filter(({ matches }) => matches === 0)
      .map(({ listing, reason }) => ({
        what: `the test value ${listing} (${reason}) is listed, but nothing in the source or its history has it`,
        expected: 'listings of what is there only',
        where: 'testSecrets of the subject file',
        mitigation: 'Remove the listing.',
      })),
    ...listings
      .filter(({ coversLive }) => coversLive)
      .map(({ listing, reason }) => ({
        what: `the listing ${listing} (${reason}) covers a value in the form of a live system`,
        expected: 'test values in the form of test systems',
        where: 'testSecrets of the subject file',
        mitigation: 'Revoke the value, and take one that cannot be genuine.',
      })),
  ]
}
