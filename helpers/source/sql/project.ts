import { readFileSync } from 'node:fs'
import { dirname, relative } from 'node:path'
import { ResolverFactory } from 'oxc-resolver'
import { readBindings } from './bindings.ts'
import type { Bindings } from './bindings.ts'
import { bare, isFunction, nameOfCallee, nameOfKey, parseTree, propertyOf } from './syntax-tree.ts'
import type { FunctionNode, SyntaxNode, SyntaxTree } from './syntax-tree.ts'

/** A node with the file that it is in. */
export interface Located<Kind extends SyntaxNode = SyntaxNode> {
  tree: SyntaxTree
  node: Kind
}

/** A call of any form: `f(x)` or `new F(x)`. */
export type CallNode = Extract<SyntaxNode, { type: 'CallExpression' | 'NewExpression' }>

/** All source files of a repository, with what their names mean across files. */
export interface Project {
  trees: readonly SyntaxTree[]
  /** Files that could not be parsed, with why. */
  unreadable: string[]
  bindingsOf(tree: SyntaxTree): Bindings
  /** What an import leads to: a file of the project, or the name of a package. */
  follow(tree: SyntaxTree, source: string): SyntaxTree | string
  /** The nodes that a file exports under a name. */
  exported(tree: SyntaxTree, name: string): Located[]
  /** The functions that an expression may be. */
  functionsOf(tree: SyntaxTree, node: SyntaxNode): Located<FunctionNode>[]
  /** Every call of a function that can be found. */
  callsOf(tree: SyntaxTree, node: FunctionNode): Located<CallNode>[]
  /** The name by which an object or class has a function. */
  memberNameOf(tree: SyntaxTree, node: FunctionNode): string | undefined
}

const deepest = 8

