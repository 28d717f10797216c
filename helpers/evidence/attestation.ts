import { z } from 'zod'
import type { JudgedShortfall } from './shortfall.ts'

const placeholder =
  /\b(?:tbd|tba|todo|n\/?a|none|nobody|somebody|someone|anyone|unknown|placeholder|x{2,}|team|on-?call)\b|[<>{}@\d_]/i

/** The name of a person: of letters, and no word that stands for one who is still to be named. */
export const humanNameSchema = z
  .string()
  .trim()
  .regex(/^\p{L}[\p{L}\p{M}’'. -]+$/u, 'expected the name of a person')
  .refine((name) => !placeholder.test(name), 'expected the name of a person, got a placeholder')

/** A file that backs what a record states, by its path from the subject's root and its SHA-256. */
export const evidenceFileSchema = z.strictObject({
  path: z.string().min(1),
  sha256: z.string().regex(/^[0-9a-f]{64}$/, 'expected a SHA-256 in 64 lower-case hexadecimal digits'),
})

/** A record that was read, with the files that back it. */
export const attestedSchema = z.object({
  /** Path from the subject's root, or how else it came. */
  record: z.string(),
  /** The day on which it was made. */
  datedOn: z.iso.date(),
  ageDays: z.int().nonnegative(),
  /** `sha256` is what the record says, `foundSha256` what the file has. */
  evidenceFiles: z.array(evidenceFileSchema.extend({ bytes: z.int().positive(), foundSha256: z.string() })).min(1),
})

/** @see attestedSchema */
export type Attested = z.infer<typeof attestedSchema>

/** Each file that is not what it was when the record was made. */
export function judgeEvidenceFiles({ record, evidenceFiles }: Attested): JudgedShortfall[] {
  return evidenceFiles
    .filter(({ sha256, foundSha256 }) => sha256 !== foundSha256)
    .map(({ path, sha256, foundSha256 }) => ({
      what: `${path} was altered after it had been recorded: its SHA-256 is ${foundSha256}, the record says ${sha256}`,
      expected: 'the file as it was when the record was made',
      where: record,
      mitigation: 'Bring back the file as it was, or make the record anew and say so.',
    }))
}
