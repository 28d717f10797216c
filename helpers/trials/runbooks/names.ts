import type { InventoryRoute } from '../../subject/inventory.ts'

/** What a runbook names in code, by kind; anything else in code is taken for a word. */
export type NamedThing =
  | { kind: 'endpoint'; method: string | null; path: string }
  | { kind: 'script'; name: string }
  | { kind: 'command'; name: string }
  | { kind: 'variable'; name: string }
  | { kind: 'metric'; name: string; labels: string[] }
  | { kind: 'log event'; name: string }
  | { kind: 'word' }

const endpoint = /^(?:(GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS)\s+)?(\/[\w./{}:*-]*)(?:\?\S*)?$/
const script = /^(?:[A-Z_]+=\S+\s+)*npm (?:run(?:-script)? (?:(?:-s|--silent) )?([\w:.-]+)|(test|start)\b)/
const variable = /^\$?[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+$/
const metric = /^([a-z][a-z0-9]*(?:_[a-z0-9]+)+)(?:\{([^}]*)\})?$/

/** Tells what a code span names. `programs` are the subject's own commands, such as `aro`; `before` is what leads up to it. */
export function readName(code: string, programs: readonly string[], before: string): NamedThing {
  const [, method = null, path] = endpoint.exec(code) ?? []
  if (path !== undefined && path !== '/') return { kind: 'endpoint', method, path }
  const [, run, short] = script.exec(code) ?? []
  const scriptName = run ?? short
  if (scriptName !== undefined) return { kind: 'script', name: scriptName }
  const [program = '', name] = code.split(/\s+/)
  if (programs.includes(program)) return { kind: 'command', name: name ?? '' }
  if (variable.test(code)) return { kind: 'variable', name: code.replace('$', '') }
  const [, series, labels] = metric.exec(code) ?? []
  if (series !== undefined) return { kind: 'metric', name: series, labels: labelsOf(labels) }
  if (/\blog(?:s|ged)?\b/i.test(before) && /^[a-z][\w’'-]*(?: [\w’'-]+)+$/i.test(code))
    return { kind: 'log event', name: code }
  return { kind: 'word' }
}

const labelsOf = (labels = ''): string[] =>
  [...labels.matchAll(/([a-z_]\w*)\s*(?:=~?|!=)/gi)].flatMap(([, label]) => (label === undefined ? [] : [label]))

/** Whether one of the routes is what a path, with or without values in its varying parts, names. */
export function isRoute(routes: readonly InventoryRoute[], method: string | null, path: string): boolean {
  const wanted = path.replace(/\/+$/, '').split('/')
  return routes.some((route) => {
    const parts = route.path.split('/')
    return (
      (method === null || route.method === method) &&
      parts.length === wanted.length &&
      parts.every((part, index) => /^\{.*\}$/.test(part) || part === wanted[index])
    )
  })
}

/** Label names by metric, from Prometheus exposition text; a histogram's or summary's series count as the metric itself. */
export function readSeries(exposition: string): Map<string, Set<string>> {
  const series = new Map<string, Set<string>>()
  for (const line of exposition.split('\n')) {
    const [, declared] = /^# (?:HELP|TYPE) (\S+)/.exec(line) ?? []
    const [, sampled, labels] = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? \S+/.exec(line) ?? []
    const name = declared ?? sampled
    if (name === undefined) continue
    for (const one of [name, name.replace(/_(?:bucket|sum|count)$/, '')]) {
      const known = series.get(one) ?? new Set<string>()
      for (const label of labelsOf(labels)) known.add(label)
      series.set(one, known)
    }
  }
  return series
}
