import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { reportSchema } from '../record.ts'
import type { Report } from '../record.ts'

const repository = fileURLToPath(new URL('../..', import.meta.url))
const vitest = join(repository, 'node_modules/vitest/vitest.mjs')

/** A tiny gate of its own, run by the real vitest: two controls in a catalogue of two, unless a test changes that. */
export interface TinyGate extends Disposable {
  directory: string
  /** Writes a file of the tiny gate. */
  write(path: string, text: string): void
  remove(path: string): void
  /** Runs vitest to its end. */
  run(options?: RunOptions): Promise<GateOutcome>
  /** Starts vitest and hands over the process, for tests that interrupt it. */
  start(options?: RunOptions): { child: ChildProcess; ended: Promise<GateOutcome> }
  /** The report on disk now. */
  report(): Report | undefined
}

export interface RunOptions {
  flags?: string[]
  environment?: Record<string, string>
}

/** How a run of the tiny gate ended. */
export interface GateOutcome {
  exitCode: number | null
  output: string
  report: Report | undefined
  markdown: string | undefined
}

/** A control that passes, as its file's text. */
export const passingControl = controlText(`async measure() { return { samples: 3 } }`)

/** A control's file with another measure, or another call. */
export function controlText(measure: string, judge = 'judge: () => []'): string {
  return `import { z } from 'zod'
import { control } from '${repository}helpers/control.ts'

export default control(import.meta, {
  requirement: 'It works.',
  target: 'works',
  method: 'Tries.',
  severity: 'high',
  needs: [],
  timeLimitSeconds: 2,
  evidence: z.object({ samples: z.number() }),
  ${measure},
  ${judge},
  summarise: ({ samples }) => \`\${samples} samples\`,
})
`
}

/** Makes a tiny gate whose two controls pass, so that only what a test does to it can make it fail. */
export function makeTinyGate(): TinyGate {
  // inside node_modules, where vitest can be resolved from and no other tool looks
  const parent = join(repository, 'node_modules/.aro-gate-doors')
  mkdirSync(parent, { recursive: true })
  const directory = mkdtempSync(join(parent, 'gate-'))
  const reportDirectory = join(directory, 'reports')
  const write = (path: string, text: string): void => {
    const file = join(directory, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  }
  const report = (): Report | undefined => {
    const file = join(reportDirectory, 'report.json')
    return existsSync(file) ? reportSchema.parse(JSON.parse(readFileSync(file, 'utf8'))) : undefined
  }
  write('vitest.config.ts', configText())
  write('subject.mjs', subjectText(directory))
  write('gates/1-security/first.gate.ts', passingControl)
  write('gates/1-security/second.gate.ts', passingControl)
  const start = ({ flags = [], environment = {} }: RunOptions = {}): ReturnType<TinyGate['start']> => {
    const child = spawn(process.execPath, [vitest, 'run', '--project', 'gate', ...flags], {
      cwd: directory,
      env: {
        PATH: process.env.PATH,
        HOME: process.env.HOME,
        NO_COLOR: '1',
        // refused at once: these controls need no database, and the run goes on without one
        ARO_GATE_DATABASE: 'postgres://nobody@127.0.0.1:1/none',
        ARO_GATE_REPORT_DIR: reportDirectory,
        ...environment,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
    const ended = (async (): Promise<GateOutcome> => {
      const [exitCode] = (await once(child, 'close')) as [number | null]
      const file = join(reportDirectory, 'report.md')
      return { exitCode, output, report: report(), markdown: existsSync(file) ? readFileSync(file, 'utf8') : undefined }
    })()
    return { child, ended }
  }
  return {
    directory,
    write,
    remove: (path) => rmSync(join(directory, path), { recursive: true }),
    run: (options) => start(options).ended,
    start,
    report,
    [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }),
  }
}

function configText(): string {
  return `import { defineConfig } from 'vitest/config'
import { gateOf } from '${repository}reporter/plugin.ts'

const control = (name) => ({ id: 'security/' + name, row: name, requirement: 'It works', verification: 'Test', fromContract: true })

export default defineConfig({
  test: {
    projects: [
      gateOf(
        { subject: './subject.mjs' },
        {
          packageRoot: import.meta.dirname,
          catalogue: [{ number: 1, id: 'security', title: 'Security Gate', controls: [control('first'), control('second')] }],
        },
      ),
    ],
  },
})
`
}

function subjectText(directory: string): string {
  return `export default {
  name: 'Tiny',
  version: 'v1.0.0',
  environment: 'staging',
  root: ${JSON.stringify(directory)},
  start: { command: ['node', 'none.js'], environment: () => ({}) },
  limits: { memoryMegabytes: 100, processors: 1 },
  command: { commandType: 'none', profile: 'none', aggregateType: 'none', payload: {} },
}
`
}
