import { ancestorsOf, bare, isFunction, nameOfCallee } from './syntax-tree.ts'
import type { SyntaxNode, SyntaxTree } from './syntax-tree.ts'
import { returnsOf } from './project.ts'
import type { Located, Project } from './project.ts'

/** Whether an expression is made of constants alone. */
export type IsConstant = (tree: SyntaxTree, node: SyntaxNode) => boolean

const leaving = new Set(['ReturnStatement', 'ThrowStatement', 'ContinueStatement', 'BreakStatement'])

/** Whether, where an expression is used, it can only hold what some list of constants allows. */
export function isAllowed(project: Project, { tree, node }: Located, isConstant: IsConstant): boolean {
  const text = tree.textOf(node)
  const says = (test: SyntaxNode, isTrue: boolean): boolean => limits({ project, tree, isConstant }, test, text, isTrue)
  const around = ancestorsOf(tree, node)
  for (const [index, inner] of around.entries()) {
    const outer = around[index + 1]
    if (outer === undefined || isFunction(inner)) break
    if (outer.type === 'IfStatement' || outer.type === 'ConditionalExpression') {
      if (outer.consequent === inner && says(outer.test, true)) return true
      if (outer.alternate === inner && says(outer.test, false)) return true
    }
    if (
      outer.type === 'LogicalExpression' &&
      outer.right === inner &&
      outer.operator !== '??' &&
      says(outer.left, outer.operator === '&&')
    )
      return true
    if (outer.type === 'SwitchCase' && outer.test !== null && isConstant(tree, outer.test)) {
      const whole = around[index + 2]
      if (whole?.type === 'SwitchStatement' && tree.textOf(whole.discriminant) === text) return true
    }
    if (outer.type !== 'BlockStatement' && outer.type !== 'Program') continue
    for (const before of outer.body) {
      if (before === inner) break
      if (
        before.type === 'IfStatement' &&
        before.alternate === null &&
        leaves(before.consequent) &&
        says(before.test, false)
      )
        return true
      if (
        before.type === 'ExpressionStatement' &&
        before.expression.type === 'CallExpression' &&
        asserts({ project, tree, isConstant }, before.expression, text)
      )
        return true
    }
  }
  return false
}

function leaves(node: SyntaxNode): boolean {
  if (leaving.has(node.type)) return true
  const last = node.type === 'BlockStatement' ? node.body.at(-1) : undefined
  return last !== undefined && leaves(last)
}

interface GuardContext {
  project: Project
  tree: SyntaxTree
  isConstant: IsConstant
}

/** `assert(allowed.has(x))` and functions of one's own that throw unless it is. */
function asserts(context: GuardContext, call: Extract<SyntaxNode, { type: 'CallExpression' }>, text: string): boolean {
  const [first] = call.arguments
  const name = nameOfCallee(call.callee)
  if (first === undefined) return false
  if (name === 'assert' || name === 'ok' || name === 'invariant') return limits(context, first, text, true)
  const place = call.arguments.findIndex((argument) => context.tree.textOf(argument) === text)
  if (place < 0) return false
  return context.project.functionsOf(context.tree, call.callee).some(({ tree, node }) => {
    const parameter = node.params[place]
    if (parameter?.type !== 'Identifier' || node.body?.type !== 'BlockStatement') return false
    return node.body.body.some(
      (statement) =>
        statement.type === 'IfStatement' &&
        leaves(statement.consequent) &&
        limits({ ...context, tree }, statement.test, parameter.name, false),
    )
  })
}

