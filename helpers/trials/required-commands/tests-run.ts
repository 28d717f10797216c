interface Runner {
  name: string
  /** Matches where this runner says how many tests ran; the groups are counts to add up. */
  counts: RegExp
}

const escapeCodes = new RegExp(String.raw`\u001b\[[0-9;]*m`, 'g')

const runners: readonly Runner[] = [
  { name: 'vitest', counts: /^\s*Tests\s+(?:(\d+) failed[ |]*)?(?:(\d+) passed)?/gm },
  { name: 'jest', counts: /^Tests:\s+(?:(\d+) failed, )?(?:\d+ skipped, )?(?:(\d+) passed, )?\d+ total/gm },
  { name: 'node:test', counts: /^(?:#|ℹ) (?:pass|fail) (\d+)$/gm },
  { name: 'mocha', counts: /^\s+(\d+) (?:passing|failing)\b/gm },
  { name: 'playwright', counts: /^\s+(\d+) (?:passed|failed)\b/gm },
  { name: 'tap', counts: /^# (?:pass|fail)\s+(\d+)/gm },
  { name: 'ava', counts: /^\s+(\d+) tests? (?:passed|failed)\b/gm },
  { name: 'cypress', counts: /│\s+(?:Passing|Failing):\s+(\d+)/gm },
  { name: 'k6', counts: /^\s*http_reqs[.\s]*:\s+(\d+)/gm },
]

const emptyRun = /No test files found|No tests found|no tests to run|0 passing|^(?:#|ℹ) tests 0$/m

/** How many tests a command's output says have run; null when no known runner has said anything. */
export function testsRun(output: string): { runner: string; tests: number } | null {
  const text = output.replaceAll(escapeCodes, '')
  for (const { name, counts } of runners) {
    const matches = [...text.matchAll(counts)].filter((match) => match.slice(1).some((group) => group !== undefined))
    if (matches.length === 0) continue
    const tests = matches.reduce(
      (sum, match) => sum + match.slice(1).reduce((all, group) => all + Number(group ?? 0), 0),
      0,
    )
    return { runner: name, tests }
  }
  return emptyRun.test(text) ? { runner: 'unknown', tests: 0 } : null
}

/** Names of the runners whose output is understood. */
export const knownRunners = runners.map((runner) => runner.name)
