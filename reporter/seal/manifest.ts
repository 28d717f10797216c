import { createHash } from 'node:crypto'
import { z } from 'zod'

/** Name of the file that lists the others of a report. */
export const manifestName = 'manifest.json'

const sha256Schema = z.string().regex(/^[0-9a-f]{64}$/)

/** The shape of manifest.json: every file of one run's report, with its size and SHA-256. */
export const manifestSchema = z.strictObject({
  schemaVersion: z.literal(1),
  runId: z.string().min(1),
  files: z
    .array(
      z.strictObject({
        name: z.string().regex(/^[\w-][\w.-]*$/),
        bytes: z.int().nonnegative(),
        sha256: sha256Schema,
      }),
    )
    .min(1),
})

/** @see manifestSchema */
export type Manifest = z.infer<typeof manifestSchema>

/** SHA-256 of a text or bytes, in hexadecimal digits. */
export const sha256 = (content: string | Buffer): string => createHash('sha256').update(content).digest('hex')

/** The text of the manifest of these files, by name. */
export function renderManifest(runId: string, files: ReadonlyMap<string, string>): string {
  const listed = [...files].map(([name, text]) => ({ name, bytes: Buffer.byteLength(text), sha256: sha256(text) }))
  const manifest: Manifest = { schemaVersion: 1, runId, files: listed }
  return `${JSON.stringify(manifest, null, 2)}\n`
}
