import type { PathStep } from './bindings.ts'
import { isWordPattern } from './guards.ts'
import type { Project } from './project.ts'
import { bare, nameOfKey, propertyOf } from './syntax-tree.ts'
import type { SyntaxNode, SyntaxTree } from './syntax-tree.ts'

// what such a schema lets through cannot end a literal or begin another word
const closed = new Set([
  'enum',
  'nativeEnum',
  'literal',
  'boolean',
  'number',
  'int',
  'int32',
  'bigint',
  'date',
  'uuid',
  'guid',
  'uuidv4',
  'uuidv7',
  'stringbool',
  'nan',
  'null',
  'undefined',
  'void',
  'hex',
  'nanoid',
  'ulid',
  'cuid2',
])
const objects = new Set(['object', 'strictObject', 'looseObject'])

/** Whether what a zod schema lets through at a path is one of a few constants, a number, or another word that can do no harm. */
export function readSchema(
  project: Project,
  tree: SyntaxTree,
  raw: SyntaxNode,
  path: readonly PathStep[],
  depth = 0,
): boolean {
  const node = bare(raw)
  if (depth > 12) return false
  const again = (next: SyntaxNode | undefined, at: readonly PathStep[] = path, where = tree): boolean =>
    next !== undefined && readSchema(project, where, next, at, depth + 1)
  if (node.type === 'Identifier') {
    const { definitions, writes } = project.bindingsOf(tree).of(node)
    return (
      definitions.length > 0 &&
      writes.length === 0 &&
      definitions.every((definition) => {
        if (definition.kind === 'value' && definition.path.length === 0) return again(definition.node)
        if (definition.kind !== 'import') return false
        const to = project.follow(tree, definition.source)
        if (typeof to === 'string') return false
        const found = project.exported(to, definition.name)
        return found.length > 0 && found.every((each) => again(each.node, path, each.tree))
      })
    )
  }
  if (node.type === 'MemberExpression')
    return propertyOf(node) === 'element' ? again(node.object, [{ any: true }, ...path]) : false
  if (node.type !== 'CallExpression' || node.callee.type !== 'MemberExpression') return false
  const name = propertyOf(node.callee) ?? ''
  const [first] = node.arguments
  const [step, ...rest] = path
  const { object } = node.callee
  const isRoot = isZod(object)
  if (isRoot && path.length === 0 && closed.has(name)) return true
  if (isRoot && objects.has(name)) {
    if (first?.type !== 'ObjectExpression' || step === undefined || !('property' in step)) return false
    for (const property of first.properties.toReversed()) {
      if (property.type === 'SpreadElement') {
        const shape = bare(property.argument)
        if (shape.type === 'Identifier' && shapeHas(project, tree, shape, step.property)) return false
        continue
      }
      if (nameOfKey(property.key, property.computed) === step.property) return again(property.value, rest)
    }
    return false
  }
  if (isRoot && (name === 'array' || name === 'optional' || name === 'nullable'))
    return again(
      first === undefined || first.type === 'SpreadElement' ? undefined : first,
      name === 'array' ? rest : path,
    )
  if (isRoot && name === 'union')
    return (
      first?.type === 'ArrayExpression' &&
      first.elements.every((each) => each !== null && each.type !== 'SpreadElement' && again(each))
    )
  if (isRoot) return false
  if (name === 'regex' && path.length === 0)
    return (
      (first?.type === 'Literal' && 'regex' in first && isWordPattern(first.regex.pattern, first.regex.flags)) ||
      again(object)
    )
  if (name === 'pipe') return again(first === undefined || first.type === 'SpreadElement' ? undefined : first)
  if (name === 'transform' || name === 'overwrite' || name === 'preprocess')
    return (
      path.length === 0 &&
      first?.type === 'Identifier' &&
      (first.name === 'Number' || first.name === 'Boolean' || first.name === 'BigInt')
    )
  if (name === 'extend' || name === 'merge' || name === 'catchall' || name === 'passthrough') return false
  return again(object)
}

/** Whether a shape that is spread may hold a property, which is then not known. */
function shapeHas(
  project: Project,
  tree: SyntaxTree,
  shape: Extract<SyntaxNode, { type: 'Identifier' }>,
  name: string,
): boolean {
  const { definitions } = project.bindingsOf(tree).of(shape)
  return !definitions.every(
    (definition) =>
      definition.kind === 'value' &&
      definition.node.type === 'ObjectExpression' &&
      definition.node.properties.every(
        (each) => each.type === 'Property' && nameOfKey(each.key, each.computed) !== name,
      ),
  )
}

function isZod(raw: SyntaxNode): boolean {
  const node = bare(raw)
  if (node.type === 'Identifier') return node.name === 'z' || node.name === 'zod'
  return node.type === 'MemberExpression' && isZod(node.object) && ['coerce', 'iso'].includes(propertyOf(node) ?? '')
}
