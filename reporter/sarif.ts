import { createHash } from 'node:crypto'
import type { Log, Notification, PhysicalLocation, ReportingDescriptor, Result } from 'sarif'
import { makeVisible } from './markdown/escape.ts'
import type { Report, ReportControl, Shortfall } from './record.ts'

const noFile = 'no-file-associated'

/** SARIF 2.1.0: a rule for each control, a result for each shortfall, an open result for each unverified control. */
export function renderSarif(report: Report): string {
  const controls = report.gates.flatMap((gate) => gate.controls)
  const reasons = report.reasons.map((reason): Notification => ({
    level: 'error',
    message: { text: makeVisible(reason) },
  }))
  const log: Log = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'ARO production gate', rules: controls.map(ruleOf) } },
        automationDetails: { id: `aro-production-gate/${encodeURIComponent(report.runId)}` },
        // whether the gate itself could do its work, not whether the verdict is GO
        invocations: [
          {
            executionSuccessful: report.finishedAt !== null && report.problems.length === 0,
            toolExecutionNotifications: reasons,
          },
        ],
        results: controls.flatMap((control, ruleIndex) => resultsOf(control, ruleIndex)),
        properties: { verdict: report.verdict, profile: report.profile },
      },
    ],
  }
  return `${JSON.stringify(log, null, 2)}\n`
}

function ruleOf(control: ReportControl): ReportingDescriptor {
  const scores = { critical: '9.5', high: '8.0', medium: '5.0' }
  return {
    id: control.id,
    name: makeVisible(control.title),
    shortDescription: { text: makeVisible(control.requirement) },
    fullDescription: { text: makeVisible(`${control.requirement} Target: ${control.target}`) },
    help: { text: makeVisible(control.method) },
    defaultConfiguration: { level: control.severity === 'medium' ? 'warning' : 'error' },
    properties: { tags: [control.id.split('/')[0] ?? ''], 'security-severity': scores[control.severity] },
  }
}

function resultsOf(control: ReportControl, ruleIndex: number): Result[] {
  if (control.outcome === 'unverified') {
    const text = makeVisible(`Unverified: ${control.reason ?? 'no reason given'}`)
    const locations = [{ physicalLocation: { artifactLocation: { uri: noFile } } }]
    return [{ ruleId: control.id, ruleIndex, kind: 'open', level: 'none', message: { text }, locations }]
  }
  return control.shortfalls.map((shortfall) => resultOf(control, shortfall, ruleIndex))
}

function resultOf(
  { id }: ReportControl,
  { severity, what, expected, where, mitigation }: Shortfall,
  ruleIndex: number,
): Result {
  return {
    ruleId: id,
    ruleIndex,
    kind: 'fail',
    level: severity === 'medium' ? 'warning' : 'error',
    message: { text: makeVisible(`${what} Expected: ${expected}. Where: ${where}. ${mitigation}`) },
    locations: [
      {
        physicalLocation: physicalLocationOf(where),
        logicalLocations: [{ fullyQualifiedName: makeVisible(where) }],
      },
    ],
    partialFingerprints: { 'aroGate/v1': createHash('sha256').update(`${id}\n${where}\n${what}`).digest('hex') },
    properties: { severity },
  }
}

/** The file that a shortfall names as `src/file.ts` or `src/file.ts:12:3`; code scanning wants one for every result. */
function physicalLocationOf(where: string): PhysicalLocation {
  const match = /^((?:[\w.@-]+\/)*[\w.@-]+\.[a-z]{1,5})(?::(\d+))?(?::(\d+))?$/i.exec(where)
  const [, uri = noFile, line, column] = match ?? []
  const location: PhysicalLocation = { artifactLocation: { uri: encodeURI(uri) } }
  if (Number(line) < 1 || line === undefined) return location
  const startColumn = Math.max(1, Number(column ?? 1))
  return { ...location, region: { startLine: Number(line), startColumn } }
}
