import { parseSync } from 'oxc-parser'
import type { ArrowFunctionExpression, Function as NamedFunction, Node } from 'oxc-parser'
import { placesIn } from '../places.ts'

/** A node of any kind, as the walk finds it. */
export type SyntaxNode = Node

/** A function of any form. */
export type FunctionNode = NamedFunction | ArrowFunctionExpression

/** A parsed source file whose nodes know what they stand in. */
export interface SyntaxTree {
  file: string
  root: SyntaxNode
  nodes: readonly SyntaxNode[]
  parentOf(node: SyntaxNode): SyntaxNode | undefined
  /** `file:line:column`, with the file as it is shown. */
  placeOf(node: SyntaxNode): string
  textOf(node: SyntaxNode): string
}

const isNode = (value: unknown): value is SyntaxNode =>
  typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string' && 'start' in value

/** The nodes directly within a node, in the order in which they stand. */
export function childrenOf(node: SyntaxNode): SyntaxNode[] {
  return Object.values(node).flatMap((value: unknown) =>
    Array.isArray(value) ? value.filter(isNode) : isNode(value) ? [value] : [],
  )
}

/** Parses a file; undefined with the reason when it does not parse. */
export function parseTree(file: string, shown: string, source: string): SyntaxTree | { problem: string } {
  // a script may use `await` at its top and declare a name twice; where it is no module it is read as one too
  const read = parseSync(file, source)
  const { program, errors } = read.errors.length > 0 ? parseSync(file, source, { sourceType: 'script' }) : read
  if (errors.length > 0) return { problem: `${shown}: ${read.errors[0]?.message ?? 'not parsed'}` }
  const parents = new Map<SyntaxNode, SyntaxNode>()
  const nodes: SyntaxNode[] = []
  const waiting: SyntaxNode[] = [program]
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    nodes.push(node)
    for (const child of childrenOf(node).toReversed()) {
      parents.set(child, node)
      waiting.push(child)
    }
  }
  const place = placesIn(source)
  return {
    file,
    root: program,
    nodes,
    parentOf: (node) => parents.get(node),
    placeOf(node) {
      const { line, column } = place(node.start)
      return `${shown}:${line}:${column}`
    },
    textOf: (node) => source.slice(node.start, node.end),
  }
}

/** Whether a node is a function. */
export const isFunction = (node: SyntaxNode | null | undefined): node is FunctionNode =>
  node?.type === 'FunctionDeclaration' ||
  node?.type === 'FunctionExpression' ||
  node?.type === 'ArrowFunctionExpression'

/** What a node stands in, from the inside out, itself first. */
export function ancestorsOf(tree: SyntaxTree, node: SyntaxNode): SyntaxNode[] {
  const found: SyntaxNode[] = []
  for (let each: SyntaxNode | undefined = node; each !== undefined; each = tree.parentOf(each)) found.push(each)
  return found
}

/** The function that a node is directly in; undefined at the top of a file. */
export const functionAround = (tree: SyntaxTree, node: SyntaxNode): FunctionNode | undefined =>
  ancestorsOf(tree, node)
    .slice(1)
    .find((each) => isFunction(each))

/** An expression without what changes nothing of its value: parentheses, `await`, and what only types need. */
export function bare(node: SyntaxNode): SyntaxNode {
  if (node.type === 'AwaitExpression') return bare(node.argument)
  if (
    node.type === 'ParenthesizedExpression' ||
    node.type === 'TSAsExpression' ||
    node.type === 'TSSatisfiesExpression' ||
    node.type === 'TSNonNullExpression' ||
    node.type === 'TSTypeAssertion' ||
    node.type === 'ChainExpression'
  )
    return bare(node.expression)
  return node
}

/** The name of a property that is written out; undefined for a computed one. */
export function nameOfKey(key: SyntaxNode, computed: boolean): string | undefined {
  if (key.type === 'PrivateIdentifier') return `#${key.name}`
  if (key.type === 'Identifier') return computed ? undefined : key.name
  if (key.type === 'Literal' && (typeof key.value === 'string' || typeof key.value === 'number'))
    return String(key.value)
  if (key.type === 'TemplateLiteral' && key.expressions.length === 0) return key.quasis[0]?.value.cooked ?? undefined
  return undefined
}

/** The name of the property that a member expression reads. */
export const propertyOf = (node: Extract<SyntaxNode, { type: 'MemberExpression' }>): string | undefined =>
  nameOfKey(node.property, node.computed)

/** The name by which a callee goes: its own or its last part's. */
export function nameOfCallee(callee: SyntaxNode): string | undefined {
  const plain = bare(callee)
  if (plain.type === 'Identifier') return plain.name
  return plain.type === 'MemberExpression' ? propertyOf(plain) : undefined
}
