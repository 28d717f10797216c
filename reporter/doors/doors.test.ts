import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { controlText, makeTinyGate, passingControl } from './harness.ts'
import type { GateOutcome, RunOptions, TinyGate } from './harness.ts'

const first = 'gates/1-security/first.gate.ts'
const second = 'gates/1-security/second.gate.ts'

function expectNoGo(outcome: GateOutcome, reason: RegExp): void {
  expect(outcome.report?.verdict, outcome.output).toBe('NO-GO')
  expect(outcome.exitCode, outcome.output).not.toBe(0)
  expect(outcome.exitCode, outcome.output).not.toBeNull()
  expect(`${outcome.markdown}\n${JSON.stringify(outcome.report)}`).toMatch(reason)
  expect(outcome.markdown).toContain('NO-GO')
}

const throwing = (statement: string): string => controlText(`async measure() { ${statement} }`)

/** Writes a report that says GO, as an earlier run would have left it. */
function leaveStaleReport(gate: TinyGate): void {
  mkdirSync(join(gate.directory, 'reports'), { recursive: true })
  writeFileSync(join(gate.directory, 'reports/report.md'), '# Stale\n\n**GO**\n')
}

describe.concurrent('the gate with nothing wrong', { timeout: 60_000 }, () => {
  test('says GO and ends with 0, so that the cases below fail for their own reason', async () => {
    using gate = makeTinyGate()
    const outcome = await gate.run()
    expect(outcome.report?.verdict, outcome.output).toBe('GO')
    expect(outcome.exitCode, outcome.output).toBe(0)
  })

  test('adds the verdict to the summary page of the GitHub job', async () => {
    using gate = makeTinyGate()
    gate.write('summary.md', '# Earlier step\n')
    await gate.run({ environment: { GITHUB_STEP_SUMMARY: join(gate.directory, 'summary.md') } })
    const summary = readFileSync(join(gate.directory, 'summary.md'), 'utf8')
    expect(summary).toMatch(/^# Earlier step\n[^]*production gate: GO/)
  })

  test('says that a job summary cannot be written, and keeps the verdict', async () => {
    using gate = makeTinyGate()
    const outcome = await gate.run({ environment: { GITHUB_STEP_SUMMARY: gate.directory } })
    expect(outcome.output).toMatch(/job summary was not written.*EISDIR/)
    expect(outcome.report?.verdict).toBe('GO')
    expect(outcome.exitCode).toBe(0)
  })
})

test.concurrent('--exclude leaves no control out', { timeout: 60_000 }, async ({ expect: expectHere }) => {
  using gate = makeTinyGate()
  gate.write(second, throwing("throw new Error('no')"))
  const outcome = await gate.run({ flags: ['--exclude', '**/second.gate.ts'] })
  expectHere(outcome.report?.verdict).toBe('NO-GO')
  expectHere(outcome.markdown).toMatch(/second/)
  expectHere(outcome.exitCode).not.toBe(0)
})

interface Door {
  name: string
  prepare?(gate: TinyGate): void
  options?: RunOptions
  reason: RegExp
}

const rewritten = (change: (text: string) => string): string => change(passingControl)
const testCall = "import { test } from 'vitest'\n"

const doors: Door[] = [
  { name: 'a control file deleted', prepare: (gate) => gate.remove(second), reason: /second.*not built/s },
  {
    name: 'a control file renamed',
    prepare(gate) {
      gate.remove(second)
      gate.write('gates/1-security/renamed.gate.ts', passingControl)
    },
    reason: /second.*not built/s,
  },
  {
    name: 'a control file empty',
    prepare: (gate) => gate.write(second, ''),
    reason: /No test suite found|holds no control/,
  },
  {
    name: 'a control file that fails to import',
    prepare: (gate) => gate.write(second, "import './nowhere.ts'\n"),
    reason: /nowhere/,
  },
  {
    name: 'a control file with a syntax error',
    prepare: (gate) => gate.write(second, 'export default {'),
    reason: /second/,
  },
  {
    name: 'a control file with two tests',
    prepare: (gate) =>
      gate.write(second, `${testCall}${passingControl}\ntest('more', ({ expect }) => expect(1).toBe(1))\n`),
    reason: /holds 2 tests/,
  },
  {
    name: 'a control that is called twice',
    prepare: (gate) =>
      gate.write(
        second,
        `${passingControl}\n${passingControl.replace(/^import.*$/gm, '').replace('export default ', '')}`,
      ),
    reason: /holds 2 tests/,
  },
  {
    name: 'a test without control()',
    prepare: (gate) => gate.write(second, `${testCall}test('mine', ({ expect }) => expect(1).toBe(1))\n`),
    reason: /left 0 records/,
  },
  ...(['skip', 'todo', 'only', 'fails'] as const).map((modifier) => ({
    name: `a test with .${modifier}`,
    prepare: (gate: TinyGate) =>
      gate.write(
        second,
        modifier === 'todo'
          ? `${testCall}test.todo('mine')\n`
          : `${testCall}test.${modifier}('mine', ({ expect }) => expect(1).toBe(${modifier === 'fails' ? 2 : 1}))\n`,
      ),
    reason: /second/,
  })),
  {
    name: 'a test that passes when run again',
    prepare: (gate) =>
      gate.write(
        second,
        `${testCall}let runs = 0\ntest('mine', { retry: 2 }, ({ expect }) => expect((runs += 1)).toBe(2))\n`,
      ),
    options: { flags: ['--retry=2'] },
    reason: /run again|second/,
  },
  { name: '-t', options: { flags: ['-t', 'First'] }, reason: /testNamePattern/ },
  { name: 'a file filter', options: { flags: ['first.gate'] }, reason: /second.*did not run/s },
  { name: '--tags-filter', options: { flags: ['--tags-filter', '!security'] }, reason: /tagsFilter|left out/ },
  { name: '--shard', options: { flags: ['--shard=1/2'] }, reason: /shard/ },
  {
    name: '--bail',
    options: { flags: ['--bail=1'] },
    prepare: (gate) => gate.write(first, throwing("throw new Error('no')")),
    reason: /first/,
  },
  { name: '--passWithNoTests', options: { flags: ['--passWithNoTests'] }, reason: /passWithNoTests/ },
  {
    name: '--dangerouslyIgnoreUnhandledErrors',
    options: { flags: ['--dangerouslyIgnoreUnhandledErrors'] },
    reason: /dangerouslyIgnoreUnhandledErrors/,
  },
  {
    name: 'a worker killed',
    prepare: (gate) =>
      gate.write(second, throwing("process.kill(process.pid, 'SIGKILL'); await new Promise(() => {})")),
    reason: /second/,
  },
  {
    name: 'process.exit(0) in a control',
    prepare: (gate) => gate.write(second, throwing('process.exit(0)')),
    reason: /second/,
  },
  {
    name: 'an unhandled rejection',
    prepare: (gate) =>
      gate.write(
        second,
        throwing(
          "void Promise.reject(new Error('nobody caught me')); await new Promise((r) => setTimeout(r, 50)); return { samples: 3 }",
        ),
      ),
    reason: /nobody caught me/,
  },
  {
    name: 'a control that does not end in time',
    prepare: (gate) => gate.write(second, throwing('await new Promise(() => {})')),
    reason: /did not finish within 2 s/,
  },
  ...[
    ['NaN', /second/],
    ['undefined', /second/],
    ['Infinity', /second/],
    ['0', /zero samples/],
  ].map(([value, reason]) => ({
    name: `evidence with ${String(value)}`,
    prepare: (gate: TinyGate) => gate.write(second, throwing(`return { samples: ${String(value)} }`)),
    reason: reason as RegExp,
  })),
  {
    name: 'evidence that holds undefined where the schema lets it',
    prepare: (gate) =>
      gate.write(
        second,
        rewritten((text) =>
          text
            .replace('z.object({ samples: z.number() })', 'z.object({ samples: z.number(), more: z.any() })')
            .replace('return { samples: 3 }', 'return { samples: 3, more: { deep: undefined } }'),
        ),
      ),
    reason: /undefined at/,
  },
  {
    name: 'a shortfall',
    prepare: (gate) =>
      gate.write(
        second,
        controlText(
          'async measure() { return { samples: 3 } }',
          "judge: () => [{ what: 'it is wrong', expected: 'right', where: 'here', mitigation: 'mend it' }]",
        ),
      ),
    reason: /it is wrong/,
  },
  {
    name: 'a judge that throws',
    prepare: (gate) =>
      gate.write(
        second,
        controlText('async measure() { return { samples: 3 } }', "judge: () => { throw new Error('cannot judge') }"),
      ),
    reason: /cannot judge/,
  },
  {
    name: 'a setting that does not exist',
    options: { environment: { ARO_GATE_PROFILE: 'quick' } },
    reason: /set-up of the gate|ARO_GATE_PROFILE/,
  },
  { name: 'a rehearsal', options: { environment: { ARO_GATE_PROFILE: 'rehearsal' } }, reason: /rehearsal/ },
  {
    name: 'a subject file that is missing',
    options: { environment: { ARO_GATE_SUBJECT: 'none.ts' } },
    reason: /none\.ts/,
  },
  {
    name: 'a subject file that is no subject',
    prepare: (gate) => gate.write('subject.mjs', 'export default { name: 1 }\n'),
    reason: /does not describe a subject/,
  },
  {
    name: 'a database that cannot be reached, for a control that needs one',
    prepare: (gate) =>
      gate.write(
        second,
        rewritten((text) => text.replace('needs: []', "needs: ['database']")),
      ),
    reason: /There is no database/,
  },
  {
    name: 'another reporter that sets the exit code to 0',
    prepare(gate) {
      gate.write(
        'zero.js',
        "export default class { onTestRunEnd() { process.exitCode = 0; process.on('exit', () => { process.exitCode = 0 }) } }\n",
      )
      gate.write(second, throwing("throw new Error('no')"))
    },
    options: { flags: ['--reporter=./zero.js'] },
    reason: /second/,
  },
  ...(['onInit', 'onTestRunStart', 'onTestModuleEnd', 'onTestCaseResult', 'onTestRunEnd'] as const).map((event) => ({
    name: `another reporter that throws in ${event}`,
    prepare: (gate: TinyGate) =>
      gate.write('throws.js', `export default class { ${event}() { throw new Error('reporter broke') } }\n`),
    options: { flags: ['--reporter=./throws.js'] },
    reason: /reporter broke|exit code|unhandled|did not complete|incomplete/i,
  })),
  {
    name: '--reporter=dot',
    prepare: (gate) => gate.write(second, throwing("throw new Error('no')")),
    options: { flags: ['--reporter=dot'] },
    reason: /second/,
  },
]

describe.concurrent('fails closed with', { timeout: 60_000 }, () => {
  for (const door of doors) {
    test(door.name, async () => {
      using gate = makeTinyGate()
      leaveStaleReport(gate)
      door.prepare?.(gate)
      expectNoGo(await gate.run(door.options), door.reason)
    })
  }
})

describe.concurrent('fails closed with a run cut short by', { timeout: 60_000 }, () => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGKILL'] as const) {
    test(signal, async () => {
      using gate = makeTinyGate()
      leaveStaleReport(gate)
      gate.write(
        second,
        throwing(
          "const { writeFileSync } = await import('node:fs'); writeFileSync('reached', ''); await new Promise(() => {})",
        ),
      )
      const { child, ended } = gate.start()
      const deadline = performance.now() + 30_000
      while (!existsSync(join(gate.directory, 'reached')) && performance.now() < deadline) await sleep(50)
      child.kill(signal)
      const outcome = await ended
      expect(outcome.exitCode).not.toBe(0)
      expect(outcome.report?.verdict, outcome.output).toBe('NO-GO')
      expect(outcome.markdown).toMatch(/did not complete|incomplete/)
    })
  }

  test('an import that never ends', async () => {
    using gate = makeTinyGate()
    gate.write(second, 'await new Promise(() => {})\nexport {}\n')
    expectNoGo(await gate.run({ environment: { ARO_GATE_IMPORT_SECONDS: '4' } }), /import did not end/)
  })
})

describe.concurrent('fails closed with a report that cannot be written:', { timeout: 60_000 }, () => {
  test('a file where the folder should be', async () => {
    using gate = makeTinyGate()
    gate.write('reports', 'in the way')
    const outcome = await gate.run()
    expect(outcome.exitCode, outcome.output).not.toBe(0)
    expect(outcome.output).toMatch(/ARO_GATE_REPORT_DIR/)
  })

  test('a folder that takes no file at the end of the run', async () => {
    using gate = makeTinyGate()
    gate.write(
      second,
      throwing(
        "const { rmSync, mkdirSync } = await import('node:fs'); rmSync('reports/junit.xml'); mkdirSync('reports/junit.xml/in-the-way', { recursive: true }); return { samples: 3 }",
      ),
    )
    const outcome = await gate.run()
    expect(outcome.exitCode, outcome.output).not.toBe(0)
    expect(outcome.markdown).toContain('NO-GO')
    expect(outcome.output).toMatch(/junit\.xml/)
  })
})
