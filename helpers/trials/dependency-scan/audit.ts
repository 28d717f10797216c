import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { runCommand } from '../../subject/commands.ts'
import type { CommandRecipe, CommandResult } from '../../subject/commands.ts'
import type { Advisory } from './judge.ts'

/** How npm is run. */
export type NpmRecipe = Pick<CommandRecipe, 'environment' | 'runDirectory' | 'signal'>

/** What npm says of a project: advisories that apply, and of how many packages. */
export interface Audit {
  packages: number
  /** Those of them that production needs, by npm's reckoning. */
  packagesInProduction: number
  advisories: Omit<Advisory, 'isInProduction'>[]
}

const severitySchema = z.enum(['info', 'low', 'moderate', 'high', 'critical'])

const viaSchema = z.object({
  source: z.union([z.number(), z.string()]),
  name: z.string(),
  title: z.string(),
  url: z.string(),
  severity: severitySchema,
  range: z.string(),
  cvss: z.object({ score: z.number() }).optional(),
})

// npm's answer when it has one; an error has other fields
const auditSchema = z.object({
  auditReportVersion: z.literal(2),
  vulnerabilities: z.record(
    z.string(),
    z.object({ nodes: z.array(z.string()), via: z.array(z.union([z.string(), viaSchema])) }),
  ),
  metadata: z.object({ dependencies: z.object({ total: z.int().nonnegative(), prod: z.int().nonnegative() }) }),
})

// a project's own .npmrc must not narrow what is looked at
const everything = ['--include=dev', '--include=optional', '--include=peer']
const always = ['--json', '--package-lock-only', '--audit-level=info', '--offline=false', '--audit=true']
const timeLimitSeconds = 60

/** Asks the registry's advisories about a project. @throws when no answer comes that can be read as one. */
export async function audit(directory: string, of: 'all' | 'production', recipe: NpmRecipe): Promise<Audit> {
  const scope = of === 'all' ? everything : ['--omit=dev', '--include=optional', '--include=peer']
  const result = await npm(directory, ['audit', ...always, ...scope], recipe)
  const parsed = auditSchema.safeParse(jsonIn(result))
  if (!parsed.success) {
    throw new Error(
      `npm audit got no answer from the source of advisories, so nothing is known of ${directory}: ${result.output.trim().slice(0, 400)}`,
    )
  }
  const { vulnerabilities, metadata } = parsed.data
  const advisories = Object.values(vulnerabilities).flatMap(({ nodes, via }) =>
    via
      // a name stands for another entry of the same list
      .filter((reason) => typeof reason !== 'string')
      .map(({ source, title, severity, name, range, url, cvss }) => ({
        id: url.split('/').at(-1) ?? String(source),
        title,
        severity,
        package: name,
        range,
        url,
        nodes,
        score: cvss?.score ?? null,
      })),
  )
  const { total, prod } = metadata.dependencies
  return { packages: total, packagesInProduction: prod, advisories }
}

const listSchema = z.object({ problems: z.array(z.string()).default([]) })

/** What npm itself finds wrong between package.json and the lock file; installed packages are not looked at. */
export async function lockfileProblems(directory: string, recipe: NpmRecipe): Promise<string[]> {
  const result = await npm(directory, ['ls', '--all', '--json', '--package-lock-only'], recipe)
  const { problems } = listSchema.parse(jsonIn(result))
  return problems.map((problem) => problem.replaceAll(directory, '.'))
}

// long vulnerable, and in every advisory database
const knownVulnerable: Readonly<Record<string, string>> = { lodash: '4.17.15', minimist: '0.0.8', axios: '1.7.0' }

/** Asks about versions known to be vulnerable. @throws when the source knows nothing of one of them. */
export async function tryKnownVulnerable(
  recipe: NpmRecipe,
): Promise<{ package: string; advisories: [string, ...string[]] }[]> {
  const directory = join(recipe.runDirectory, 'known-vulnerable')
  await mkdir(directory, { recursive: true })
  const declared = { name: 'known-vulnerable', version: '1.0.0', private: true, dependencies: knownVulnerable }
  const packages: Record<string, object> = { '': declared }
  for (const [name, version] of Object.entries(knownVulnerable)) packages[`node_modules/${name}`] = { version }
  await writeFile(join(directory, 'package.json'), JSON.stringify(declared))
  await writeFile(join(directory, 'package-lock.json'), JSON.stringify({ lockfileVersion: 3, packages }))
  const { advisories } = await audit(directory, 'production', recipe)
  return Object.entries(knownVulnerable).map(([name, version]) => {
    const [first, ...more] = advisories.filter((advisory) => advisory.package === name).map(({ id }) => id)
    if (first === undefined) {
      throw new Error(
        `The source of advisories knows nothing of ${name} ${version}, which is vulnerable: what it does not say of the subject means nothing. Is the registry the right one?`,
      )
    }
    return { package: `${name} ${version}`, advisories: [first, ...more] }
  })
}

const npm = (directory: string, command: string[], recipe: NpmRecipe): Promise<CommandResult> =>
  runCommand({ command: ['npm', ...command], directory, timeLimitSeconds, owner: 'control', ...recipe })

/** The JSON value in what npm printed, between its warnings. */
function jsonIn({ output }: CommandResult): unknown {
  const start = output.search(/^\{/m)
  const end = output.lastIndexOf('\n}')
  if (start < 0) return undefined
  try {
    return JSON.parse(output.slice(start, end < start ? undefined : end + 2)) as unknown
  } catch {
    return undefined
  }
}
