import { readdirSync } from 'node:fs'
import { join, relative, sep } from 'node:path'

const isSource = /(?<!\.d)\.(?:[cm]?[jt]s|[jt]sx)$/
const leftOut = new Set(['node_modules', '.git', 'dist', 'build', 'coverage', 'reports'])
const forTests = new Set(['test', 'tests', '__tests__', 'spec', '__mocks__', 'fixtures'])
const isTest = /\.(?:test|spec)\.[cm]?[jt]sx?$/

/** TypeScript and JavaScript files of a repository, as absolute paths, without what is installed or built. */
export function listSourceFiles(root: string): string[] {
  return readdirSync(root, { withFileTypes: true }).flatMap((entry) => {
    const path = join(root, entry.name)
    if (leftOut.has(entry.name)) return []
    if (entry.isDirectory()) return listSourceFiles(path)
    return entry.isFile() && isSource.test(entry.name) ? [path] : []
  })
}

/** Those that run in production: without tests and what only they use. */
export function listProductionFiles(root: string): string[] {
  return listSourceFiles(root).filter((file) => {
    const path = relative(root, file)
    return !isTest.test(path) && !path.split(sep).some((part) => forTests.has(part))
  })
}
