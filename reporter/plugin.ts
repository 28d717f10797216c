import { extname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Plugin } from 'vitest/config'
import type { TestProjectInlineConfiguration } from 'vitest/config'
import { catalogue } from './catalogue.ts'
import type { GateParts } from './parts.ts'
import { GateReporter } from './reporter.ts'
import { GateSequencer } from './sequencer.ts'

/** What a repository says when it adds the gate to its vitest projects. */
export interface GateOptions {
  /** The subject file, relative to vitest's root; the environment variable ARO_GATE_SUBJECT comes first. */
  subject: string
  /** Where the report goes; ARO_GATE_REPORT_DIR comes first, `reports/gate` is the default. */
  reportDirectory?: string
}

const ownParts: GateParts = { packageRoot: fileURLToPath(new URL('..', import.meta.url)), catalogue }
const oldestNode = 22

/** One entry for vitest's `test.projects`: the production gate, complete and strict, with its reporter. */
export function gate(options: GateOptions): TestProjectInlineConfiguration {
  return gateOf(options, ownParts)
}

/** As {@link gate}, for any set of parts. */
export function gateOf(options: GateOptions, parts: GateParts): TestProjectInlineConfiguration {
  const setUp = fileURLToPath(new URL(`../helpers/global-set-up${extname(import.meta.url)}`, import.meta.url))
  return {
    extends: false,
    plugins: [gatePlugin(options, parts)],
    test: {
      name: 'gate',
      include: [join(parts.packageRoot, 'gates/*/*.gate.{ts,js}')],
      exclude: [],
      globalSetup: [setUp],
      provide: { aroGateSubject: options.subject },
      tags: parts.catalogue.map((entry) => ({ name: entry.id })),
      fileParallelism: false,
      maxWorkers: 1,
      isolate: true,
      pool: 'forks',
      retry: 0,
      allowOnly: false,
      expect: { requireAssertions: true },
      sequence: { groupOrder: 2 },
    },
  }
}

function gatePlugin(options: GateOptions, parts: GateParts): Plugin {
  return {
    name: 'aro-production-gate',
    configureVitest({ vitest, project }) {
      const major = Number(process.versions.node.split('.')[0])
      if (major < oldestNode) {
        throw new Error(
          `The production gate needs Node >= ${oldestNode}, this is ${process.version} (${process.execPath}). Start it by npm or npx (npm run gate, npx vitest --project gate): they put the Node of node_modules/.bin first.`,
        )
      }
      const reportDirectory = resolve(
        vitest.config.root,
        process.env.ARO_GATE_REPORT_DIR ?? options.reportDirectory ?? 'reports/gate',
      )
      // first in the list: a reporter that throws keeps those after it from being called
      vitest.config.reporters.unshift(new GateReporter({ project, parts, reportDirectory }))
      vitest.config.sequence.sequencer = GateSequencer
      // flags on the command line beat a project's configuration, but not this
      Object.assign(project.config, {
        retry: 0,
        bail: 0,
        repeats: 0,
        allowOnly: false,
        isolate: true,
        fileParallelism: false,
        maxWorkers: 1,
        passWithNoTests: false,
      })
    },
  }
}

declare module 'vitest' {
  interface ProvidedContext {
    aroGateSubject: string
  }
}
