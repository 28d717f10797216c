import { existsSync } from 'node:fs'
import { cp, mkdir, symlink } from 'node:fs/promises'
import { basename, join } from 'node:path'

const leftOut = new Set(['node_modules', '.git', 'dist', 'coverage', 'reports'])

/** Copies a subject's repository, without what is installed, built or reported, to start it altered; dependencies are linked. */
export async function copySubject(root: string, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  await cp(root, folder, { recursive: true, filter: (file) => file === root || !leftOut.has(basename(file)) })
  const modules = join(root, 'node_modules')
  if (existsSync(modules)) await symlink(modules, join(folder, 'node_modules'))
}
