import { existsSync } from 'node:fs'
import { glob } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import type { GateRun } from '../../run.ts'
import { openRegistry } from '../../subject/registry.ts'
import type { Subject } from '../../subject/subject.ts'
import { audit, lockfileProblems, tryKnownVulnerable } from './audit.ts'
import type { NpmRecipe } from './audit.ts'
import type { DependencyTrial, ProjectDependencies } from './judge.ts'
import { compareDeclared, examineEntries, readLockfile } from './lockfile.ts'

/** Audits every npm project that the subject's source files belong to. */
export async function scanDependencies(subject: Subject, run: GateRun, signal: AbortSignal): Promise<DependencyTrial> {
  await using registry = await openRegistry(subject, run.runDirectory)
  const recipe: NpmRecipe = {
    runDirectory: run.runDirectory,
    signal,
    environment: { PATH: process.env.PATH ?? '', HOME: homedir(), npm_config_registry: registry.url, NO_COLOR: '1' },
  }
  const known = await tryKnownVulnerable(recipe)
  const projects: ProjectDependencies[] = []
  for (const directory of await projectsOf(subject)) projects.push(await scanProject(subject.root, directory, recipe))
  return { source: { description: registry.description, known }, projects }
}

/** The root, and each folder within whose package.json is the nearest to a source file, unless the root's lock file has it. */
async function projectsOf({ root, layers }: Subject): Promise<string[]> {
  if (!existsSync(join(root, 'package.json'))) {
    throw new Error(`Expected package.json in ${root}. Name the repository's folder as root in the subject file.`)
  }
  const projects = new Set([root])
  for await (const file of glob(Object.values(layers ?? {}).flat(), { cwd: root })) {
    let directory = dirname(join(root, file))
    while (directory !== root && !existsSync(join(directory, 'package.json'))) directory = dirname(directory)
    projects.add(directory)
  }
  const members = readLockfile(root)?.packages ?? {}
  return [...projects].filter((directory) => directory === root || members[relative(root, directory)] === undefined)
}

async function scanProject(root: string, directory: string, recipe: NpmRecipe): Promise<ProjectDependencies> {
  const lockfile = readLockfile(directory)
  const project = { directory: relative(root, directory) || '.', lockfile: lockfile?.name ?? null }
  if (lockfile === undefined) {
    const nothing = { entries: 0, withoutIntegrity: [], unusualSources: [], disguised: [], outOfStep: [] }
    return { ...project, ...nothing, audited: 0, auditedInProduction: 0, advisories: [] }
  }
  const entries = examineEntries(lockfile)
  const all = await audit(directory, 'all', recipe)
  const production = await audit(directory, 'production', recipe)
  if (all.packages < entries.entries) {
    throw new Error(
      `npm audit looked at ${all.packages} packages of the ${entries.entries} in ${directory}/${lockfile.name}: what it says is not of all.`,
    )
  }
  const isInProduction = new Set(production.advisories.map(({ id }) => id))
  const compared = Object.entries(lockfile.packages)
    .filter(([place]) => !place.split('/').includes('node_modules'))
    .flatMap(([place, locked]) => compareDeclared(join(directory, place, 'package.json'), locked))
  return {
    ...project,
    ...entries,
    audited: all.packages,
    auditedInProduction: all.packagesInProduction,
    advisories: all.advisories.map((advisory) => ({ ...advisory, isInProduction: isInProduction.has(advisory.id) })),
    outOfStep: [...new Set([...compared, ...(await lockfileProblems(directory, recipe))])],
  }
}
