import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { identityOf } from '../evidence/identity.ts'

/** A control on disk, as far as the proof has to know it. */
export interface ControlFile {
  id: string
  gate: string
  file: string
  /** Time for its measuring, read from its text. */
  timeLimitSeconds: number
}

const usualSeconds = 60

/** The controls below `gates`, gate by gate. */
export function readControls(gates: string): ControlFile[] {
  return readdirSync(gates, { recursive: true, withFileTypes: true })
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .flatMap((file) => {
      const identity = identityOf(file)
      if (identity === undefined) return []
      const stated = /timeLimitSeconds: *([\d_]+)/.exec(readFileSync(file, 'utf8'))?.[1]
      const timeLimitSeconds = stated === undefined ? usualSeconds : Number(stated.replaceAll('_', ''))
      return [{ id: identity.id, gate: identity.gate, file, timeLimitSeconds }]
    })
}

/** The control of that id. @throws when there is none, listing those there are. */
export function requireControl(controls: readonly ControlFile[], id: string, where: string): ControlFile {
  const found = controls.find((control) => control.id === id)
  if (found !== undefined) return found
  const known = controls.map((control) => control.id).join(', ')
  throw new Error(`${where}: expected one of the controls on disk (${known}), got ${JSON.stringify(id)}.`)
}