/** Whether a test that came out so leaves only constants for the expression with this text. */
function limits(context: GuardContext, raw: SyntaxNode, text: string, isTrue: boolean, depth = 0): boolean {
  const { tree, isConstant, project } = context
  const test = bare(raw)
  const same = (node: SyntaxNode | undefined): boolean => node !== undefined && tree.textOf(bare(node)) === text
  // an empty text, 0 and nothing at all can do no harm
  if (!isTrue && same(test)) return true
  if (test.type === 'UnaryExpression' && test.operator === '!')
    return limits(context, test.argument, text, !isTrue, depth)
  if (test.type === 'LogicalExpression') {
    const [left, right] = [
      limits(context, test.left, text, isTrue, depth),
      limits(context, test.right, text, isTrue, depth),
    ]
    const either = (test.operator === '&&') === isTrue
    return either ? left || right : left && right
  }
  if (test.type === 'BinaryExpression') {
    if (test.operator === 'in') return isTrue && same(test.left) && isConstant(tree, test.right)
    const equal = test.operator === '===' || test.operator === '=='
    const unequal = test.operator === '!==' || test.operator === '!='
    if (!(isTrue ? equal : unequal)) return lookedUp(context, test, text, isTrue)
    const [one, other] = [bare(test.left), bare(test.right)]
    if (one.type === 'UnaryExpression' && one.operator === 'typeof' && same(one.argument))
      return (
        other.type === 'Literal' &&
        (other.value === 'number' ||
          other.value === 'boolean' ||
          other.value === 'bigint' ||
          other.value === 'undefined')
      )
    return (same(one) && isConstant(tree, other)) || (same(other) && isConstant(tree, one))
  }
  if (test.type !== 'CallExpression' || !isTrue) return false
  const [first, second] = test.arguments
  const name = nameOfCallee(test.callee)
  const object = test.callee.type === 'MemberExpression' ? test.callee.object : undefined
  if (name === 'isInteger' || name === 'isSafeInteger' || name === 'isFinite') return same(first)
  if (object !== undefined && (name === 'includes' || name === 'has' || name === 'hasOwnProperty'))
    return same(first) && isConstant(tree, object)
  if (name === 'hasOwn') return same(second) && first !== undefined && isConstant(tree, first)
  if (name === 'test' && object !== undefined) return same(first) && isPlainWord(context, object)
  if (name === 'match' && object !== undefined)
    return same(object) && first !== undefined && isPlainWord(context, first)
  const place = test.arguments.findIndex((argument) => same(argument))
  if (depth > 2 || place < 0) return false
  const asked = project.functionsOf(tree, test.callee)
  return (
    asked.length > 0 &&
    asked.every((found) => {
      const parameter = found.node.params[place]
      if (parameter?.type !== 'Identifier') return false
      const answers = returnsOf(found.node, found.tree)
      return (
        answers.length > 0 &&
        answers.every((answer) => limits({ ...context, tree: found.tree }, answer, parameter.name, true, depth + 1))
      )
    })
  )
}

/** `list.indexOf(x) !== -1` and its like; `valid(x) === false` too. */
function lookedUp(
  context: GuardContext,
  test: Extract<SyntaxNode, { type: 'BinaryExpression' }>,
  text: string,
  isTrue: boolean,
): boolean {
  const call = bare(test.left)
  const value = context.tree.textOf(test.right)
  if (call.type !== 'CallExpression') return false
  const isEqual = test.operator.startsWith('==')
  if (value === 'false' || value === 'true')
    return limits(context, call, text, isTrue === ((value === 'true') === isEqual))
  if (nameOfCallee(call.callee) !== 'indexOf' || call.callee.type !== 'MemberExpression') return false
  const [first] = call.arguments
  if (
    first === undefined ||
    context.tree.textOf(first) !== text ||
    !context.isConstant(context.tree, call.callee.object)
  )
    return false
  const found =
    (test.operator.startsWith('!=') && value === '-1') ||
    (test.operator === '>=' && value === '0') ||
    (test.operator === '>' && value === '-1')
  const missing = (isEqual && value === '-1') || (test.operator === '<' && value === '0')
  return isTrue ? found : missing
}

// from its start to its end, and nothing in between that could end an identifier or a number
const plainWord =
  /^\^(?:\(\?:)?(?:\[(?:[a-zA-Z0-9_.]-[a-zA-Z0-9_.]|\\w|\\d|[a-zA-Z0-9_.])+\]|\\w|\\d|[a-zA-Z0-9_])(?:[+*?]|\{\d+(?:,\d*)?\})?(?:(?:\[(?:[a-zA-Z0-9_.]-[a-zA-Z0-9_.]|\\w|\\d|[a-zA-Z0-9_.])+\]|\\w|\\d|[a-zA-Z0-9_|])(?:[+*?]|\{\d+(?:,\d*)?\})?)*\)?\$$/

/** Whether a pattern only matches plain words, from end to end. */
export const isWordPattern = (pattern: string, flags: string): boolean =>
  !flags.includes('m') && plainWord.test(pattern) && !(pattern.includes('|') && !/^\^\(\?:[^()]*\)\$$/.test(pattern))

function isPlainWord({ project, tree }: GuardContext, raw: SyntaxNode): boolean {
  const node = bare(raw)
  if (node.type === 'Literal' && 'regex' in node) return isWordPattern(node.regex.pattern, node.regex.flags)
  if (node.type !== 'Identifier') return false
  const { definitions, writes } = project.bindingsOf(tree).of(node)
  return (
    writes.length === 0 &&
    definitions.length > 0 &&
    definitions.every(
      (definition) =>
        definition.kind === 'value' &&
        definition.node.type === 'Literal' &&
        'regex' in definition.node &&
        isWordPattern(definition.node.regex.pattern, definition.node.regex.flags),
    )
  )
}
