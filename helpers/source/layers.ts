import { matchesGlob, relative, sep } from 'node:path'
import type { Subject } from '../subject/subject.ts'
import { listSourceFiles } from './files.ts'

/** The layers of ADR-0006. */
export const layerNames = ['contracts', 'core', 'profiles', 'ui', 'executor'] as const

/** @see layerNames */
export type LayerName = (typeof layerNames)[number]

/** The source files of a subject, each with its layer; `null` for what belongs to none, such as the composition root. */
export interface LayeredSource {
  /** Absolute paths. */
  layerOf: ReadonlyMap<string, LayerName | null>
  /** The profile that a file of the profile or UI layer belongs to: the folder below the layer's own. */
  profileOf(file: string): string | null
}

/**
 * Finds every source file and its layer.
 * @throws when the subject file names no layers, a layer has no file, or a file is in two: nothing would be proven.
 */
export function readLayers({ root, layers }: Pick<Subject, 'root' | 'layers'>): LayeredSource {
  if (layers === undefined) {
    throw new Error(
      'The subject file names no layers: add layers: { contracts, core, profiles, ui, executor }, each a list of globs.',
    )
  }
  const layerOf = new Map<string, LayerName | null>()
  for (const file of listSourceFiles(root)) {
    const path = relative(root, file)
    const claimed = layerNames.filter((name) => layers[name].some((pattern) => matchesGlob(path, pattern)))
    const [layer = null, another] = claimed
    if (another !== undefined) {
      throw new Error(`${path} is in the layers ${claimed.join(' and ')} of the subject file: a file belongs to one.`)
    }
    layerOf.set(file, layer)
  }
  const found = new Set(layerOf.values())
  const empty = layerNames.filter((name) => !found.has(name))
  if (empty.length > 0) {
    throw new Error(`No file matches the layers ${empty.join(', ')} of the subject file: mend their globs.`)
  }
  return {
    layerOf,
    profileOf(file) {
      const layer = layerOf.get(file)
      if (layer !== 'profiles' && layer !== 'ui') return null
      const path = relative(root, file).split(sep)
      const bases = layers[layer].map((pattern) => pattern.split('/').findIndex((part) => part.includes('*')))
      const depth = Math.min(...bases.filter((base) => base >= 0))
      return path[depth] ?? null
    },
  }
}
