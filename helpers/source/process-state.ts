import { relative } from 'node:path'
import type { Node } from 'oxc-parser'
import { bare, bindingsOf, isFunction, memberName, nodesIn, rootName, scopeOf } from './syntax.ts'
import type { Spot, SyntaxFile } from './syntax.ts'
import { wordsOf } from './words.ts'

/** Something in the memory of the process that keeps what a request, a tenant or a command brought. */
export interface KeptState {
  name: string
  /** What is kept in it, or under what. */
  holds: string
  where: string
}

const containers = new Set(['Map', 'Set', 'WeakMap', 'Array', 'LRUCache', 'LRU', 'QuickLRU', 'NodeCache', 'Object'])
const writes = new Set(['set', 'add', 'push', 'unshift', 'splice'])
/** Names of what comes with a request, and of what is answered. */
const requestWords = new Set(
  'tenant tenants command commands request req body header headers payload workflow workflows correlation idempotency aggregate event events customer subscription subscriptions occasion unit answer acceptance response result row rows message appointment session'.split(
    ' ',
  ),
)
const isOfRequest = (name: string): boolean => wordsOf(name).some((word) => requestWords.has(word))

/**
 * Finds containers and variables that live as long as the process and keep what came with a request: in a module, in a class's
 * static members, or in a function that runs once for each process. What is kept by provider or for the process itself (pools,
 * counters, breakers, memoised settings) is none, nor what the same function takes away again when the request ends, nor what
 * it has just read from where the state is: whether such a copy grows stale is seen on the running subject.
 */
export function findKeptState(root: string, files: readonly SyntaxFile[], program: readonly SyntaxFile[]): KeptState[] {
  const once = functionsRunOnce(program)
  return files.flatMap((file) => {
    const kept = Map.groupBy(
      file.spots.flatMap((spot) => holdersAt(spot, once)),
      ({ name }) => name,
    )
    return file.spots.flatMap((spot) => {
      const write = writeAt(spot)
      const holder =
        write === undefined
          ? undefined
          : kept.get(write.name)?.find(({ scope }) => spot.around.includes(scope) && scopeOf(spot) !== scope)
      if (write === undefined) return []
      if (holder === undefined || !holder.isWrittenBy(write)) return []
      if (isTakenAway(spot, write.name) || isReadThrough(spot, write)) return []
      const holds = write.values.flatMap((value) => requestNamesIn(value, spot, holder.scope))
      const [first] = holds
      if (first === undefined) return []
      const { line, column } = file.place(spot.node.start)
      return [{ name: write.name, holds: first, where: `${relative(root, file.path)}:${line}:${column}` }]
    })
  })
}

interface Holder {
  name: string
  scope: Node
  isWrittenBy(write: Write): boolean
}

interface Write {
  name: string
  kind: 'container' | 'variable'
  values: readonly Node[]
}

function holdersAt(spot: Spot, once: ReadonlySet<Node>): Holder[] {
  const { node } = spot
  if (node.type === 'PropertyDefinition' && node.static && node.key.type === 'Identifier') {
    const program = spot.around.at(-1)
    return program === undefined ? [] : [{ name: node.key.name, scope: program, isWrittenBy: () => true }]
  }
  if (node.type !== 'VariableDeclarator') return []
  const scope = scopeOf(spot)
  if (scope === undefined || (scope.type !== 'Program' && !once.has(scope))) return []
  const [declaration] = spot.around
  const isConstant = declaration?.type === 'VariableDeclaration' && declaration.kind === 'const'
  return bindingsOf(node.id).map(({ name }) => ({
    name,
    scope,
    isWrittenBy: ({ kind }) =>
      kind === 'container' ? node.init === null || !isConstant || isContainer(node.init) : !isConstant,
  }))
}

function isContainer(init: Node): boolean {
  const inner = bare(init)
  if (inner.type === 'ObjectExpression' || inner.type === 'ArrayExpression') return true
  if (inner.type === 'CallExpression') return memberName(bare(inner.callee)) === 'create'
  return inner.type === 'NewExpression' && containers.has(rootName(inner.callee) ?? '')
}

/** What is written at a place: a container's entry or property, or a variable. */
function writeAt({ node }: Spot): Write | undefined {
  if (node.type === 'CallExpression') {
    const callee = bare(node.callee)
    const method = memberName(callee)
    if (callee.type !== 'MemberExpression' || method === undefined || !writes.has(method)) return undefined
    const name = holderName(callee.object)
    return name === undefined ? undefined : { name, kind: 'container', values: node.arguments }
  }
  if (node.type !== 'AssignmentExpression') return undefined
  const target = bare(node.left)
  if (target.type === 'Identifier') return { name: target.name, kind: 'variable', values: [node.right] }
  if (target.type !== 'MemberExpression') return undefined
  const name = holderName(target)
  if (name === undefined) return undefined
  return { name, kind: 'container', values: [...(target.computed ? [target.property] : []), node.right] }
}

/** The variable that is written to, or the static member of a class. */
function holderName(node: Node): string | undefined {
  const inner = bare(node)
  if (inner.type === 'Identifier') return inner.name
  if (inner.type !== 'MemberExpression') return undefined
  const root = rootName(inner)
  const isClass = root !== undefined && /^[A-Z]/.test(root)
  return isClass || inner.object.type === 'ThisExpression' ? memberName(inner) : root
}

