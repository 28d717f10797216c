import type { SerializedError, TestCase, TestModule, TestProject, Vitest } from 'vitest/node'
import type { Reporter, TestRunEndReason } from 'vitest/node'
import { identityOf } from '../helpers/evidence/identity.ts'
import { progressArtifactType } from '../helpers/evidence/outcome.ts'
import { readLedger } from '../helpers/reaper/ledger.ts'
import { reap } from '../helpers/reaper/reap.ts'
import { gateRunSchema, runKey } from '../helpers/run.ts'
import type { GateRun } from '../helpers/run.ts'
import { collectControl, modulesByControl } from './collect.ts'
import { controlsOnDisk } from './parts.ts'
import type { GateParts } from './parts.ts'
import type { Report, RunProblem } from './record.ts'
import { assembleRun } from './assemble.ts'
import { partialRunProblems } from './partial.ts'
import { renderTerminal } from './terminal.ts'
import { decide, incompleteReport } from './verdict.ts'
import { appendJobSummary, writeReports } from './write.ts'

interface GateReporterOptions {
  project: TestProject
  parts: GateParts
  reportDirectory: string
}

const importSeconds = Number(process.env.ARO_GATE_IMPORT_SECONDS ?? 60)
const watchdogSlackSeconds = 60

/**
 * Carries vitest's events to the verdict. A NO-GO report is on disk before anything runs; only a run that ended of
 * itself replaces it, and the exit code is non-zero unless the verdict is GO, whatever else happens in the process.
 */
export class GateReporter implements Reporter {
  readonly #options: GateReporterOptions
  readonly #startedAt = new Date()
  readonly #watchdogs = new Map<string, NodeJS.Timeout>()
  #vitest: Vitest | undefined
  #report: Report | undefined
  #interruption = 'The run did not complete.'

  constructor(options: GateReporterOptions) {
    this.#options = options
  }

  onInit(vitest: Vitest): void {
    this.#vitest = vitest
    this.#writePessimistic([{ what: this.#interruption, mitigation: 'Run the gate again and let it finish.' }])
    process.once('exit', (code) => this.#onExit(code))
  }

  onTestModuleQueued(module: TestModule): void {
    if (!this.#isOurs(module)) return
    this.#watch(module, importSeconds, 'its import did not end')
  }

  onTestModuleCollected(module: TestModule): void {
    if (!this.#isOurs(module)) return
    const limits = [...module.children.allTests()].map((test) => test.options.timeout ?? 0)
    this.#watch(module, Math.max(0, ...limits) / 1000 + watchdogSlackSeconds, 'its worker did not end')
  }

  onTestModuleStart(module: TestModule): void {
    if (this.#isOurs(module)) this.#say(`▶ ${identityOf(module.moduleId)?.id ?? module.relativeModuleId}`)
  }

  onTestCaseArtifactRecord(test: TestCase, artifact: { type: string; message?: unknown }): void {
    if (artifact.type === progressArtifactType && this.#isOurs(test.module)) this.#say(`  ${String(artifact.message)}`)
  }

  async onTestModuleEnd(module: TestModule): Promise<void> {
    if (!this.#isOurs(module)) return
    clearTimeout(this.#watchdogs.get(module.id))
    const identity = identityOf(module.moduleId)
    if (identity !== undefined) {
      const collected = collectControl(identity, module)
      const outcome = collected.record?.outcome ?? 'unverified'
      const why = collected.record === null ? collected.reason : (collected.record.reason ?? collected.record.summary)
      this.#say(`${outcome === 'passed' ? '✅' : '❌'} ${identity.id}: ${outcome}${why === null ? '' : ` (${why})`}`)
    }
    await this.#clearAwayAfterControl()
  }

  async onTestRunEnd(
    modules: readonly TestModule[],
    unhandled: readonly SerializedError[],
    reason: TestRunEndReason,
  ): Promise<void> {
    for (const watchdog of this.#watchdogs.values()) clearTimeout(watchdog)
    const vitest = this.#vitest
    if (vitest === undefined || vitest.config.mode === 'benchmark') return
    try {
      const { parts, reportDirectory } = this.#options
      const run = await assembleRun({
        startedAt: this.#startedAt,
        run: this.#gateRun(),
        catalogue: parts.catalogue,
        onDisk: controlsOnDisk(parts.packageRoot),
        modules: modulesByControl(modules.filter((module) => this.#isOurs(module))),
        problems: partialRunProblems({ config: vitest.config, unhandled, reason }),
        vitestVersion: vitest.version,
      })
      const report = decide(run, parts.catalogue)
      writeReports(reportDirectory, report)
      this.#report = report
      this.#summarise(report)
      this.#say(renderTerminal(report, reportDirectory))
    } catch (error) {
      this.#interruption = `The reporter failed: ${error instanceof Error ? error.message : String(error)}`
      console.error(this.#interruption)
      throw error
    } finally {
      if (this.#report?.verdict !== 'GO') process.exitCode = process.exitCode === 0 ? 1 : (process.exitCode ?? 1)
    }
  }

  /** The last word: signals, errors while closing, other reporters' exit codes. */
  #onExit(code: number): void {
    const isGo = this.#report?.verdict === 'GO'
    if (isGo && code === 0) return
    if (this.#report === undefined || isGo) {
      const what = isGo
        ? `The process ended with exit code ${code} after the verdict.`
        : `${this.#interruption} The process ended with exit code ${code}.`
      const mitigation = 'Look at the output above, then run the gate again.'
      this.#summarise(this.#writePessimistic([{ what, mitigation }]))
    }
    // ends the process at once, so that an exit listener added after ours cannot set the exit code back to 0
    process.exit(code === 0 ? 1 : code)
  }

  #writePessimistic(problems: RunProblem[]): Report {
    const { parts, reportDirectory } = this.#options
    const run = this.#gateRun()
    const report = incompleteReport(
      { runId: run?.runId ?? 'none', startedAt: this.#startedAt.toISOString(), problems },
      parts.catalogue,
    )
    writeReports(reportDirectory, report)
    return report
  }

  /** A page for readers: that it cannot be written changes nothing about the verdict. */
  #summarise(report: Report): void {
    try {
      appendJobSummary(report)
    } catch (error) {
      console.error(`The job summary was not written: ${error instanceof Error ? error.message : String(error)}`)
    }
  }

  #gateRun(): GateRun | undefined {
    const provided: Record<string, unknown> = { ...this.#options.project.getProvidedContext() }
    return gateRunSchema.safeParse(provided[runKey]).data
  }

  async #clearAwayAfterControl(): Promise<void> {
    const run = this.#gateRun()
    if (run === undefined) return
    const entries = readLedger(run.runDirectory).filter((entry) => entry.owner === 'control')
    for (const line of await reap(entries)) this.#say(`  left behind: ${line}`)
  }

  #watch(module: TestModule, seconds: number, what: string): void {
    clearTimeout(this.#watchdogs.get(module.id))
    const watchdog = setTimeout(() => {
      this.#interruption = `${module.relativeModuleId}: ${what} within ${seconds} s.`
      process.exit(1)
    }, seconds * 1000)
    watchdog.unref()
    this.#watchdogs.set(module.id, watchdog)
  }

  #isOurs(module: TestModule): boolean {
    return module.project.name === this.#options.project.name
  }

  #say(message: string): void {
    this.#vitest?.logger.log(message)
  }
}
