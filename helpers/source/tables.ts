import { parseSync, Visitor } from 'oxc-parser'

/** A table that a SQL text of a source file names. */
export interface TableUse {
  table: string
  /** From 1. */
  line: number
}

const statement =
  /^\s*(?:--[^\n]*\n\s*)*(?:select|insert|update|delete|with|merge|truncate|lock|copy|alter|create|drop|listen|notify)\b/i
const name = String.raw`((?:"[^"]+"|[a-z_]\w*)(?:\.(?:"[^"]+"|[a-z_]\w*))?)(?![\w".])`
/** What is read from, unless it is a function, and what is written to. */
const named = [
  new RegExp(String.raw`\b(?:from|join)\s+(?:only\s+)?${name}(?!\s*\()`, 'gi'),
  new RegExp(
    String.raw`\b(?:into|update|truncate(?:\s+table)?|table(?:\s+if\s+(?:not\s+)?exists)?|copy)\s+(?:only\s+)?${name}`,
    'gi',
  ),
]
const noTable = /^(?:select|set|lateral|values|stdin|stdout|pg_\w+)$/

/** The tables in the texts of a file that begin like a SQL statement; common table expressions are left out. */
export function readTables(file: string, source: string): TableUse[] {
  const { program, errors } = parseSync(file, source)
  if (errors.length > 0) return []
  const uses: TableUse[] = []
  const read = (text: string, start: number): void => {
    if (!statement.test(text)) return
    const own = new Set(
      [...text.matchAll(/\b(\w+)\s+as\s+(?:not\s+)?(?:materialized\s+)?\(/gi)].map(([, name = '']) =>
        name.toLowerCase(),
      ),
    )
    const line = source.slice(0, start).split('\n').length
    for (const [, found = ''] of named.flatMap((pattern) => [...text.matchAll(pattern)])) {
      const table = (found.split('.').at(-1) ?? found).replaceAll('"', '').toLowerCase()
      if (!own.has(table) && !noTable.test(table)) uses.push({ table, line })
    }
  }
  new Visitor({
    Literal(node) {
      if (typeof node.value === 'string') read(node.value, node.start)
    },
    TemplateLiteral(node) {
      read(node.quasis.map(({ value }) => value.cooked ?? value.raw).join(' ? '), node.start)
    },
  }).visit(program)
  return uses
}
