import type { ResolvedConfig, SerializedError, TestRunEndReason } from 'vitest/node'
import type { RunProblem } from './record.ts'

/** What vitest says about a run as a whole. */
export interface RunFacts {
  config: ResolvedConfig
  unhandled: readonly SerializedError[]
  reason: TestRunEndReason
}

/** Everything about a run that keeps it from being a whole, honest one; vitest itself calls most of these passed. */
export function partialRunProblems({ config, unhandled, reason }: RunFacts): RunProblem[] {
  const flags: Record<string, unknown> = {
    watch: config.watch,
    shard: config.shard && `${config.shard.index}/${config.shard.count}`,
    mergeReports: config.mergeReports,
    testNamePattern: config.testNamePattern,
    tagsFilter: config.tagsFilter?.length === 0 ? undefined : config.tagsFilter,
    changed: config.changed,
    related: config.related,
    dangerouslyIgnoreUnhandledErrors: config.dangerouslyIgnoreUnhandledErrors,
    passWithNoTests: config.passWithNoTests,
    bail: (config.bail ?? 0) > 0 ? config.bail : undefined,
  }
  const problems = Object.entries(flags)
    .filter(([, value]) => value !== undefined && value !== false && value !== null && value !== '')
    .map(([flag, value]) => ({
      what: `Partial or unsafe run: --${flag}=${String(value)}.`,
      mitigation: `Run the gate without --${flag}.`,
    }))
  if (reason !== 'passed' && reason !== 'failed') {
    problems.push({
      what: `vitest ended the run early: ${reason}.`,
      mitigation: 'Run the gate again and let it finish.',
    })
  }
  for (const error of unhandled) {
    const where = typeof error.VITEST_TEST_PATH === 'string' ? ` in ${error.VITEST_TEST_PATH}` : ''
    problems.push({
      what: `Unhandled error${where}: ${error.message}`,
      mitigation: 'Mend the control or helper that lets an error escape.',
    })
  }
  return problems
}
