import { redact } from '../helpers/evidence/redaction.ts'
import { assess } from './assessment.ts'
import type { Assessment } from './assessment.ts'
import { catalogue as ownCatalogue } from './catalogue.ts'
import type { Catalogue } from './catalogue.ts'
import { nextStepsOf } from './next-steps.ts'
import { firstSentence, issuesOf, reasonsOf } from './reasons.ts'
import type { Criterion, Outcome, Report, RunRecord } from './record.ts'
import { rules } from './rules.ts'
import type { Finding } from './rules.ts'
import { reviewSelf } from './self-review.ts'

/**
 * The verdict on a run: GO when every rule is met, NO-GO else. Never throws: what it cannot read is a reason for NO-GO.
 * Whatever looks like a secret or a person's address is redacted in the report.
 */
export function decide(run: RunRecord, catalogue: Catalogue = ownCatalogue): Report {
  try {
    return redact(reportOn(assess(run, catalogue)), [])
  } catch (error) {
    return internalErrorReport(error)
  }
}

/** What is known of a run before it has finished. */
export type RunStart = Pick<RunRecord, 'runId' | 'startedAt'> & Partial<RunRecord>

/** The NO-GO (incomplete) report that is on disk until a finished run replaces it. */
export function incompleteReport(start: RunStart, catalogue: Catalogue = ownCatalogue): Report {
  const unknown: RunRecord['subject'] = { name: 'unknown', version: 'unknown', environment: 'unknown', commit: null }
  return decide(
    {
      profile: 'release',
      subject: unknown,
      environment: {},
      controls: [],
      problems: [],
      statements: [],
      ...start,
      finishedAt: null,
      complete: false,
    },
    catalogue,
  )
}

/** The verdict with what qualifies it: `GO`, `NO-GO`, `NO-GO (incomplete)` or `NO-GO (rehearsal)`. */
export function verdictLabel({ verdict, reasons }: Pick<Report, 'verdict' | 'reasons'>): string {
  const isRehearsalOnly = reasons.length > 0 && reasons.every((reason) => reason.startsWith('NO-GO (rehearsal)'))
  if (verdict === 'NO-GO' && isRehearsalOnly) return 'NO-GO (rehearsal)'
  if (verdict === 'NO-GO' && reasons[0]?.startsWith('NO-GO (incomplete)')) return 'NO-GO (incomplete)'
  return verdict
}

function reportOn(assessment: Assessment): Report {
  const { runId, startedAt, finishedAt, profile, subject, environment, gates, problems, statements } = assessment
  const applied = rules
    .filter((rule) => rule.applies(assessment))
    .map((rule) => ({ rule, findings: rule.test(assessment) }))
  const findings = applied.flatMap((entry) => entry.findings)
  const isGo = findings.length === 0
  return {
    schemaVersion: 1,
    runId,
    startedAt,
    finishedAt,
    profile,
    subject,
    gates,
    criteria: applied.map(({ rule, findings: found }) => criterionOf(rule, found)),
    selfReview: reviewSelf(gates),
    issues: issuesOf(assessment),
    verdict: isGo ? 'GO' : 'NO-GO',
    reasons: reasonsOf(findings, assessment),
    nextSteps: isGo ? [] : nextStepsOf(assessment),
    problems,
    statements,
    environment,
  }
}

function criterionOf({ id, title }: { id: string; title: string }, findings: Finding[]): Criterion {
  const outcomes = findings.map((finding): Outcome =>
    'control' in finding ? finding.control.outcome : finding.outcome,
  )
  const outcome = findings.length === 0 ? 'passed' : outcomes.includes('failed') ? 'failed' : 'unverified'
  const met = id.startsWith('fail-closed/') ? 'does not apply' : 'met'
  return { id, title, outcome, reason: findings.length === 0 ? met : explain(findings) }
}

const namedPerCriterion = 3

function explain(findings: Finding[]): string {
  const named = findings.slice(0, namedPerCriterion).map((finding) => {
    return 'control' in finding ? `${finding.control.id} ${finding.control.outcome}` : firstSentence(finding.text)
  })
  const rest = findings.length - named.length
  return named.join('; ') + (rest > 0 ? `; and ${rest} more` : '')
}

function internalErrorReport(error: unknown): Report {
  const text = `The verdict could not be drawn: ${describeError(error)}`
  return {
    schemaVersion: 1,
    runId: 'unknown',
    startedAt: 'unknown',
    finishedAt: null,
    profile: 'rehearsal',
    subject: { name: 'unknown', version: 'unknown', environment: 'unknown', commit: null },
    gates: [],
    criteria: [
      { id: 'run/record-valid', title: 'The record of the run is valid', outcome: 'unverified', reason: text },
    ],
    selfReview: [],
    issues: [],
    verdict: 'NO-GO',
    reasons: [text],
    nextSteps: ['Mend the error of the reporter that the reasoning names.', 'Re-run production gate'],
    problems: [],
    statements: [],
    environment: {},
  }
}

function describeError(error: unknown): string {
  try {
    return error instanceof Error ? error.message : String(error)
  } catch {
    return 'an error that cannot be read'
  }
}
