import { basename } from 'node:path'

/** Who a control is: all of it is read from its path. */
export interface ControlIdentity {
  /** E.g. `security/webhook-signatures`. */
  id: string
  gate: string
  gateNumber: number
  /** E.g. `Webhook signatures`. */
  title: string
}

const controlPath = /(?:^|[/\\])gates[/\\](\d+)-([a-z-]+)[/\\]([a-z0-9][a-z0-9-]*)\.gate\.[jt]s$/

/** Reads a control's identity from its file's path; undefined when the path is not that of a control. */
export function identityOf(path: string): ControlIdentity | undefined {
  const match = controlPath.exec(path)
  const [, number, gate, name] = match ?? []
  if (number === undefined || gate === undefined || name === undefined) return undefined
  return { id: `${gate}/${name}`, gate, gateNumber: Number(number), title: titleOf(name) }
}

/** As {@link identityOf}. @throws when the path is not that of a control, saying where controls live. */
export function requireIdentity(path: string): ControlIdentity {
  const identity = identityOf(path)
  if (identity === undefined) {
    throw new Error(
      `Expected a control at gates/<number>-<gate>/<guarded-noun>.gate.ts, got ${basename(path)} in ${path}. A control's path is its identity: move the file.`,
    )
  }
  return identity
}

const acronyms = new Map(['api', 'gdpr', 'phi', 'sql', 'tcpa', 'tls', 'cpu'].map((word) => [word, word.toUpperCase()]))

function titleOf(name: string): string {
  const words = name.split('-').map((word) => acronyms.get(word) ?? word)
  const title = words.join(' ')
  return title.charAt(0).toUpperCase() + title.slice(1)
}
