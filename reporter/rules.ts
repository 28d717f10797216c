import type { Assessment } from './assessment.ts'
import type { Outcome, ReportControl, Statement } from './record.ts'

/** Why a rule is not met: a control that did not pass, or something about the run as a whole. */
export type Finding = { control: ReportControl } | { text: string; outcome: Exclude<Outcome, 'passed'> }

/** One thing that GO needs. */
export interface Rule {
  /** E.g. `fail-closed/security-vulnerability`. */
  id: string
  title: string
  /** Whether it says anything for the catalogue at hand. */
  applies(assessment: Assessment): boolean
  /** Pure: what stands against GO, nothing when the rule is met. */
  test(assessment: Assessment): Finding[]
}

const always = (): boolean => true
const failed = (text: string): Finding => ({ text, outcome: 'failed' })
const unverified = (text: string): Finding => ({ text, outcome: 'unverified' })

/** All that GO needs, each rule by its name: of the run, the seed's fail-closed rules, the seed's GO criteria. */
export const rules: readonly Rule[] = [
  rule('run/record-valid', 'The record of the run is valid', ({ flaws }) => flaws.map((flaw) => unverified(flaw))),
  rule('run/complete', 'The run finished', ({ complete, finishedAt, startedAt }) =>
    complete && finishedAt !== null
      ? []
      : [unverified(`NO-GO (incomplete): the run that began at ${startedAt} has not finished.`)],
  ),
  rule('run/release-profile', 'The run had the release profile', ({ profile }) =>
    profile === 'release'
      ? []
      : [
          unverified(
            'NO-GO (rehearsal): load and waits were shortened; only a run with ARO_GATE_PROFILE=release can be GO.',
          ),
        ],
  ),
  rule('run/no-problems', 'Nothing went wrong with the run itself', ({ problems }) =>
    problems.map((problem) => unverified(problem.what)),
  ),
  rule('run/subject-known', 'The subject is known', ({ subject }) =>
    subject.environment === 'unknown' || subject.name === 'unknown' || subject.version === 'unknown'
      ? [unverified('It is not known what was under test: its name, version or environment is missing.')]
      : [],
  ),
  rule('run/each-control-once', 'Each control ran once', ({ repeated }) =>
    repeated.map((id) => unverified(`${id} ran more than once.`)),
  ),
  rule('run/every-control-passed', 'Every control that ran passed', ({ gates }) =>
    notPassed(gates.flatMap(controlsOf)),
  ),
  rule('run/statements-in-force', 'Every statement of an owner is in force and matches something', (assessment) =>
    assessment.statements.flatMap((statement) => {
      const flaw = flawOf(statement, assessment.finishedAt ?? assessment.startedAt)
      return flaw === undefined ? [] : [failed(flaw)]
    }),
  ),

  rule('fail-closed/critical-or-high-issue', 'Any critical/high severity issue = NO-GO', severeFindings),
  rule('fail-closed/gate-section-incomplete', 'Any gate section incomplete = NO-GO', ({ gates }) => [
    ...(gates.length === 0 ? [unverified('No gate is required: there is nothing that could be GO.')] : []),
    ...gates
      .filter((gate) => gate.controls.length === 0)
      .map((gate) => unverified(`The ${gate.title} has no control.`)),
    ...gates.flatMap(controlsOf).flatMap((control) => (control.outcome === 'unverified' ? [{ control }] : [])),
  ]),
  ruleOn('fail-closed/unexplained-regression', 'Performance regression without explanation = NO-GO', [
    'performance/regression',
  ]),
  rule('fail-closed/security-vulnerability', 'Security vulnerability (any severity) = NO-GO', ({ gates }) =>
    gates
      .filter((gate) => gate.id === 'security')
      .flatMap(controlsOf)
      .flatMap((control) => (control.shortfalls.length > 0 ? [{ control }] : [])),
  ),
  ruleOn('fail-closed/missing-runbook', 'Missing runbook for critical path = NO-GO', ['operability/runbooks']),
  ruleOn('fail-closed/restore-not-verified', 'Backup/restore not verified = NO-GO', ['operability/backup-restore']),

  rule('go-criterion/all-gates-pass', 'All 5 gates pass with ✅', (found) =>
    notPassed(found.gates.filter((gate) => gate.id !== 'release').flatMap(controlsOf)),
  ),
  rule('go-criterion/no-severe-issue', 'No critical or high severity issues', severeFindings),
  {
    id: 'go-criterion/performance-targets',
    title: 'Performance meets or exceeds targets',
    applies: ({ gates }) => gates.some((gate) => gate.id === 'performance'),
    test: ({ gates }) => notPassed(gates.filter((gate) => gate.id === 'performance').flatMap(controlsOf)),
  },
  ruleOn('go-criterion/rollback-plan', 'Rollback plan documented and tested', ['release/rollback-plan']),
  ruleOn('go-criterion/on-call-rotation', 'On-call rotation confirmed', ['release/on-call-rotation']),
  ruleOn('go-criterion/incident-response', 'Incident response rehearsed', ['release/incident-response']),
]

function rule(id: string, title: string, test: Rule['test']): Rule {
  return { id, title, applies: always, test }
}

/** A rule that is met when the controls named have passed. */
function ruleOn(id: string, title: string, ids: string[]): Rule {
  return {
    id,
    title,
    applies: ({ catalogue }) => catalogue.some((gate) => gate.controls.some((control) => ids.includes(control.id))),
    test: ({ gates }) => notPassed(gates.flatMap(controlsOf).filter((control) => ids.includes(control.id))),
  }
}

function controlsOf(gate: Assessment['gates'][number]): ReportControl[] {
  return gate.controls
}

function notPassed(controls: ReportControl[]): Finding[] {
  return controls.flatMap((control) => (control.outcome === 'passed' ? [] : [{ control }]))
}

function severeFindings({ gates }: Assessment): Finding[] {
  return gates
    .flatMap(controlsOf)
    .filter((control) => control.shortfalls.some((shortfall) => shortfall.severity !== 'medium'))
    .map((control) => ({ control }))
}

/** What is wrong with a statement on the day of the run. */
export function flawOf(statement: Statement, at: string): string | undefined {
  const kind = statement.kind === 'not-applicable' ? 'not-applicable claim' : statement.kind
  const name = `The ${kind} on ${statement.scope} by ${statement.approver}`
  // it holds through its last day; a day that cannot be read is over
  const isInForce = Date.parse(at) < Date.parse(`${statement.expires}T00:00:00Z`) + 86_400_000
  if (!isInForce) return `${name} expired on ${statement.expires}.`
  if (!statement.matched) return `${name} matches nothing: no control found what it is about.`
  return undefined
}