/** Parses files and follows their imports. */
export function readProject(root: string, files: readonly string[]): Project {
  const unreadable: string[] = []
  const trees = files.flatMap((file) => {
    const read = parseTree(file, relative(root, file), readFileSync(file, 'utf8'))
    if ('root' in read) return [read]
    unreadable.push(read.problem)
    return []
  })
  const byFile = new Map(trees.map((tree) => [tree.file, tree]))
  const bindings = new Map(trees.map((tree) => [tree, readBindings(tree)]))
  const resolver = new ResolverFactory({
    extensions: ['.ts', '.tsx', '.mts', '.cts', '.js', '.jsx', '.mjs', '.cjs'],
    extensionAlias: { '.js': ['.ts', '.tsx', '.js'], '.mjs': ['.mts', '.mjs'], '.cjs': ['.cts', '.cjs'] },
    conditionNames: ['node', 'import', 'require', 'types', 'default'],
    tsconfig: 'auto',
  })
  const followed = new Map<string, SyntaxTree | string>()
  const calls = new Map<FunctionNode, Located<CallNode>[]>()
  const memberCalls = new Map<string, Located<CallNode>[]>()
  const members = new Map<string, Located<FunctionNode>[]>()
  const exportsFound = new Map<string, Located[]>()
  const project: Project = {
    trees,
    unreadable,
    bindingsOf: (tree) => bindings.get(tree) ?? readBindings(tree),
    follow,
    exported: (tree, name) => exported(tree, name, 0),
    functionsOf: (tree, node) => functionsOf(tree, node, 0),
    callsOf: (tree, node) => callsOf(tree, node),
    memberNameOf,
  }
  for (const tree of trees) for (const node of tree.nodes) indexMembers(tree, node)
  for (const tree of trees) for (const node of tree.nodes) indexCalls(tree, node)
  return project

  function follow(tree: SyntaxTree, source: string): SyntaxTree | string {
    const key = `${dirname(tree.file)}\n${source}`
    const known = followed.get(key)
    if (known !== undefined) return known
    const { path } = source.startsWith('node:') ? { path: undefined } : resolver.resolveFileSync(tree.file, source)
    const found = (path === undefined ? undefined : byFile.get(path)) ?? source
    followed.set(key, found)
    return found
  }

  function exported(tree: SyntaxTree, name: string, depth: number): Located[] {
    if (depth > deepest) return []
    const key = `${tree.file}\n${name}`
    const found = exportsFound.get(key) ?? findExports(tree, name, depth)
    exportsFound.set(key, found)
    return found
  }

  function findExports(tree: SyntaxTree, name: string, depth: number): Located[] {
    return tree.nodes.flatMap((node): Located[] => {
      if (node.type === 'ExportDefaultDeclaration') return name === 'default' ? [{ tree, node: node.declaration }] : []
      if (node.type === 'ExportAllDeclaration') {
        const to = follow(tree, node.source.value)
        return typeof to === 'string' || node.exported !== null ? [] : exported(to, name, depth + 1)
      }
      if (node.type === 'ExportNamedDeclaration') {
        if (node.declaration !== null) return declared(tree, node.declaration, name)
        return node.specifiers.flatMap((specifier) => {
          if (nameOfKey(specifier.exported, false) !== name) return []
          const local = nameOfKey(specifier.local, false) ?? name
          if (node.source === null) return specifier.local.type === 'Literal' ? [] : [{ tree, node: specifier.local }]
          const to = follow(tree, node.source.value)
          return typeof to === 'string' ? [] : exported(to, local, depth + 1)
        })
      }
      return commonExport(tree, node, name)
    })
  }

  /** `module.exports = …`, `exports.name = …` and their like. */
  function commonExport(tree: SyntaxTree, node: SyntaxNode, name: string): Located[] {
    if (node.type !== 'AssignmentExpression' || node.left.type !== 'MemberExpression') return []
    const target = tree.textOf(node.left).replaceAll(/\s/g, '')
    if (target === `exports.${name}` || target === `module.exports.${name}`) return [{ tree, node: node.right }]
    if (target !== 'module.exports') return []
    if (node.right.type !== 'ObjectExpression') return name === 'default' ? [{ tree, node: node.right }] : []
    return node.right.properties.flatMap((property) =>
      property.type === 'Property' && nameOfKey(property.key, property.computed) === name
        ? [{ tree, node: property.value }]
        : [],
    )
  }

  function declared(tree: SyntaxTree, node: SyntaxNode, name: string): Located[] {
    if (node.type === 'VariableDeclaration')
      return node.declarations.flatMap(({ id }) =>
        id.type === 'Identifier' && id.name === name ? [{ tree, node: id }] : [],
      )
    return 'id' in node && node.id !== null && typeof node.id === 'object' && 'name' in node.id && node.id.name === name
      ? [{ tree, node }]
      : []
  }

  function functionsOf(tree: SyntaxTree, raw: SyntaxNode, depth: number): Located<FunctionNode>[] {
    if (depth > deepest) return []
    const node = bare(raw)
    const again = (next: SyntaxNode, where = tree): Located<FunctionNode>[] => functionsOf(where, next, depth + 1)
    if (isFunction(node)) return [{ tree, node }]
    if (node.type === 'Identifier') return named(tree, node, depth)
    if (node.type === 'ConditionalExpression') return [...again(node.consequent), ...again(node.alternate)]
    if (node.type === 'LogicalExpression') return [...again(node.left), ...again(node.right)]
    if (node.type === 'MemberExpression') return member(tree, node, depth)
    if (node.type === 'CallExpression') {
      if (node.callee.type === 'MemberExpression' && propertyOf(node.callee) === 'bind')
        return again(node.callee.object)
      return again(node.callee).flatMap((made) =>
        returnsOf(made.node, made.tree).flatMap((value) => again(value, made.tree)),
      )
    }
    return []
  }

  function named(
    tree: SyntaxTree,
    node: Extract<SyntaxNode, { type: 'Identifier' }>,
    depth: number,
  ): Located<FunctionNode>[] {
    const binding = project.bindingsOf(tree).of(node)
    const values = binding.writes.filter(({ path }) => path.length === 0).map(({ value }) => value)
    return [
      ...values.flatMap((value) => functionsOf(tree, value, depth + 1)),
      ...binding.definitions.flatMap((definition): Located<FunctionNode>[] => {
        if (definition.kind === 'function') return [{ tree, node: definition.node }]
        if (definition.kind === 'value') {
          const [step, ...rest] = definition.path
          if (step === undefined) return functionsOf(tree, definition.node, depth + 1)
          if (rest.length > 0 || !('property' in step)) return []
          return required(tree, definition.node, step.property, depth) ?? members.get(step.property) ?? []
        }
        if (definition.kind !== 'import') return []
        const to = follow(tree, definition.source)
        if (typeof to === 'string') return []
        return exported(to, definition.name, depth + 1).flatMap((found) =>
          functionsOf(found.tree, found.node, depth + 1),
        )
      }),
    ]
  }

  /** What `require(…)` and `import(…)` give under a name; undefined for another expression. */
  function required(
    tree: SyntaxTree,
    raw: SyntaxNode,
    name: string,
    depth: number,
  ): Located<FunctionNode>[] | undefined {
    const source = moduleOf(raw)
    if (source === undefined) return undefined
    const to = follow(tree, source)
    if (typeof to === 'string') return []
    return exported(to, name, depth + 1).flatMap((found) => functionsOf(found.tree, found.node, depth + 1))
  }

  function member(
    tree: SyntaxTree,
    node: Extract<SyntaxNode, { type: 'MemberExpression' }>,
    depth: number,
  ): Located<FunctionNode>[] {
    const name = propertyOf(node)
    if (name === undefined) return []
    const object = bare(node.object)
    if (object.type === 'Identifier') {
      const { definitions } = project.bindingsOf(tree).of(object)
      for (const definition of definitions) {
        const source =
          definition.kind === 'import'
            ? definition.source
            : definition.kind === 'value'
              ? moduleOf(definition.node)
              : undefined
        if (source === undefined) continue
        const to = follow(tree, source)
        if (typeof to === 'string') return []
        const found = exported(to, name, depth + 1).flatMap((one) => functionsOf(one.tree, one.node, depth + 1))
        if (found.length > 0) return found
      }
    }
    return members.get(name) ?? []
  }

  function memberNameOf(tree: SyntaxTree, node: FunctionNode): string | undefined {
    const parent = tree.parentOf(node)
    if (parent?.type === 'Property' || parent?.type === 'MethodDefinition' || parent?.type === 'PropertyDefinition')
      return nameOfKey(parent.key, parent.computed)
    if (parent?.type === 'AssignmentExpression' && parent.right === node && parent.left.type === 'MemberExpression')
      return propertyOf(parent.left)
    return undefined
  }

  function indexMembers(tree: SyntaxTree, node: SyntaxNode): void {
    const note = (name: string | undefined, made: Located<FunctionNode>): void => {
      if (name !== undefined) members.set(name, [...(members.get(name) ?? []), made])
    }
    if (isFunction(node)) note(memberNameOf(tree, node), { tree, node })
    else if (
      node.type === 'Property' &&
      node.value.type === 'Identifier' &&
      tree.parentOf(node)?.type === 'ObjectExpression'
    )
      for (const made of functionsOf(tree, node.value, deepest - 2)) note(nameOfKey(node.key, node.computed), made)
  }

  function indexCalls(tree: SyntaxTree, node: SyntaxNode): void {
    if (node.type !== 'CallExpression' && node.type !== 'NewExpression') return
    const callee = bare(node.callee)
    const name = nameOfCallee(callee)
    if (callee.type === 'MemberExpression' && name !== undefined) {
      memberCalls.set(name, [...(memberCalls.get(name) ?? []), { tree, node }])
    }
    if (callee.type === 'MemberExpression' && ['call', 'apply', 'bind'].includes(name ?? '')) return
    for (const { node: made } of functionsOf(tree, callee, 0))
      calls.set(made, [...(calls.get(made) ?? []), { tree, node }])
  }

  function callsOf(tree: SyntaxTree, node: FunctionNode): Located<CallNode>[] {
    const name = memberNameOf(tree, node)
    const parent = tree.parentOf(node)
    if (name === 'constructor' && parent?.type === 'MethodDefinition') return constructions(tree, parent)
    return calls.get(node) ?? []
  }

  function constructions(tree: SyntaxTree, method: SyntaxNode): Located<CallNode>[] {
    const body = tree.parentOf(method)
    const owner = body === undefined ? undefined : tree.parentOf(body)
    const name =
      owner !== undefined && 'id' in owner && owner.id !== null && typeof owner.id === 'object' && 'name' in owner.id
        ? owner.id.name
        : undefined
    return trees.flatMap((each) =>
      each.nodes.flatMap((node): Located<CallNode>[] =>
        (node.type === 'NewExpression' && nameOfCallee(node.callee) === name) ||
        (node.type === 'CallExpression' && node.callee.type === 'Super')
          ? node.type === 'NewExpression' || owner === undefined
            ? [{ tree: each, node }]
            : []
          : [],
      ),
    )
  }
}

