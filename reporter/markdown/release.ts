import type { Report, SelfReviewItem } from '../record.ts'
import { escapeMarkdown } from './escape.ts'
import { nameOf, printValue } from './evidence-text.ts'
import { evidenceTable, mark, table } from './gates.ts'

/** The release decision: commands and attestations, GO criteria, fail-closed rules, and what was asked of the run. */
export function renderRelease({ gates, criteria, statements }: Report): string[] {
  const gate = gates.find(({ id }) => id === 'release')
  return [
    '## Release Decision',
    '',
    ...(gate === undefined ? [] : [...evidenceTable(gate), '']),
    ...renderCriteria('GO criteria (all must be true)', criteria, 'go-criterion/'),
    ...renderCriteria('Fail-closed rules (none may apply)', criteria, 'fail-closed/'),
    ...renderCriteria('The run itself', criteria, 'run/'),
    ...renderStatements(statements),
  ]
}

function renderCriteria(title: string, criteria: Report['criteria'], prefix: string): string[] {
  const rows = criteria
    .filter(({ id }) => id.startsWith(prefix))
    .map((criterion) => [escapeMarkdown(criterion.title), mark(criterion.outcome), escapeMarkdown(criterion.reason)])
  return rows.length === 0 ? [] : [`### ${title}`, '', ...table(['Criterion', 'Status', 'Because'], rows), '']
}

function renderStatements(statements: Report['statements']): string[] {
  const rows = statements.map(({ kind, scope, reason, approver, expires }) =>
    [kind, scope, reason, approver, expires].map((cell) => escapeMarkdown(cell)),
  )
  return rows.length === 0
    ? []
    : [
        '### Statements by the owner, which no evidence stands behind',
        '',
        ...table(['Kind', 'Scope', 'Reason', 'Approver', 'Expires'], rows),
        '',
      ]
}

/** The self-review checklist with a box ticked for each item that evidence answers. */
export function renderSelfReview(items: readonly SelfReviewItem[]): string[] {
  const sections = [...Map.groupBy(items, ({ section }) => section)]
  return [
    '## Self-Review Checklist',
    '',
    ...sections.flatMap(([section, of], index) => [
      `### ${index + 1}. ${escapeMarkdown(section)}`,
      '',
      ...of.map(({ item, outcome, controls }) => {
        const state = outcome === 'passed' ? '' : `${outcome}; `
        const box = outcome === 'passed' ? '[x]' : '[ ]'
        return `- ${box} ${escapeMarkdown(item)} (${state}${controls.map((id) => escapeMarkdown(id)).join(', ') || 'no control covers it'})`
      }),
      '',
    ]),
  ]
}

/** Where and with what the run was made. */
export function renderEnvironment({ environment, subject, profile, runId, startedAt, finishedAt }: Report): string[] {
  const facts: [string, string][] = [
    ['run', runId],
    ['started', startedAt],
    ['finished', finishedAt ?? 'not finished'],
    ['profile', profile],
    ['subject', `${subject.name} ${subject.version}`],
    ['commit', subject.commit ?? 'unknown'],
    ...Object.entries(environment).flatMap(([key, value]): [string, string][] =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? Object.entries(value).map(([inner, of]) => [`${nameOf(key)}: ${nameOf(inner)}`, printValue(inner, of)])
        : [[nameOf(key), printValue(key, value)]],
    ),
  ]
  const rows = facts.map((cells) => cells.map((cell) => escapeMarkdown(cell)))
  return ['## Environment', '', ...table(['Fact', 'Value'], rows), '']
}
