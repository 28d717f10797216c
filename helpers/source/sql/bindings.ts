import { ancestorsOf, bare, isFunction, nameOfCallee, nameOfKey, propertyOf } from './syntax-tree.ts'
import type { FunctionNode, SyntaxNode, SyntaxTree } from './syntax-tree.ts'

/** One step from a whole value to a part of it: a property, an element, or all but some. */
export type PathStep = { property: string } | { element: number } | { rest: true } | { any: true }

/** How a name comes by its value. */
export type Definition =
  | { kind: 'value'; node: SyntaxNode; path: PathStep[] }
  | { kind: 'parameter'; of: FunctionNode; index: number; isRest: boolean; path: PathStep[]; otherwise?: SyntaxNode }
  | { kind: 'loop'; over: SyntaxNode; path: PathStep[]; isKeys: boolean }
  | { kind: 'function'; node: FunctionNode }
  | { kind: 'class'; node: SyntaxNode }
  | { kind: 'enum'; node: SyntaxNode }
  | { kind: 'import'; source: string; name: string }
  | { kind: 'caught' }

/** A later change of what a name holds. */
export interface Write {
  /** The node that changes it, by whose place it is before or after a use. */
  at: SyntaxNode
  value: SyntaxNode
  path: PathStep[]
  /** Whether what was held before is gone. */
  replaces: boolean
}

/** A name within its scope. */
export interface Binding {
  name: string
  scope: SyntaxNode
  definitions: Definition[]
  writes: Write[]
}

/** Which names of a file mean what. */
export interface Bindings {
  /** The binding of an identifier; names that nothing declares have one for the whole file. */
  of(node: Extract<SyntaxNode, { type: 'Identifier' }>): Binding
  atTop(name: string): Binding | undefined
  /** Writes to `this.name` and to a class's fields, by class. */
  fieldWrites(owner: SyntaxNode, name: string): Write[]
}

const scopeTypes = new Set([
  'Program',
  'BlockStatement',
  'FunctionDeclaration',
  'FunctionExpression',
  'ArrowFunctionExpression',
  'ForStatement',
  'ForOfStatement',
  'ForInStatement',
  'CatchClause',
  'SwitchStatement',
  'StaticBlock',
  'TSModuleBlock',
])
const adding = new Set(['push', 'unshift', 'add', 'set', 'append', 'splice', 'fill'])

