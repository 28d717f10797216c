interface Runner {
  name: string
  /** Matches where this runner says how many tests ran; the groups `passed` and `failed` are counts to add up. */
  counts: RegExp
}

const escapeCodes = new RegExp(String.raw`\u001b\[[0-9;]*m`, 'g')

const runners: readonly Runner[] = [
  { name: 'vitest', counts: /^\s*Tests\s+(?:(?<failed>\d+) failed[ |]*)?(?:(?<passed>\d+) passed)?/gm },
  {
    name: 'jest',
    counts: /^Tests:\s+(?:(?<failed>\d+) failed, )?(?:\d+ skipped, )?(?:(?<passed>\d+) passed, )?\d+ total/gm,
  },
  { name: 'node:test', counts: /^(?:#|ℹ) (?:pass (?<passed>\d+)|fail (?<failed>\d+))$/gm },
  { name: 'mocha', counts: /^\s+(?:(?<passed>\d+) passing|(?<failed>\d+) failing)\b/gm },
  { name: 'playwright', counts: /^\s+(?:(?<passed>\d+) passed|(?<failed>\d+) failed)\b/gm },
  { name: 'tap', counts: /^# (?:pass\s+(?<passed>\d+)|fail\s+(?<failed>\d+))/gm },
  { name: 'ava', counts: /^\s+(?:(?<passed>\d+) tests? passed|(?<failed>\d+) tests? failed)\b/gm },
  { name: 'cypress', counts: /│\s+(?:Passing:\s+(?<passed>\d+)|Failing:\s+(?<failed>\d+))/gm },
  { name: 'k6', counts: /^\s*http_reqs[.\s]*:\s+(?<passed>\d+)/gm },
]

const emptyRun = /No test files found|No tests found|no tests to run|0 passing|^(?:#|ℹ) tests 0$/m

/** What a command's output says about the tests that it ran. */
export interface TestsRun {
  runner: string
  tests: number
  failed: number
}

/** How many tests a command's output says have run; null when no known runner has said anything. */
export function testsRun(output: string): TestsRun | null {
  const text = output.replaceAll(escapeCodes, '')
  for (const { name, counts } of runners) {
    const matches = [...text.matchAll(counts)].flatMap(({ groups = {} }) => {
      const { passed, failed } = groups
      return passed === undefined && failed === undefined
        ? []
        : [{ passed: Number(passed ?? 0), failed: Number(failed ?? 0) }]
    })
    if (matches.length === 0) continue
    const failed = matches.reduce((sum, match) => sum + match.failed, 0)
    return { runner: name, tests: failed + matches.reduce((sum, match) => sum + match.passed, 0), failed }
  }
  return emptyRun.test(text) ? { runner: 'unknown', tests: 0, failed: 0 } : null
}

/** Names of the runners whose output is understood. */
export const knownRunners = runners.map((runner) => runner.name)
