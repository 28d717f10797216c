import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { dirname, resolve, sep } from 'node:path'
import { ResolverFactory } from 'oxc-resolver'
import { readImports, UnreadableSourceError } from './imports.ts'
import type { ImportSite } from './imports.ts'

/** An import that was followed to what it names. */
export interface ImportEdge {
  from: string
  site: ImportSite
  /** Absolute path of a file or folder of the repository; null for a package or a built-in module. */
  to: string | null
}

/** What imports what in a repository. */
export interface ImportGraph {
  files: number
  edges: ImportEdge[]
  /** Imports that name a file which is not there, or whose name is computed from its start on. */
  unfollowed: { from: string; site: ImportSite; reason: string }[]
  /** Files that could not be parsed, with why. */
  unreadable: string[]
}

const extensions = ['.ts', '.tsx', '.mts', '.cts', '.js', '.jsx', '.mjs', '.cjs', '.json']

/** Reads every file and follows what it names: through path aliases, package exports, workspaces and links. */
export function readImportGraph(root: string, files: Iterable<string>): ImportGraph {
  const resolver = new ResolverFactory({
    extensions,
    extensionAlias: {
      '.js': ['.ts', '.tsx', '.js'],
      '.mjs': ['.mts', '.mjs'],
      '.cjs': ['.cts', '.cjs'],
      '.jsx': ['.tsx', '.jsx'],
    },
    conditionNames: ['node', 'import', 'require', 'types', 'default'],
    builtinModules: true,
    tsconfig: 'auto',
    symlinks: true,
  })
  const realRoot = realpathSync(root)
  const graph: ImportGraph = { files: 0, edges: [], unfollowed: [], unreadable: [] }
  const isWithin = (path: string): boolean =>
    path.startsWith(realRoot + sep) && !path.slice(realRoot.length).split(sep).includes('node_modules')
  for (const file of files) {
    graph.files += 1
    let sites: ImportSite[]
    try {
      sites = readImports(file, readFileSync(file, 'utf8'))
    } catch (error) {
      if (!(error instanceof UnreadableSourceError)) throw error
      graph.unreadable.push(error.message)
      continue
    }
    for (const site of sites) {
      if (site.kind === 'path' || !site.isWhole) {
        const to = pathNamed(file, root, site)
        if (to !== undefined) graph.edges.push({ from: file, site, to })
        else if (site.kind !== 'path') graph.unfollowed.push({ from: file, site, reason: 'its name is computed' })
        continue
      }
      const found = resolver.resolveFileSync(file, site.specifier)
      if (found.builtin !== undefined) continue
      if (found.path === undefined) {
        graph.unfollowed.push({ from: file, site, reason: found.error ?? 'not found' })
        continue
      }
      graph.edges.push({ from: file, site, to: isWithin(found.path) ? found.path : null })
    }
  }
  return graph
}

/** The file or folder that a text names, from the file's own folder or from the repository's; undefined when there is none. */
function pathNamed(file: string, root: string, { specifier, isWhole }: ImportSite): string | undefined {
  // of a computed name the last part is not certain
  const certain = isWhole ? specifier : specifier.slice(0, specifier.lastIndexOf('/') + 1)
  if (certain === '' || certain.startsWith('file:')) return undefined
  // a program that reads a file may mean either
  const bases = [dirname(file), root]
  return bases.map((base) => resolve(base, certain)).find((path) => path !== root && existsSync(path))
}
