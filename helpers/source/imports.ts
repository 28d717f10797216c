import { parseSync, Visitor } from 'oxc-parser'
import type { Expression, Program } from 'oxc-parser'
import { placesIn } from './places.ts'

/** One place where a source file names another module or file. */
export interface ImportSite {
  /** `path`: a text that names a file or folder without importing it, such as one that is read. */
  kind: 'static' | 'type' | 're-export' | 'dynamic' | 'require' | 'path'
  /** What is named; of a computed name only what is certain at its start. */
  specifier: string
  /** Whether the specifier is whole; a computed name can lead anywhere below what is certain of it. */
  isWhole: boolean
  /** From 1. */
  line: number
  column: number
}

/** A source file that is no TypeScript or JavaScript: what it imports is not known. */
export class UnreadableSourceError extends Error {
  override name = 'UnreadableSourceError'
}

/** Every place where a file names another: all forms of import, require, file urls, and texts that look like a path. */
export function readImports(file: string, source: string): ImportSite[] {
  const { program, errors } = parseSync(file, source)
  const [error] = errors
  if (error !== undefined) throw new UnreadableSourceError(`${file}: ${error.message}`)
  return sitesIn(program, placesIn(source))
}

const pathLike = /^(?:\.{1,2}\/|file:|[\w@#~-]+\/)[\w@./~-]*$/

function sitesIn(program: Program, place: ReturnType<typeof placesIn>): ImportSite[] {
  const sites: ImportSite[] = []
  const seen = new Set<number>()
  const note = (kind: ImportSite['kind'], expression: Expression | undefined, at: number): void => {
    const { text, isWhole } = expression === undefined ? nothing : certainOf(expression)
    if (expression !== undefined) seen.add(expression.start)
    sites.push({ kind, specifier: text, isWhole, ...place(at) })
  }
  new Visitor({
    ImportDeclaration: (node) => note(node.importKind === 'type' ? 'type' : 'static', node.source, node.start),
    ExportNamedDeclaration: (node) => {
      if (node.source !== null) note('re-export', node.source, node.start)
    },
    ExportAllDeclaration: (node) => note('re-export', node.source, node.start),
    ImportExpression: (node) => note('dynamic', node.source, node.start),
    TSImportType: (node) => note('type', node.source, node.start),
    TSExternalModuleReference: (node) => note('require', node.expression, node.start),
    CallExpression(node) {
      const [first] = node.arguments
      if (first === undefined || first.type === 'SpreadElement' || !isModuleCall(node.callee)) return
      note('require', first, node.start)
    },
    NewExpression(node) {
      const [first] = node.arguments
      const isUrl = node.callee.type === 'Identifier' && ['URL', 'Worker'].includes(node.callee.name)
      if (!isUrl || first === undefined || first.type === 'SpreadElement') return
      const { text } = certainOf(first)
      if (pathLike.test(text)) note('path', first, node.start)
    },
  }).visit(program)
  // after the others, so that no text counts twice
  new Visitor({
    Literal(node) {
      if (typeof node.value !== 'string' || seen.has(node.start) || !pathLike.test(node.value)) return
      sites.push({ kind: 'path', specifier: node.value, isWhole: true, ...place(node.start) })
    },
    TemplateLiteral(node) {
      const { text, isWhole } = certainOf(node)
      if (seen.has(node.start) || !pathLike.test(text)) return
      sites.push({ kind: 'path', specifier: text, isWhole, ...place(node.start) })
    },
  }).visit(program)
  return sites
}

/** `require`, `require.resolve`, `import.meta.resolve`, and what `createRequire` gives when it is called at once. */
function isModuleCall(callee: Expression): boolean {
  if (callee.type === 'Identifier') return callee.name === 'require'
  if (callee.type === 'CallExpression') {
    return callee.callee.type === 'Identifier' && callee.callee.name === 'createRequire'
  }
  if (callee.type !== 'MemberExpression' || callee.property.type !== 'Identifier') return false
  if (callee.property.name !== 'resolve') return false
  return (
    callee.object.type === 'MetaProperty' || (callee.object.type === 'Identifier' && callee.object.name === 'require')
  )
}

interface Certain {
  text: string
  isWhole: boolean
}

const nothing: Certain = { text: '', isWhole: false }

/** What is certain of an expression's text, from its start: literals, templates and sums of them. */
function certainOf(expression: Expression): Certain {
  if (expression.type === 'Literal' && typeof expression.value === 'string') {
    return { text: expression.value, isWhole: true }
  }
  if (expression.type === 'TemplateLiteral') {
    return { text: expression.quasis[0]?.value.cooked ?? '', isWhole: expression.expressions.length === 0 }
  }
  if (expression.type === 'BinaryExpression' && expression.operator === '+') {
    const left = certainOf(expression.left)
    if (!left.isWhole) return left
    const right = certainOf(expression.right)
    return { text: left.text + right.text, isWhole: right.isWhole }
  }
  if (expression.type === 'TSAsExpression' || expression.type === 'ParenthesizedExpression') {
    return certainOf(expression.expression)
  }
  return nothing
}
