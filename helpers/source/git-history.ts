import { existsSync, lstatSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { linesOf, runGit } from './git.ts'

/** A text of a repository: a file as it lies there, a file as some commit had it, or what was said of a commit. */
export interface RepositoryText {
  place: 'tree' | 'history'
  /** Relative to the subject's root; of a message `message of commit <id>`. */
  path: string
  /** Id of the object in the history, null for a file of the tree. */
  object: string | null
  content: Buffer
}

/** All texts of a repository, and what shows that they are all. */
export interface RepositoryTexts {
  texts: RepositoryText[]
  commits: number
  blobs: number
  files: number
  /** Tracked files whose committed content is not among the blobs read: more than 0 would mean a history read in part. */
  uncovered: number
}

/**
 * Reads every file of the working tree that git does not ignore, and every blob and message of every commit that any reference
 * reaches, as far as they concern the subject's root.
 * @throws when there is no repository, none of it is committed, or its history is not all there.
 */
export async function readRepository(root: string): Promise<RepositoryTexts> {
  const prefix = await prefixOf(root)
  const tracked = await readTracked(root)
  if (tracked.length === 0) {
    throw new Error(
      `No file of ${root} is committed to a git repository: commit the subject's source, or name its repository as root.`,
    )
  }
  const isShallow = (await runGit(root, ['rev-parse', '--is-shallow-repository'])).toString('utf8').trim()
  if (isShallow !== 'false') {
    throw new Error(
      'The repository is a shallow clone, whose history is not all there: fetch it with git fetch --unshallow (in GitHub Actions: fetch-depth: 0 of actions/checkout).',
    )
  }
  const modules = tracked.filter(({ mode }) => mode === '160000')
  if (modules.length > 0) {
    throw new Error(
      `${modules.map(({ path }) => path).join(', ')} is a submodule, a repository of its own whose history is not read: run the gate on it too, or bring its source in.`,
    )
  }
  const objects = await listObjects(root, prefix)
  const contents = await readObjects(root, [...objects.keys()])
  const history = contents.flatMap(({ object, type, content }): RepositoryText[] => {
    if (type === 'blob')
      return [{ place: 'history', path: within(objects.get(object) ?? object, prefix), object, content }]
    if (type === 'tree') return []
    return [
      { place: 'history', path: `message of ${type} ${object.slice(0, 10)}`, object, content: messageIn(content) },
    ]
  })
  const others = linesOf(await runGit(root, ['ls-files', '--others', '--exclude-standard']))
  const tree = [...new Set([...tracked.map(({ path }) => path), ...others])].flatMap((path) => readTreeFile(root, path))
  return {
    texts: [...tree, ...history],
    commits: contents.filter(({ type }) => type === 'commit').length,
    blobs: contents.filter(({ type }) => type === 'blob').length,
    files: tree.length,
    uncovered: (await readCommitted(root)).filter((object) => !objects.has(object)).length,
  }
}

async function prefixOf(root: string): Promise<string> {
  try {
    return (await runGit(root, ['rev-parse', '--show-prefix'])).toString('utf8').trim()
  } catch (error) {
    throw new Error(
      `${root} is in no git repository, so that its history is not known: run the gate in a clone of it (whole, not shallow).`,
      { cause: error },
    )
  }
}

async function readTracked(root: string): Promise<{ mode: string; path: string }[]> {
  const output = (await runGit(root, ['ls-files', '--stage', '-z'])).toString('utf8')
  return output.split('\0').flatMap((line) => {
    const [, mode, path] = /^(\d+) [0-9a-f]+ \d\t(.*)$/s.exec(line) ?? []
    return mode === undefined || path === undefined ? [] : [{ mode, path }]
  })
}

/** Blobs of the commit that is checked out. */
async function readCommitted(root: string): Promise<string[]> {
  const output = (await runGit(root, ['ls-tree', '-r', '-z', 'HEAD', '.'])).toString('utf8')
  return output.split('\0').flatMap((line) => /^\d+ blob ([0-9a-f]+)\t/.exec(line)?.[1] ?? [])
}

/** Objects that any reference reaches, with the path under which each was found first; side branches of merges included. */
async function listObjects(root: string, prefix: string): Promise<Map<string, string>> {
  const paths = prefix === '' ? [] : ['--full-history', '--', '.']
  const lines = linesOf(await runGit(root, ['rev-list', '--objects', '--all', 'HEAD', ...paths]))
  return new Map(lines.map((line) => [line.split(' ', 1)[0] ?? '', line.slice(line.indexOf(' ') + 1)] as const))
}

interface ReadObject {
  object: string
  type: string
  content: Buffer
}

async function readObjects(root: string, objects: readonly string[]): Promise<ReadObject[]> {
  const output = await runGit(root, ['cat-file', '--batch'], `${objects.join('\n')}\n`)
  const read: ReadObject[] = []
  for (let position = 0; position < output.length;) {
    const end = output.indexOf(10, position)
    const [object = '', type = '', size = ''] = output.subarray(position, end).toString('latin1').split(' ')
    if (!/^\d+$/.test(size)) {
      throw new Error(
        `The object ${object} of the history cannot be read (${type}): fetch the whole history, without a filter (git fetch --refetch --no-filter).`,
      )
    }
    const start = end + 1
    read.push({ object, type, content: output.subarray(start, start + Number(size)) })
    position = start + Number(size) + 1
  }
  if (read.length !== objects.length)
    throw new Error(`git read ${read.length} of ${objects.length} objects of the history.`)
  return read
}

const within = (path: string, prefix: string): string => (path.startsWith(prefix) ? path.slice(prefix.length) : path)

const messageIn = (content: Buffer): Buffer => content.subarray(Math.max(0, content.indexOf('\n\n')))

function readTreeFile(root: string, path: string): RepositoryText[] {
  const file = join(root, path)
  if (!existsSync(file) || !lstatSync(file).isFile()) return []
  return [{ place: 'tree', path, object: null, content: readFileSync(file) }]
}
