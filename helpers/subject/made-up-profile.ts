import { randomBytes } from 'node:crypto'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { basename, dirname, extname, join } from 'node:path'
import type { Subject } from './subject.ts'

type PackFile = Subject['profilePacks'][number]
type Pack = Record<string, unknown>

/** An id that no source can know: letters only, as every schema of ids allows. */
export const makeProfileId = (): string =>
  `gate-${randomBytes(12)
    .toString('base64')
    .replaceAll(/[^a-z]/g, '')}x`

/** Gives the pack in a copy of the subject another id; the genuine module stays beside it. @throws when there is no such pack. */
export async function renameProfile(copy: string, { file, export: name }: PackFile, profileId: string): Promise<void> {
  const path = join(copy, file)
  const extension = extname(file)
  if (extension === '.json') {
    const pack = JSON.parse(await readFile(path, 'utf8')) as Pack
    await writeFile(path, JSON.stringify({ ...pack, profileId }))
    return
  }
  await readPack(copy, { file, export: name })
  const beside = `${basename(file, extension)}.genuine${extension}`
  await rename(path, join(dirname(path), beside))
  const exported = name === 'default' ? 'export default renamed' : `export { renamed as ${name} }`
  await writeFile(
    path,
    `export * from './${beside}'\nimport * as genuine from './${beside}'\nconst renamed = { ...genuine[${JSON.stringify(name)}], profileId: ${JSON.stringify(profileId)} }\n${exported}\n`,
  )
}

/** A profile pack as it is in a repository. @throws when the file or the export is not there. */
export async function readPack(root: string, { file, export: name }: PackFile): Promise<Pack> {
  const path = join(root, file)
  if (extname(file) === '.json') return JSON.parse(await readFile(path, 'utf8')) as Pack
  const module = (await import(path)) as Record<string, Pack>
  const pack = module[name]
  if (pack === undefined) {
    throw new Error(`${file} exports no ${name}: name the export in the subject file's profilePacks.`)
  }
  return pack
}
