import { constants, existsSync } from 'node:fs'
import { cp, mkdir, symlink, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { execa } from 'execa'
import type { Mutant } from './mutant.ts'

/** Where the reference application and its subject file are. */
export interface Reference {
  root: string
  subjectFile: string
}

/** A patch that does not fit the reference application any more. */
export class PatchError extends Error {
  override name = 'PatchError'
}

const leftOut = new Set(['node_modules', 'dist', 'reports', 'coverage', '.git'])
const secondsForGit = 20

/** Copies the reference application into `folder` as a repository of its own. @returns the copy's subject file. */
export async function copyReference(reference: Reference, folder: string): Promise<string> {
  const root = join(folder, 'aro')
  await mkdir(folder, { recursive: true })
  await cp(reference.root, root, {
    recursive: true,
    mode: constants.COPYFILE_FICLONE,
    filter: (source) => source === reference.root || !leftOut.has(basename(source)),
  })
  const modules = join(reference.root, 'node_modules')
  if (existsSync(modules)) await symlink(modules, join(root, 'node_modules'))
  await git(root, ['init', '--quiet', '--initial-branch=main'])
  // a pattern with a slash at its end, as in most .gitignore files, does not cover a symbolic link
  await writeFile(join(root, '.git/info/exclude'), 'node_modules\n')
  await commit(root, 'Reference application')
  return writeSubject(reference, folder, `root: ${JSON.stringify(root)}`)
}

/** As {@link copyReference}, with the mutant's patches on top. @throws PatchError naming file, line and remedy. */
export async function copyMutant(reference: Reference, mutant: Mutant, folder: string): Promise<string> {
  const subjectFile = await copyReference(reference, folder)
  const root = join(folder, 'aro')
  for (const { diff, message, line } of mutant.commits) {
    const applied = await git(root, ['apply', '--whitespace=nowarn', '-'], diff)
    if (applied.exitCode !== 0) {
      throw new PatchError(
        `${mutant.file}:${line}: the patch does not apply to ${reference.root}: ${applied.stderr.trim().replaceAll('\n', '; ')}. Make the change anew in a copy and put its diff here.`,
      )
    }
    await commit(root, message)
  }
  return subjectFile
}

/** A subject without source whose start command is `program`. @returns its subject file. */
export async function makeDegenerate(reference: Reference, program: string, folder: string): Promise<string> {
  const root = join(folder, 'aro')
  await mkdir(root, { recursive: true })
  await writeFile(join(root, 'package.json'), '{ "name": "degenerate", "version": "1.0.0", "private": true }\n')
  const command = JSON.stringify(['npm', '--prefix', reference.root, 'run', '--silent', 'db:migrate'])
  const start = `{ ...subject.start, command: ${JSON.stringify(['node', program])}, readyWithinSeconds: 2 }`
  return writeSubject(
    reference,
    folder,
    `root: ${JSON.stringify(root)}, start: ${start}, migrate: { command: ${command} }`,
  )
}

async function writeSubject(reference: Reference, folder: string, differences: string): Promise<string> {
  const file = join(folder, 'subject.ts')
  const original = JSON.stringify(pathToFileURL(reference.subjectFile).href)
  await writeFile(file, `import subject from ${original}\n\nexport default { ...subject, ${differences} }\n`)
  return file
}

async function commit(root: string, message: string): Promise<void> {
  await git(root, ['add', '--all'])
  const author = ['-c', 'user.name=Proof', '-c', 'user.email=proof@example.test', '-c', 'commit.gpgsign=false']
  const made = await git(root, [...author, 'commit', '--quiet', '--no-verify', '--allow-empty', '-m', message])
  if (made.exitCode !== 0) throw new Error(`git could not commit in ${root}: ${made.stderr}`)
}

async function git(
  root: string,
  gitArguments: string[],
  input = '',
): Promise<{ exitCode: number | undefined; stderr: string }> {
  const { GIT_DIR, GIT_WORK_TREE, GIT_INDEX_FILE, ...environment } = process.env
  const { exitCode, stderr } = await execa('git', gitArguments, {
    cwd: root,
    // without this, git in a folder that is no repository would take the one around it
    env: { ...environment, GIT_CEILING_DIRECTORIES: dirname(root) },
    extendEnv: false,
    input,
    reject: false,
    timeout: secondsForGit * 1000,
  })
  return { exitCode, stderr }
}
