import { makeVisibleKeepingLines } from './markdown/escape.ts'
import type { Report, ReportControl } from './record.ts'
import { verdictLabel } from './verdict.ts'

interface TestCase {
  classname: string
  name: string
  seconds: number
  failures: Problem[]
  errors: Problem[]
  output?: string
}

interface Problem {
  type: string
  message: string
  text: string
}

/** JUnit XML: a suite for each gate with its controls, and one for the verdict, which fails unless it is GO. */
export function renderJunit(report: Report): string {
  const suites = report.gates.map((gate) => suiteOf(gate.title, gate.controls.map(caseOf), report.startedAt))
  const verdict = suiteOf('Final Verdict', [verdictCase(report)], report.startedAt)
  const cases = report.gates.flatMap((gate) => gate.controls.map(caseOf)).concat(verdictCase(report))
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="ARO production gate" ${counts(cases)}>`,
    ...suites.flat(),
    ...verdict,
    '</testsuites>\n',
  ].join('\n')
}

function caseOf(control: ReportControl): TestCase {
  const [classname = '', name = control.id] = control.id.split('/')
  const failures = control.shortfalls.map(({ severity, what, expected, where, mitigation }) => {
    return { type: severity, message: what, text: `Expected: ${expected}\nWhere: ${where}\nMitigation: ${mitigation}` }
  })
  const why = control.reason ?? 'no reason given'
  const isUnverified = control.outcome === 'unverified'
  const testCase: TestCase = {
    classname,
    name,
    failures,
    seconds: control.durationMilliseconds / 1000,
    errors: isUnverified ? [{ type: 'unverified', message: why, text: control.requirement }] : [],
  }
  return control.summary === undefined ? testCase : { ...testCase, output: control.summary }
}

function verdictCase(report: Report): TestCase {
  const isGo = report.verdict === 'GO'
  const message = verdictLabel(report)
  const failures = isGo ? [] : [{ type: 'verdict', message, text: report.reasons.join('\n') }]
  return { classname: 'verdict', name: 'GO', seconds: 0, failures, errors: [] }
}

function suiteOf(name: string, cases: TestCase[], startedAt: string): string[] {
  const timestamp = /^\d{4}-\d\d-\d\dT/.test(startedAt) ? ` timestamp="${attribute(startedAt.slice(0, 19))}"` : ''
  return [
    `  <testsuite name="${attribute(name)}"${timestamp} ${counts(cases)}>`,
    ...cases.flatMap(renderCase),
    '  </testsuite>',
  ]
}

function counts(cases: TestCase[]): string {
  // a case fails or errs once, however many problems it has
  const failures = cases.filter((testCase) => testCase.failures.length > 0).length
  const errors = cases.filter((testCase) => testCase.failures.length === 0 && testCase.errors.length > 0).length
  const seconds = cases.reduce((sum, testCase) => sum + testCase.seconds, 0)
  return `tests="${cases.length}" failures="${failures}" errors="${errors}" skipped="0" time="${seconds.toFixed(3)}"`
}

function renderCase({ classname, name, seconds, failures, errors, output }: TestCase): string[] {
  const open = `    <testcase classname="${attribute(classname)}" name="${attribute(name)}" time="${seconds.toFixed(3)}"`
  const problem =
    (tag: string) =>
    ({ type, message, text }: Problem): string =>
      `      <${tag} type="${attribute(type)}" message="${attribute(message)}">${content(text)}</${tag}>`
  const inner = [
    ...failures.map(problem('failure')),
    ...errors.map(problem('error')),
    ...(output === undefined ? [] : [`      <system-out>${content(output)}</system-out>`]),
  ]
  return inner.length === 0 ? [`${open}/>`] : [`${open}>`, ...inner, '    </testcase>']
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', '\n': '&#10;' }

const content = (text: string): string => xmlText(text).replaceAll(/[&<>]/g, (character) => entities[character] ?? '')
const attribute = (text: string): string =>
  xmlText(text).replaceAll(/[&<>"\n]/g, (character) => entities[character] ?? '')

/** XML has no way to write some characters at all. */
const xmlText = (text: string): string => makeVisibleKeepingLines(text).replaceAll(/[\ufffe\uffff]/g, '\ufffd')
