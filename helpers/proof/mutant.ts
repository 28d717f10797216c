import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A defect breaks the reference application and must be caught; a variant only differs and must pass. */
export type MutantKind = 'defect' | 'variant'

/** A change to the reference application, as its file describes it. */
export interface Mutant {
  kind: MutantKind
  /** Path of its file. */
  file: string
  /** The control that must judge it, e.g. `security/webhook-signatures`. */
  control: string
  /** What is broken, or what differs. */
  sentence: string
  /** A word that a shortfall must hold; null for a variant. */
  expect: string | null
  /** Unified diffs, each a commit on top of the one before. */
  commits: { message: string; diff: string; line: number }[]
}

/** A file that cannot be read as a mutant; the message says where, what was expected and what to write. */
export class MutantFileError extends Error {
  override name = 'MutantFileError'
}

const headersOf: Record<MutantKind, readonly string[]> = {
  defect: ['Control', 'Broken', 'Expect'],
  variant: ['Control', 'Differs'],
}
const shortestExpectation = 3
const diffStart = /^(?:diff --git |--- )/
const controlPattern = /^[a-z-]+\/[a-z0-9-]+$/

/**
 * Reads the text of a mutant's file: headers, a blank line, unified diffs. A line `Then: <message>` between two diffs
 * makes them two commits, for faults that lie in the history. @throws MutantFileError
 */
export function parseMutant(file: string, text: string): Mutant {
  const lines = text.replaceAll('\r\n', '\n').split('\n')
  const blank = lines.indexOf('')
  const headers = parseHeaders(file, lines.slice(0, blank === -1 ? lines.length : blank))
  const kind: MutantKind = headers.has('Differs') ? 'variant' : 'defect'
  for (const name of headersOf[kind]) {
    if (!headers.has(name)) throw complaint(file, 1, `expected a line "${name}: …"`, `it has ${listed(headers)}`)
  }
  for (const [name, { line }] of headers) {
    if (headersOf[kind].includes(name)) continue
    throw complaint(
      file,
      line,
      `expected of a ${kind} only ${headersOf[kind].join(', ')}`,
      `got ${JSON.stringify(name)}`,
    )
  }
  const control = headers.get('Control') ?? { value: '', line: 1 }
  if (!controlPattern.test(control.value)) {
    const got = `got ${JSON.stringify(control.value)}`
    throw complaint(file, control.line, 'expected a control as <gate>/<control>, e.g. security/tls', got)
  }
  const expectation = headers.get('Expect')
  if (expectation !== undefined && expectation.value.length < shortestExpectation) {
    const wanted = `expected a word of at least ${shortestExpectation} letters that a shortfall must hold`
    throw complaint(file, expectation.line, wanted, `got ${JSON.stringify(expectation.value)}`)
  }
  return {
    kind,
    file,
    control: control.value,
    sentence: headers.get(kind === 'defect' ? 'Broken' : 'Differs')?.value ?? '',
    expect: expectation?.value ?? null,
    commits: parseCommits(file, lines, blank),
  }
}

/** All mutants below a folder, by path. @throws MutantFileError for the first file that is none. */
export function readMutants(folder: string): Mutant[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== '.gitkeep')
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((file) => {
      if (!file.endsWith('.patch'))
        throw complaint(file, 1, 'expected files named <what-is-broken>.patch', 'got this one')
      return parseMutant(file, readFileSync(file, 'utf8'))
    })
}

/** Every file that a mutant makes, changes, moves or removes, relative to the reference application. */
export function changedFiles({ commits }: Mutant): string[] {
  const names = commits.flatMap(({ diff }) =>
    [...diff.matchAll(/^(?:(?:---|\+\+\+) [ab]\/|rename (?:from|to) |diff --git a\/)(\S+)/gm)].map(
      ([, name = '']) => name,
    ),
  )
  return [...new Set(names)]
}

function parseHeaders(file: string, lines: readonly string[]): Map<string, { value: string; line: number }> {
  const headers = new Map<string, { value: string; line: number }>()
  for (const [index, line] of lines.entries()) {
    const [, name, value] = /^([A-Z][a-z]+): *(.*\S)\s*$/.exec(line) ?? []
    if (name === undefined || value === undefined) {
      const wanted =
        'expected "Control:", "Broken:" and "Expect:" (of a variant "Control:" and "Differs:"), each with a text, then a blank line'
      throw complaint(file, index + 1, wanted, `got ${JSON.stringify(line)}`)
    }
    if (headers.has(name)) throw complaint(file, index + 1, `expected "${name}:" once`, 'got it twice')
    headers.set(name, { value, line: index + 1 })
  }
  return headers
}

function parseCommits(file: string, lines: readonly string[], blank: number): Mutant['commits'] {
  const commits: Mutant['commits'] = []
  let current = { message: 'Change', lines: [] as string[], line: blank + 2 }
  const close = (): void => {
    if (!current.lines.some((line) => diffStart.test(line))) {
      const wanted = 'expected a unified diff relative to fixtures/reference-aro (diff --git a/src/… b/src/…)'
      throw complaint(file, current.line, wanted, 'got none')
    }
    const diff = `${current.lines.join('\n').replace(/\n+$/, '')}\n`
    commits.push({ message: current.message, diff, line: current.line })
  }
  for (const [index, line] of blank === -1 ? [] : [...lines.entries()].slice(blank + 1)) {
    const message = /^Then: *(.*\S)/.exec(line)?.[1]
    if (message === undefined) current.lines.push(line)
    else {
      close()
      current = { message, lines: [], line: index + 2 }
    }
  }
  close()
  return commits
}

const complaint = (file: string, line: number, expected: string, got: string): MutantFileError =>
  new MutantFileError(`${file}:${line}: ${expected}; ${got}.`)

const listed = (headers: ReadonlyMap<string, unknown>): string =>
  headers.size === 0 ? 'no header at all' : [...headers.keys()].join(', ')
