import { fingerprintSync, loadModule } from 'libpg-query'

/** Loads PostgreSQL's own parser, once. */
export const loadStatementParser = loadModule

/** A statement's structure, the same whatever its constants are; undefined for what PostgreSQL cannot parse. */
export function structureOf(text: string): string | undefined {
  try {
    return fingerprintSync(text)
  } catch {
    return undefined
  }
}
