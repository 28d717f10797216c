import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { identityOf } from '../helpers/evidence/identity.ts'
import type { ControlIdentity } from '../helpers/evidence/identity.ts'
import type { Catalogue } from './catalogue.ts'

/** For the gate's own tests: another set of control files, and what is required of it. */
export interface GateParts {
  packageRoot: string
  catalogue: Catalogue
}

/** The control files on disk: what has to run, whatever the command line says. */
export function controlsOnDisk(packageRoot: string): ControlIdentity[] {
  const root = join(packageRoot, 'gates')
  return readdirSync(root, { withFileTypes: true })
    .filter((folder) => folder.isDirectory())
    .flatMap((folder) => readdirSync(join(root, folder.name)).map((file) => identityOf(join(root, folder.name, file))))
    .filter((identity) => identity !== undefined)
}
