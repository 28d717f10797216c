import { readFileSync } from 'node:fs'
import { parseSync, visitorKeys } from 'oxc-parser'
import type { Node } from 'oxc-parser'
import { placesIn } from './places.ts'
import type { Place } from './places.ts'

/** A node of a syntax tree with what stands around it. */
export interface Spot {
  node: Node
  /** From the innermost outwards, the program last. */
  around: readonly Node[]
  file: SyntaxFile
}

/** A parsed source file. */
export interface SyntaxFile {
  path: string
  spots: readonly Spot[]
  place(offset: number): Place
}

/** Parses a file into its nodes in the order of the text. @throws Error naming the file when it does not parse. */
export function parseFile(path: string, text = readFileSync(path, 'utf8')): SyntaxFile {
  const { program, errors } = parseSync(path, text)
  const [error] = errors
  if (error !== undefined)
    throw new Error(`${path} cannot be parsed, so that what it does is not known: ${error.message}`)
  const spots: Spot[] = []
  const file: SyntaxFile = { path, spots, place: placesIn(text) }
  const walk = (node: Node, parent: Spot | undefined): void => {
    const spot: Spot = {
      node,
      file,
      get around() {
        // looked at for few of the nodes, so it is put together when it is
        return parent === undefined ? [] : [parent.node, ...parent.around]
      },
    }
    spots.push(spot)
    for (const child of childrenOf(node)) walk(child, spot)
  }
  walk(program, undefined)
  return file
}

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'

function childrenOf(node: Node): Node[] {
  return (visitorKeys[node.type] ?? []).flatMap((key) => {
    const value: unknown = Reflect.get(node, key)
    return (Array.isArray(value) ? value : [value]).filter(isNode)
  })
}

/** All nodes below and including a node. */
export function* nodesIn(node: Node): Generator<Node> {
  yield node
  for (const child of childrenOf(node)) yield* nodesIn(child)
}

/** Whether a node is a function of any form. */
export const isFunction = (node: Node): boolean =>
  node.type === 'FunctionDeclaration' || node.type === 'FunctionExpression' || node.type === 'ArrowFunctionExpression'

/** The innermost function around, or the program. */
export const scopeOf = ({ around }: Pick<Spot, 'around'>): Node | undefined =>
  around.find((node) => isFunction(node) || node.type === 'Program')

/** An expression without what TypeScript, parentheses and `await` put around it. */
export function bare(node: Node): Node {
  if (node.type === 'AwaitExpression') return bare(node.argument)
  if (
    node.type === 'ParenthesizedExpression' ||
    node.type === 'TSAsExpression' ||
    node.type === 'TSSatisfiesExpression' ||
    node.type === 'TSNonNullExpression' ||
    node.type === 'TSTypeAssertion' ||
    node.type === 'ChainExpression'
  ) {
    return bare(node.expression)
  }
  return node
}

/** The constant text of a literal or of a template without gaps. */
export function textOf(node: Node): string | undefined {
  const inner = bare(node)
  if (inner.type === 'Literal' && typeof inner.value === 'string') return inner.value
  if (inner.type === 'TemplateLiteral' && inner.expressions.length === 0)
    return inner.quasis[0]?.value.cooked ?? undefined
  return undefined
}

/** The name of a member that is accessed: `a.name` or `a['name']`. */
export function memberName(node: Node): string | undefined {
  if (node.type !== 'MemberExpression') return undefined
  if (!node.computed && node.property.type === 'Identifier') return node.property.name
  return node.computed ? textOf(node.property) : undefined
}

/** The name at the root of a chain of members: `a` of `a.b.c`. */
export function rootName(node: Node): string | undefined {
  const inner = bare(node)
  if (inner.type === 'Identifier') return inner.name
  if (inner.type === 'MemberExpression') return rootName(inner.object)
  return undefined
}

/** The name of a property's key where it is certain. */
export function keyName(key: Node): string | undefined {
  return key.type === 'Identifier' ? key.name : textOf(key)
}

/** Names bound by a pattern, each with the property it is taken from, where it is destructured. */
export function bindingsOf(pattern: Node): { name: string; property: string | null }[] {
  if (pattern.type === 'Identifier') return [{ name: pattern.name, property: null }]
  if (pattern.type === 'AssignmentPattern') return bindingsOf(pattern.left)
  if (pattern.type === 'RestElement') return bindingsOf(pattern.argument)
  if (pattern.type === 'TSParameterProperty') return bindingsOf(pattern.parameter)
  if (pattern.type === 'ArrayPattern') {
    return pattern.elements.flatMap((element) => (element === null ? [] : bindingsOf(element)))
  }
  if (pattern.type !== 'ObjectPattern') return []
  return pattern.properties.flatMap((property) => {
    if (property.type === 'RestElement') return bindingsOf(property)
    const taken = keyName(property.key) ?? null
    return bindingsOf(property.value).map(({ name, property: inner }) => ({ name, property: inner ?? taken }))
  })
}