/** Finds all declarations of a file and every change of what they hold. */
export function readBindings(tree: SyntaxTree): Bindings {
  const scopes = new Map<SyntaxNode, Map<string, Binding>>()
  const fields = new Map<SyntaxNode, Map<string, Write[]>>()
  const scopeOf = (node: SyntaxNode, isHoisted: boolean): SyntaxNode =>
    ancestorsOf(tree, node)
      .slice(1)
      .find((each) => (isHoisted ? isFunction(each) || each.type === 'Program' : scopeTypes.has(each.type))) ??
    tree.root
  const bind = (scope: SyntaxNode, name: string): Binding => {
    const names = scopes.get(scope) ?? new Map<string, Binding>()
    scopes.set(scope, names)
    const known = names.get(name) ?? { name, scope, definitions: [], writes: [] }
    names.set(name, known)
    return known
  }
  const lookUp = (node: SyntaxNode, name: string): Binding => {
    for (const each of ancestorsOf(tree, node)) {
      const found = scopes.get(each)?.get(name)
      if (found !== undefined) return found
    }
    return bind(tree.root, name)
  }
  const declare = (
    pattern: SyntaxNode,
    scope: SyntaxNode,
    define: (path: PathStep[], otherwise?: SyntaxNode) => Definition,
  ): void => {
    for (const { name, path, otherwise } of namesIn(pattern)) {
      bind(scope, name).definitions.push(define(path, otherwise))
      if (otherwise !== undefined) bind(scope, name).definitions.push({ kind: 'value', node: otherwise, path: [] })
    }
  }
  for (const node of tree.nodes) declareIn(node)
  for (const node of tree.nodes) noteWrites(node)
  return {
    of: (node) => lookUp(node, node.name),
    atTop: (name) => scopes.get(tree.root)?.get(name),
    fieldWrites: (owner, name) => fields.get(owner)?.get(name) ?? [],
  }

  function declareIn(node: SyntaxNode): void {
    if (node.type === 'VariableDeclaration') {
      const parent = tree.parentOf(node)
      const scope = scopeOf(node, node.kind === 'var')
      for (const { id, init } of node.declarations) {
        if ((parent?.type === 'ForOfStatement' || parent?.type === 'ForInStatement') && parent.left === node) {
          declare(id, parent, (path) => ({
            kind: 'loop',
            over: parent.right,
            path,
            isKeys: parent.type === 'ForInStatement',
          }))
        } else {
          for (const { name } of namesIn(id)) bind(scope, name)
          if (init !== null) declare(id, scope, (path) => ({ kind: 'value', node: init, path }))
        }
      }
    } else if (isFunction(node)) {
      if (node.id !== null) {
        const scope = node.type === 'FunctionDeclaration' ? scopeOf(node, false) : node
        bind(scope, node.id.name).definitions.push({ kind: 'function', node })
      }
      node.params.forEach((parameter, index) => {
        const pattern = parameter.type === 'TSParameterProperty' ? parameter.parameter : parameter
        const isRest = pattern.type === 'RestElement'
        declare(isRest ? pattern.argument : pattern, node, (path) => ({
          kind: 'parameter',
          of: node,
          index,
          path,
          isRest,
        }))
      })
    } else if (node.type === 'ClassDeclaration' && node.id !== null) {
      bind(scopeOf(node, false), node.id.name).definitions.push({ kind: 'class', node })
    } else if (node.type === 'TSEnumDeclaration') {
      bind(scopeOf(node, false), node.id.name).definitions.push({ kind: 'enum', node })
    } else if (node.type === 'CatchClause' && node.param !== null) {
      declare(node.param, node, () => ({ kind: 'caught' }))
    } else if (node.type === 'ImportDeclaration') {
      for (const specifier of node.specifiers) {
        const name =
          specifier.type === 'ImportDefaultSpecifier'
            ? 'default'
            : specifier.type === 'ImportNamespaceSpecifier'
              ? '*'
              : (nameOfKey(specifier.imported, false) ?? 'default')
        bind(tree.root, specifier.local.name).definitions.push({ kind: 'import', source: node.source.value, name })
      }
    }
  }

  function noteWrites(node: SyntaxNode): void {
    if (node.type === 'AssignmentExpression') {
      const replaces = node.operator === '='
      if (node.left.type === 'MemberExpression') noteTarget(node.left, node, node.right, replaces)
      else
        for (const { name, path } of namesIn(node.left))
          lookUp(node, name).writes.push({ at: node, value: node.right, path, replaces })
    } else if (node.type === 'CallExpression' && node.callee.type === 'MemberExpression') {
      const method = nameOfCallee(node.callee) ?? ''
      if (!adding.has(method)) return
      for (const argument of node.arguments)
        noteTarget(node.callee, node, argument.type === 'SpreadElement' ? argument.argument : argument, false, true)
    } else if (node.type === 'PropertyDefinition' && node.value !== null) {
      const name = nameOfKey(node.key, node.computed)
      const owner = tree.parentOf(node)
      if (name !== undefined && owner !== undefined)
        noteField(owner, name, { at: node, value: node.value, path: [], replaces: false })
    } else if (node.type === 'TSParameterProperty') {
      const owner = classAround(node)
      const inner = node.parameter.type === 'AssignmentPattern' ? node.parameter.left : node.parameter
      if (owner !== undefined && inner.type === 'Identifier')
        noteField(owner, inner.name, { at: node, value: inner, path: [], replaces: false })
    }
  }

  /** What is put into `a`, `a.b` or `this.b` by way of a member of it. */
  function noteTarget(
    member: Extract<SyntaxNode, { type: 'MemberExpression' }>,
    at: SyntaxNode,
    value: SyntaxNode,
    replaces: boolean,
    isCall = false,
  ): void {
    const steps: PathStep[] = []
    let object: SyntaxNode = member
    if (isCall) {
      steps.unshift({ any: true })
      object = bare(member.object)
    }
    while (object.type === 'MemberExpression') {
      const inner = bare(object.object)
      const name = propertyOf(object)
      if (inner.type === 'ThisExpression') {
        const owner = classAround(object)
        if (owner !== undefined && name !== undefined)
          noteField(owner, name, { at, value, path: steps, replaces: replaces && steps.length === 0 })
        return
      }
      steps.unshift(name === undefined ? { any: true } : { property: name })
      object = inner
    }
    if (object.type === 'Identifier') lookUp(at, object.name).writes.push({ at, value, path: steps, replaces: false })
  }

  function noteField(owner: SyntaxNode, name: string, write: Write): void {
    const own = fields.get(owner) ?? new Map<string, Write[]>()
    fields.set(owner, own)
    own.set(name, [...(own.get(name) ?? []), write])
  }

  function classAround(node: SyntaxNode): SyntaxNode | undefined {
    return ancestorsOf(tree, node).find((each) => each.type === 'ClassBody')
  }
}

/** The names that a pattern binds, each with the way to its part of the value. */
export function namesIn(
  pattern: SyntaxNode,
  path: PathStep[] = [],
): { name: string; path: PathStep[]; otherwise?: SyntaxNode }[] {
  if (pattern.type === 'Identifier') return [{ name: pattern.name, path }]
  if (pattern.type === 'AssignmentPattern')
    return namesIn(pattern.left, path).map((found) => ({ ...found, otherwise: pattern.right }))
  if (pattern.type === 'RestElement') return namesIn(pattern.argument, [...path, { rest: true }])
  if (pattern.type === 'ArrayPattern') {
    return pattern.elements.flatMap((element, index) =>
      element === null ? [] : namesIn(element, element.type === 'RestElement' ? path : [...path, { element: index }]),
    )
  }
  if (pattern.type !== 'ObjectPattern') return []
  return pattern.properties.flatMap((property) => {
    if (property.type === 'RestElement') return namesIn(property, path)
    const name = nameOfKey(property.key, property.computed)
    return namesIn(property.value, [...path, name === undefined ? { any: true } : { property: name }])
  })
}