/** Whether the function takes the entry away in a `finally`: then it is kept no longer than the request. */
function isTakenAway({ around }: Spot, name: string): boolean {
  const within = around.find(isFunction)
  if (within === undefined) return false
  return [...nodesIn(within)].some((node) => {
    const end =
      node.type === 'TryStatement'
        ? node.finalizer
        : node.type === 'CallExpression' && memberName(bare(node.callee)) === 'finally'
          ? node
          : null
    if (end === null) return false
    return [...nodesIn(end)].some(
      (inner) =>
        inner.type === 'CallExpression' &&
        memberName(bare(inner.callee)) === 'delete' &&
        rootName(bare(inner.callee)) === name,
    )
  })
}

/** Whether what is kept was awaited by the very function that looks there first: a copy of what is stored elsewhere. */
function isReadThrough(spot: Spot, { name, kind, values }: Write): boolean {
  const value = values.at(-1)
  const within = spot.around.find(isFunction)
  if (kind !== 'container' || value === undefined || within === undefined) return false
  const isLookedAt = [...nodesIn(within)].some(
    (node) =>
      (node.type === 'CallExpression' &&
        ['get', 'has'].includes(memberName(bare(node.callee)) ?? '') &&
        rootName(bare(node.callee)) === name) ||
      (node.type === 'VariableDeclarator' && node.init !== null && rootName(node.init) === name),
  )
  return isLookedAt && isAwaited(value, spot)
}

function isAwaited(value: Node, spot: Spot, depth = 0): boolean {
  return [...nodesIn(value)].some((node) => {
    if (node.type === 'AwaitExpression') return true
    if (node.type !== 'Identifier' || depth > 3) return false
    const origin = originOf(node.name, spot)
    return origin !== undefined && isAwaited(origin, spot, depth + 1)
  })
}

/**
 * Names in an expression that came with a request: they lead back to a parameter of a function within the holder's scope, and
 * are called like what a request brings.
 */
function requestNamesIn(expression: Node, spot: Spot, scope: Node): string[] {
  const within = spot.around.slice(0, spot.around.indexOf(scope)).filter(isFunction)
  const parameters = new Set(
    within
      .flatMap((one) => ('params' in one && Array.isArray(one.params) ? (one.params as Node[]) : []))
      .flatMap(bindingsOf)
      .map(({ name }) => name),
  )
  const trace = (node: Node, depth: number): { names: string[]; isFromParameter: boolean } => {
    const names: string[] = []
    let isFromParameter = false
    for (const inner of nodesIn(node)) {
      if (inner.type !== 'Identifier') continue
      names.push(inner.name)
      if (parameters.has(inner.name)) isFromParameter = true
      const origin = depth > 3 || parameters.has(inner.name) ? undefined : originOf(inner.name, spot)
      if (origin === undefined) continue
      const further = trace(origin, depth + 1)
      names.push(...further.names)
      isFromParameter ||= further.isFromParameter
    }
    return { names, isFromParameter }
  }
  const { names, isFromParameter } = trace(expression, 0)
  return isFromParameter ? names.filter(isOfRequest) : []
}

/** What a local name was made from. */
function originOf(name: string, { around, file }: Spot): Node | undefined {
  const functions = around.filter(isFunction)
  for (const spot of file.spots) {
    const { node } = spot
    if (node.type !== 'VariableDeclarator' || node.init === null) continue
    if (!bindingsOf(node.id).some((binding) => binding.name === name)) continue
    if (functions.some((one) => spot.around.includes(one))) return node.init
  }
  return undefined
}

/** Functions whose every call stands where a process passes but once: in a module, or in such a function. */
function functionsRunOnce(files: readonly SyntaxFile[]): ReadonlySet<Node> {
  const declared = files.flatMap(({ spots }) => spots.flatMap((spot) => declaredFunction(spot)))
  const calls = Map.groupBy(
    files.flatMap(({ spots }) => spots.filter(({ node }) => node.type === 'CallExpression')),
    ({ node }) => (node.type === 'CallExpression' && node.callee.type === 'Identifier' ? node.callee.name : ''),
  )
  const owners = Map.groupBy(declared, ({ name }) => name)
  // a name of the file's own comes before the same name elsewhere
  const isCallOf = (site: Spot, { name, file }: Declared): boolean =>
    site.file === file || owners.get(name)?.some((other) => other.file === site.file) !== true
  const sites = new Map(
    declared.map((one) => [one.node, (calls.get(one.name) ?? []).filter((site) => isCallOf(site, one))]),
  )
  const once = new Set<Node>()
  for (let isGrowing = true; isGrowing;) {
    isGrowing = false
    for (const [node, found] of sites) {
      const isOnce = (site: Spot): boolean => {
        const scope = scopeOf(site)
        return scope !== undefined && (scope.type === 'Program' || once.has(scope))
      }
      if (once.has(node) || found.length === 0 || !found.every(isOnce)) continue
      once.add(node)
      isGrowing = true
    }
  }
  return once
}

interface Declared {
  name: string
  node: Node
  file: SyntaxFile
}

function declaredFunction(spot: Spot): Declared[] {
  const { node, file } = spot
  if (!isFunction(node)) return []
  if (node.type === 'FunctionDeclaration' && node.id !== null) return [{ name: node.id.name, node, file }]
  const [holder] = spot.around
  if (holder?.type !== 'VariableDeclarator' || holder.id.type !== 'Identifier') return []
  return [{ name: holder.id.name, node, file }]
}