/** The module that `require('…')` or `import('…')` names. */
export function moduleOf(raw: SyntaxNode): string | undefined {
  const node = bare(raw)
  if (node.type === 'ImportExpression')
    return node.source.type === 'Literal' && typeof node.source.value === 'string' ? node.source.value : undefined
  if (node.type !== 'CallExpression' || node.callee.type !== 'Identifier' || node.callee.name !== 'require')
    return undefined
  const [first] = node.arguments
  return first?.type === 'Literal' && typeof first.value === 'string' ? first.value : undefined
}

const returns = new WeakMap<FunctionNode, SyntaxNode[]>()

/** The expressions that a function may return, its own and not those of functions in it. */
export function returnsOf(node: FunctionNode, tree: SyntaxTree): SyntaxNode[] {
  const known = returns.get(node) ?? findReturns(node, tree)
  returns.set(node, known)
  return known
}

function findReturns(node: FunctionNode, tree: SyntaxTree): SyntaxNode[] {
  const { body } = node
  if (body === null) return []
  if (body.type !== 'BlockStatement') return [body]
  return tree.nodes
    .filter((each) => each.type === 'ReturnStatement' || each.type === 'YieldExpression')
    .flatMap((each) => {
      if (each.start < node.start || each.end > node.end || each.argument === null) return []
      for (let outer = tree.parentOf(each); outer !== undefined; outer = tree.parentOf(outer)) {
        if (outer === node) return [each.argument]
        if (isFunction(outer)) return []
      }
      return []
    })
}
