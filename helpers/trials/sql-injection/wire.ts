import { loadStatementParser, structureOf } from '../../database/statement-structure.ts'
import type { Statement } from '../../database/tap.ts'
import type { SqlTrial } from './judge.ts'
import type { Marks } from './marks.ts'

const mostShown = 20
// words of the hostile texts that a statement with one of them in it would have
const ofInjections = /pg_sleep|union\s+all\s+select\s+current_user|'1'\s*=\s*'1'|\b1\s*=\s*1\b|\$\$\s*;\s*select 1/i

/** What the statements on the wire tell: input in their texts, malformed ones, and structures that only hostile texts brought. */
export async function readWire(
  marks: Marks,
  { ordinary, hostile }: { ordinary: readonly Statement[]; hostile: readonly Statement[] },
): Promise<SqlTrial['wire']> {
  await loadStatementParser()
  const usual = new Set(ordinary.map(({ text }) => text))
  const texts = new Set([...usual, ...hostile.map(({ text }) => text)])
  const structures = new Map([...texts].map((text) => [text, structureOf(text)]))
  const known = new Set([...usual].map((text) => structures.get(text)))
  const withInput = new Map<string, string>()
  for (const text of texts)
    for (const field of marks.fieldsIn(text)) if (!withInput.has(field)) withInput.set(field, text)
  return {
    statements: ordinary.length + hostile.length,
    structures: new Set(structures.values()).size,
    withInput: [...withInput].slice(0, mostShown).map(([field, statement]) => ({ field, statement: shown(statement) })),
    broken: onePerStatement(
      [...ordinary, ...hostile].flatMap(({ error, text }) =>
        error !== undefined && isMalformed(error.code) ? [{ ...error, statement: shown(text) }] : [],
      ),
    ),
    changed: onePerStatement(
      [...structures]
        .filter(([text, structure]) => !known.has(structure) && ofInjections.test(text))
        .map(([statement]) => ({ statement: shown(statement) })),
    ),
  }
}

const tellingCharacters = 60

/** Of statements that begin alike, which are one statement with this and that in it, the first. */
const onePerStatement = <Seen extends { statement: string }>(seen: readonly Seen[]): Seen[] =>
  [
    ...new Map(
      seen.toReversed().map((each) => [each.statement.slice(0, tellingCharacters).split("'")[0], each]),
    ).values(),
  ]
    .toReversed()
    .slice(0, mostShown)

// syntax errors and names that do not exist; and names or literals that are too long or not closed
const isMalformed = (code: string): boolean => /^42(?:601|703|P01|P02|883|704|622|P18|804|803|702|000)$/.test(code)

const shown = (text: string): string => {
  const line = text.replaceAll(/\s+/g, ' ').trim()
  return line.length > 300 ? `${line.slice(0, 297)}…` : line
}
