import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { readControls } from '../helpers/proof/control-files.ts'
import { flawsOfGateRun, gateReportSchema } from './expect-gate.ts'

/** What one report of a step says. */
export interface Tally {
  passed: number
  /** What is not as it has to be, in sentences. */
  flaws: string[]
}

const unitSchema = z.object({
  numTotalTests: z.number(),
  numPassedTests: z.number(),
  numTotalTestSuites: z.number(),
  success: z.boolean(),
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      assertionResults: z.array(z.object({ fullName: z.string(), status: z.string() })),
    }),
  ),
})

const proofSchema = z.object({ counts: z.object({ passed: z.number(), failed: z.number() }) })

/** Counts vitest's tests; a skipped one is a flaw as well as a failed one. */
export function tallyUnit(report: unknown, exitCode: number): Tally {
  const { numPassedTests, testResults, success } = unitSchema.parse(report)
  const tests = testResults.flatMap(({ name, assertionResults }) => assertionResults.map((test) => ({ name, ...test })))
  const flaws = tests
    .filter(({ status }) => status !== 'passed')
    .map(({ name, fullName, status }) => `${name}: ${fullName}: ${status}`)
  const broken = testResults.filter(
    ({ status, assertionResults }) => status !== 'passed' && assertionResults.length === 0,
  )
  flaws.push(...broken.map(({ name }) => `${name} could not be run`))
  return { passed: numPassedTests, flaws: orDisagreement(flaws, success ? exitCode : exitCode || 1) }
}

/** Counts the controls that passed, and what is unexpected about the run. */
export function tallyGate(report: unknown, exitCode: number, onDisk: readonly string[]): Tally {
  const read = gateReportSchema.parse(report)
  const passed = read.gates.flatMap((gate) => gate.controls).filter(({ outcome }) => outcome === 'passed').length
  return { passed, flaws: flawsOfGateRun(read, onDisk, exitCode) }
}

/** Counts the cases of the proof. */
export function tallyProof(report: unknown, exitCode: number): Tally {
  const { passed, failed } = proofSchema.parse(report).counts
  const flaws = Array.from({ length: failed }, (_, index) => `case ${index + 1} of those listed in the matrix`)
  return { passed, flaws: orDisagreement(flaws, exitCode) }
}

/** A step that failed although its report names nothing is a flaw by itself. */
const orDisagreement = (flaws: string[], exitCode: number): string[] =>
  flaws.length === 0 && exitCode !== 0 ? [`exit code ${exitCode}, though its report names nothing wrong`] : flaws

if (import.meta.main) {
  const [kind, file = '', exitCode = '1'] = process.argv.slice(2)
  const report: unknown = JSON.parse(readFileSync(file, 'utf8'))
  const onDisk = readControls(join(import.meta.dirname, '../gates')).map(({ id }) => id)
  const tallies: Record<string, () => Tally> = {
    unit: () => tallyUnit(report, Number(exitCode)),
    gate: () => tallyGate(report, Number(exitCode), onDisk),
    proof: () => tallyProof(report, Number(exitCode)),
  }
  const { passed, flaws } = tallies[kind ?? '']?.() ?? {
    passed: 0,
    flaws: [`expected unit, gate or proof, got ${kind}`],
  }
  for (const flaw of flaws) console.error(`- ${flaw}`)
  console.log(`${passed} ${flaws.length}`)
  process.exitCode = flaws.length === 0 ? 0 : 1
}
