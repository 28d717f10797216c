import { z } from 'zod'
import type { JudgedShortfall } from '../../evidence/shortfall.ts'
import { layerNames } from '../../source/layers.ts'

const count = z.int().nonnegative()
const layer = z.enum(layerNames)
const status = z.int().min(100).max(599)

/** Which files import what, and how the core fares without any profile. */
export const boundariesTrialSchema = z.object({
  /** Files of each layer; those of none are followed through. */
  files: z.record(layer, z.int().positive()),
  unlayered: count,
  imports: z.int().positive(),
  violations: z.array(
    z.object({
      fromLayer: layer,
      toLayer: layer,
      kind: z.enum(['static', 'type', 're-export', 'dynamic', 'require', 'path']),
      /** `file:line:column`, relative to the root. */
      where: z.string(),
      specifier: z.string(),
      /** Files that the import goes through, the last one of the layer that it must not reach. */
      path: z.array(z.string()).min(1),
      isOtherProfile: z.boolean(),
    }),
  ),
  /** Imports in a layer whose name is computed, so that nobody can say what they reach. */
  computed: z.array(z.object({ layer, where: z.string() })),
  /** Tables of the core that a profile's SQL names. */
  tables: z.array(z.object({ table: z.string(), where: z.string(), coreWhere: z.string() })),
  withoutProfiles: z.object({
    removedFiles: z.int().positive(),
    /** Why it did not start; null when it did. */
    startProblem: z.string().nullable(),
    readyStatus: status.nullable(),
    eventsStatus: status.nullable(),
    commandStatus: status.nullable(),
    /** Code of the error envelope that the command was answered with; null when there was none. */
    commandCode: z.string().nullable(),
  }),
})

/** @see boundariesTrialSchema */
export type BoundariesTrial = z.infer<typeof boundariesTrialSchema>

const mayImport = {
  contracts: 'nothing but contracts',
  core: 'the shared contracts and the workflow engine only',
  profiles: 'the core’s published contracts and its own profile only',
  ui: 'its own profile backend and the shared contracts only',
  executor: 'the shared contracts only',
} as const

/** Each import that crosses a boundary, each table read behind the core's back, and a core that needs a profile. */
export function judgeBoundaries({ violations, computed, tables, withoutProfiles }: BoundariesTrial): JudgedShortfall[] {
  return [
    ...violations.map(({ fromLayer, toLayer, kind, where, specifier, path, isOtherProfile }) => ({
      what: `${fromLayer} reaches ${isOtherProfile ? 'another profile' : toLayer} by a ${kind === 'path' ? 'file path' : `${kind} import`}: '${specifier}'${path.length > 1 ? ` by way of ${path.slice(0, -1).join(', ')}` : ''}, to ${path.at(-1) ?? ''}`,
      expected: `${fromLayer}: ${mayImport[fromLayer]} (ADR-0006)`,
      where,
      mitigation: 'Move what is shared to the contracts, or hand it over when the parts are put together.',
    })),
    ...computed.map(({ layer: from, where }) => ({
      what: `an import of ${from} has a computed name, so what it reaches is not known`,
      expected: 'imports in the layers whose target can be read',
      where,
      mitigation: 'Import by a literal name, or let the composition root import it and hand it over.',
    })),
    ...tables.map(({ table, where, coreWhere }) => ({
      what: `a profile's SQL names the core's table ${table}`,
      expected: 'a profile that reaches the core by its published client only',
      where: `${where}; the core uses it at ${coreWhere}`,
      mitigation: 'Ask the core’s client for it, or add what is missing to the published contracts.',
    })),
    ...judgeWithoutProfiles(withoutProfiles),
  ]
}

function judgeWithoutProfiles(alone: BoundariesTrial['withoutProfiles']): JudgedShortfall[] {
  const { startProblem, readyStatus, eventsStatus, commandStatus, commandCode } = alone
  const isRefused = commandStatus !== null && commandStatus < 500 && commandStatus !== 401 && commandCode !== null
  const problems =
    startProblem === null
      ? [
          ...(readyStatus === 200 ? [] : [`/ready answers ${readyStatus}`]),
          ...(eventsStatus === 200 ? [] : [`the Event API answers ${eventsStatus}`]),
          ...(commandStatus === 202 || isRefused
            ? []
            : [
                `a command is answered with ${commandStatus}${commandCode === null ? ', without the error envelope' : ''}`,
              ]),
        ]
      : [`it does not start: ${startProblem}`]
  if (problems.length === 0) return []
  return [
    {
      what: `the core does not serve without a profile: ${problems.join('; ')}`,
      expected: 'a core that starts and answers commands and events with no profile package on disk',
      where: 'copy of the subject without the files of its profile and UI layers',
      mitigation: 'Load profiles by what is installed, and let the core run with none.',
    },
  ]
}
