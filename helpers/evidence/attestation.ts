import { z } from 'zod'

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

/** A record that was read and whose evidence files are what it says they are. */
export const attestedSchema = z.object({
  /** Path from the subject's root, or how else it came. */
  record: z.string(),
  /** The day on which it was made. */
  datedOn: z.iso.date(),
  ageDays: z.int().nonnegative(),
  evidenceFiles: z.array(evidenceFileSchema.extend({ bytes: z.int().positive() })).min(1),
})

/** @see attestedSchema */
export type Attested = z.infer<typeof attestedSchema>
