import { existsSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { z } from 'zod'

const dependencyMap = z.record(z.string(), z.string()).default({})

const declaredSchema = z.looseObject({
  dependencies: dependencyMap,
  devDependencies: dependencyMap,
  optionalDependencies: dependencyMap,
  peerDependencies: dependencyMap,
})

const entrySchema = z.looseObject({
  name: z.string().optional(),
  version: z.string().optional(),
  resolved: z.string().optional(),
  integrity: z.string().optional(),
  link: z.boolean().default(false),
  inBundle: z.boolean().default(false),
})

const lockfileSchema = z.looseObject({
  lockfileVersion: z.int(),
  packages: z.record(z.string(), z.looseObject({})),
})

/** A lock file as npm would use it. */
export interface Lockfile {
  name: string
  /** By place, e.g. `node_modules/pg`; the project itself is at `''`. */
  packages: Record<string, Record<string, unknown>>
}

// npm's order: a shrinkwrap is used where there is one
const names = ['npm-shrinkwrap.json', 'package-lock.json']

/** The lock file of the project in `directory`, if it has one. @throws when it cannot be read as npm's. */
export function readLockfile(directory: string): Lockfile | undefined {
  const name = names.find((candidate) => existsSync(join(directory, candidate)))
  if (name === undefined) return undefined
  const file = join(directory, name)
  const parsed = lockfileSchema.safeParse(JSON.parse(readFileSync(file, 'utf8')))
  if (!parsed.success) {
    throw new Error(
      `Expected a lock file of version 2 or 3 in ${file}. Make it anew with npm 7 or later. ${z.prettifyError(parsed.error)}`,
    )
  }
  return { name, packages: parsed.data.packages }
}

/** How the entries of a lock file say where their packages come from, and what is wrong with that. */
export interface EntryFindings {
  entries: number
  withoutIntegrity: string[]
  unusualSources: string[]
  disguised: string[]
}

/** Looks at every entry that is installed from outside the repository. */
export function examineEntries({ packages }: Lockfile): EntryFindings {
  const findings: EntryFindings = { entries: 0, withoutIntegrity: [], unusualSources: [], disguised: [] }
  for (const [place, raw] of Object.entries(packages)) {
    const isOwn = !place.split('/').includes('node_modules')
    const entry = entrySchema.parse(raw)
    // what a package bundles is covered by that package's own hash
    if (isOwn || entry.link || entry.inBundle) continue
    findings.entries += 1
    if (!/^sha512-[A-Za-z0-9+/]{86}==/.test(entry.integrity ?? '')) findings.withoutIntegrity.push(place)
    // without an address npm asks the configured registry
    if (entry.resolved === undefined) continue
    const archive = archiveOf(entry.resolved)
    if (archive === undefined) findings.unusualSources.push(`${place} from ${entry.resolved}`)
    else if (!archive.isOf(entry.name ?? nameAt(place), entry.version ?? ''))
      findings.disguised.push(`${place} says version ${entry.version}, its archive is ${archive.file}`)
  }
  return findings
}

const nameAt = (place: string): string => place.slice(place.lastIndexOf('node_modules/') + 'node_modules/'.length)

interface Archive {
  file: string
  isOf(name: string, version: string): boolean
}

/** The archive that a registry serves under `resolved`; undefined when that is no registry's, or not over TLS. */
function archiveOf(resolved: string): Archive | undefined {
  const url = URL.parse(resolved)
  if (url === null || url.protocol !== 'https:') return undefined
  const path = decodeURIComponent(url.pathname)
  // registries that name archives in another way cannot be compared, and are covered by the hash
  const conventional = /\/(?<name>(?:@[^/]+\/)?[^/]+)\/-\/(?<file>[^/]+)\.tgz$/.exec(path)?.groups
  const file = basename(path)
  if (conventional === undefined)
    return path.endsWith('.tgz') || path.includes('/-/') ? { file, isOf: () => true } : undefined
  return {
    file,
    isOf: (name, version) => conventional.name === name && conventional.file === `${basename(name)}-${version}`,
  }
}

const kinds = ['dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies'] as const

/** What package.json asks for and the lock file's own copy of it does not, and the other way round. */
export function compareDeclared(packageFile: string, locked: Record<string, unknown>): string[] {
  const declared = declaredSchema.parse(JSON.parse(readFileSync(packageFile, 'utf8')))
  const copy = declaredSchema.parse(locked)
  return kinds.flatMap((kind) => {
    const packageNames = new Set([...Object.keys(declared[kind]), ...Object.keys(copy[kind])])
    return [...packageNames]
      .filter((name) => declared[kind][name] !== copy[kind][name])
      .map((name) => {
        const range = (map: Record<string, string>): string => map[name] ?? 'nothing'
        return `${kind}: ${name} is ${range(declared[kind])} in package.json, ${range(copy[kind])} in the lock file`
      })
  })
}
