import { relative, sep } from 'node:path'
import type { ImportEdge, ImportGraph } from '../../source/import-graph.ts'
import type { LayeredSource, LayerName } from '../../source/layers.ts'
import type { BoundariesTrial } from './judge.ts'

/** What each layer must not reach, by however many steps (ADR-0006). */
const mustNotReach: Readonly<Record<LayerName, readonly LayerName[]>> = {
  contracts: ['core', 'profiles', 'ui', 'executor'],
  core: ['profiles', 'ui', 'executor'],
  profiles: ['core', 'ui', 'executor'],
  ui: ['core', 'executor'],
  executor: ['core', 'profiles', 'ui'],
}

/** Every import of a layer that reaches what it must not: at once, or through files that belong to no layer. */
export function findViolations(root: string, graph: ImportGraph, source: LayeredSource): BoundariesTrial['violations'] {
  const edgesFrom = Map.groupBy(graph.edges, ({ from }) => from)
  const shown = (file: string): string => relative(root, file)
  const layerAt = layersAt(source)
  return graph.edges.flatMap((edge) => {
    const fromLayer = source.layerOf.get(edge.from) ?? null
    if (fromLayer === null) return []
    const path = pathToForbidden(edge, {
      edgesFrom: (file) => edgesFrom.get(file) ?? [],
      layerAt,
      isForbidden: (file, layer) => mustNotReach[fromLayer].includes(layer) || isOtherProfile(source, edge.from, file),
    })
    const target = path?.at(-1)
    const toLayer = target === undefined ? null : layerAt(target)
    if (path === undefined || target === undefined || toLayer === null) return []
    const { kind, specifier, line, column } = edge.site
    return [
      {
        fromLayer,
        toLayer,
        kind,
        specifier,
        where: `${shown(edge.from)}:${line}:${column}`,
        path: path.map(shown),
        isOtherProfile: isOtherProfile(source, edge.from, target),
      },
    ]
  })
}

interface Walk {
  edgesFrom(file: string): readonly ImportEdge[]
  layerAt(file: string): LayerName | null
  isForbidden(file: string, layer: LayerName): boolean
}

/** The shortest way from an import to something forbidden, through files of no layer. */
function pathToForbidden({ to }: ImportEdge, walk: Walk): string[] | undefined {
  const queue: string[][] = to === null ? [] : [[to]]
  const seen = new Set<string>()
  for (let path = queue.shift(); path !== undefined; path = queue.shift()) {
    const file = path.at(-1) ?? ''
    if (seen.has(file)) continue
    seen.add(file)
    const layer = walk.layerAt(file)
    if (layer !== null && walk.isForbidden(file, layer)) return path
    if (layer !== null) continue
    for (const next of walk.edgesFrom(file)) if (next.to !== null) queue.push([...path, next.to])
  }
  return undefined
}

/** The layer of a file; of a folder when all that is in it belongs to one. */
function layersAt({ layerOf }: LayeredSource): (path: string) => LayerName | null {
  return (path) => {
    const own = layerOf.get(path)
    if (own !== undefined) return own
    const within = new Set([...layerOf].filter(([file]) => file.startsWith(path + sep)).map(([, layer]) => layer))
    const [only = null] = within
    return within.size === 1 ? only : null
  }
}

function isOtherProfile(source: LayeredSource, from: string, to: string): boolean {
  const [own, other] = [source.profileOf(from), source.profileOf(to)]
  return own !== null && other !== null && own !== other
}
