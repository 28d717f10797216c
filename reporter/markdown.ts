import { catalogue as ownCatalogue } from './catalogue.ts'
import type { Catalogue } from './catalogue.ts'
import { renderDetails } from './markdown/details.ts'
import { escapeMarkdown } from './markdown/escape.ts'
import { renderGate } from './markdown/gates.ts'
import { renderEnvironment, renderRelease, renderSelfReview } from './markdown/release.ts'
import { renderClosing, renderIssues, renderNextSteps, renderVerdict } from './markdown/verdict.ts'
import type { Outcome, Report } from './record.ts'
import { verdictLabel } from './verdict.ts'

/** report.md: the production gate's output contract, with the evidence behind it. */
export function renderMarkdown(report: Report, catalogue: Catalogue = ownCatalogue): string {
  const sections = report.gates.filter((gate) => gate.id !== 'release')
  const lines = [
    ...renderHeader(report),
    ...sections.flatMap((gate) => renderGate(gate, catalogue)),
    ...renderRelease(report),
    ...renderSelfReview(report.selfReview),
    ...renderEnvironment(report),
    ...renderIssues(report),
    ...renderVerdict(report),
    ...renderNextSteps(report),
    ...renderDetails(report),
    ...renderClosing(report),
  ]
  return `${lines.join('\n')}\n`
}

/** How the controls ended, e.g. "48 of 50 controls passed, 1 failed, 1 unverified". */
export function countControls({ gates }: Pick<Report, 'gates'>): string {
  const controls = gates.flatMap((gate) => gate.controls)
  const count = (outcome: Outcome): number => controls.filter((control) => control.outcome === outcome).length
  const others = (['failed', 'unverified'] as const).flatMap((outcome) =>
    count(outcome) === 0 ? [] : [`${count(outcome)} ${outcome}`],
  )
  return [`${count('passed')} of ${controls.length} controls passed`, ...others].join(', ')
}

function renderHeader(report: Report): string[] {
  const { subject, startedAt, finishedAt } = report
  const version = /^\d/.test(subject.version) ? `v${subject.version}` : subject.version
  return [
    '# ARO Production Gate Report',
    '',
    `**Date:** ${escapeMarkdown((finishedAt ?? startedAt).slice(0, 10))}`,
    `**Version:** ${escapeMarkdown(version)}`,
    `**Environment:** ${subject.environment}`,
    '',
    `**${verdictLabel(report)}**: ${countControls(report)}. See [Final Verdict](#final-verdict).`,
    '',
  ]
}
