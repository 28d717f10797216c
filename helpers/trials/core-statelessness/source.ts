import { listProductionFiles } from '../../source/files.ts'
import { readLayers } from '../../source/layers.ts'
import { findKeptState } from '../../source/process-state.ts'
import { findProfileBranches } from '../../source/profile-branches.ts'
import { parseFile } from '../../source/syntax.ts'
import { wordsOf } from '../../source/words.ts'
import { readPack } from '../../subject/made-up-profile.ts'
import type { Subject } from '../../subject/subject.ts'
import type { StatelessnessTrial } from './judge.ts'

/** Reads the core's source for what it knows of profiles, and for what it keeps in memory. */
export async function readCore(subject: Subject): Promise<StatelessnessTrial['source']> {
  const { root } = subject
  const layers = readLayers(subject)
  const inCore = [...layers.layerOf].flatMap(([file, layer]) => (layer === 'core' ? [file] : []))
  const others = listProductionFiles(root).filter((file) => layers.layerOf.get(file) !== 'core')
  const core = inCore.map((file) => parseFile(file))
  const program = [...core, ...others.map((file) => parseFile(file))]
  const packs = await Promise.all(subject.profilePacks.map((pack) => readPack(root, pack)))
  const profileIds = packs.flatMap(({ profileId }) => (typeof profileId === 'string' ? [profileId] : []))
  if (profileIds.length === 0) {
    throw new Error(
      'No profile is known by its id: name the packs as profilePacks: [{ file, export }] in the subject file, each with a profileId.',
    )
  }
  return {
    files: core.length,
    nodes: core.reduce((sum, { spots }) => sum + spots.length, 0),
    profileIds,
    branches: findProfileBranches(root, core, { profileIds, domainWords: domainWords(subject, packs) }),
    kept: findKeptState(root, core, program),
  }
}

/** What the commands of profiles are about, such as `appointment`: an engine for any trade has no use for these words. */
function domainWords({ command }: Subject, packs: readonly Record<string, unknown>[]): string[] {
  const mapped = packs.flatMap(({ commandMappings }) =>
    Array.isArray(commandMappings) ? (commandMappings as unknown[]) : [],
  )
  const types = mapped.flatMap((mapping) =>
    typeof mapping === 'object' &&
    mapping !== null &&
    'commandType' in mapping &&
    typeof mapping.commandType === 'string'
      ? [mapping.commandType]
      : [],
  )
  const subjects = [command.aggregateType, ...types.map((type) => type.split('.')[0] ?? '')]
  return [...new Set(subjects.flatMap(wordsOf))].filter((word) => word.length > 3 && !ownWords.has(word))
}

/** What an engine may well call its own. */
const ownWords = new Set(['command', 'event', 'workflow', 'message', 'task', 'schedule', 'aggregate', 'tenant'])
