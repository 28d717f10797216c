import { z } from 'zod'

const outcomeSchema = z.enum(['passed', 'failed', 'unverified'])

/** The part of report.json from which it is told whether a run of the gate was as it has to be. */
export const gateReportSchema = z.object({
  finishedAt: z.string().nullable(),
  profile: z.enum(['release', 'rehearsal']),
  verdict: z.enum(['GO', 'NO-GO']),
  reasons: z.array(z.string()),
  problems: z.array(z.object({ what: z.string() })),
  criteria: z.array(z.object({ id: z.string(), outcome: outcomeSchema, reason: z.string() })),
  gates: z.array(
    z.object({
      controls: z.array(z.object({ id: z.string(), outcome: outcomeSchema, reason: z.string().nullish() })),
    }),
  ),
})

/** @see gateReportSchema */
export type GateReport = z.infer<typeof gateReportSchema>

const withoutFile = 'not built yet: there is no control file for it'
const rehearsalReason = /^NO-GO \(rehearsal\)/
const unbuiltReason =
  /is unverified: not built yet: there is no control file for it\.$|controls are unverified \(.*\); the reason for (all|\d+ of them): not built yet: there is no control file for it\.$/

/**
 * What is wrong with a run of the gate on the reference application, in sentences. While controls are still to be built
 * it must be NO-GO for just that; once all are there it must be GO, or in rehearsal NO-GO for being one.
 */
export function flawsOfGateRun(report: GateReport, onDisk: readonly string[], exitCode: number): string[] {
  const controls = report.gates.flatMap((gate) => gate.controls)
  const unbuilt = controls.filter(({ id }) => !onDisk.includes(id))
  const isRehearsal = report.profile === 'rehearsal'
  const expected = unbuilt.length === 0 && !isRehearsal ? 'GO' : 'NO-GO'
  const excused = new Set([
    ...(isRehearsal ? ['run/release-profile'] : []),
    ...(unbuilt.length > 0 ? ['run/every-control-passed'] : []),
  ])
  const allowed = [...(isRehearsal ? [rehearsalReason] : []), ...(unbuilt.length > 0 ? [unbuiltReason] : [])]
  return [
    ...(report.finishedAt === null ? ['the run did not finish'] : []),
    ...report.problems.map(({ what }) => `problem: ${what}`),
    ...onDisk
      .filter((id) => !controls.some((control) => control.id === id))
      .map((id) => `${id} is on disk but not in the report`),
    ...controls
      .filter(({ id, outcome }) => onDisk.includes(id) && outcome !== 'passed')
      .map(({ id, outcome, reason }) => `${id} is ${outcome}, expected passed${reason ? `: ${reason}` : ''}`),
    ...unbuilt
      .filter(({ outcome, reason }) => outcome !== 'unverified' || reason !== withoutFile)
      .map(({ id, outcome, reason }) => `${id} has no file, expected unverified for that, got ${outcome}: ${reason}`),
    ...report.criteria
      .filter(({ id, outcome }) => id.startsWith('run/') && outcome !== 'passed' && !excused.has(id))
      .map(({ id, reason }) => `${id} is not met: ${reason}`),
    ...report.reasons
      .filter((reason) => !allowed.some((pattern) => pattern.test(reason)))
      .map((reason) => `unexpected reason: ${reason}`),
    ...(report.verdict === expected ? [] : [`the verdict is ${report.verdict}, expected ${expected}`]),
    ...((exitCode === 0) === (expected === 'GO') ? [] : [`exit code ${exitCode} does not go with ${expected}`]),
  ]
}
