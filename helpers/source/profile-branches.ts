import { relative } from 'node:path'
import type { Node } from 'oxc-parser'
import { bare, bindingsOf, isFunction, keyName, memberName, nodesIn, rootName, scopeOf, textOf } from './syntax.ts'
import type { Spot, SyntaxFile } from './syntax.ts'
import { isWord, verticalWords, wordsOf } from './words.ts'

/** A place in the core where what it does depends on a profile or a vertical. */
export interface ProfileBranch {
  /** How, e.g. `switch`. */
  how: string
  /** What it depends on or names. */
  what: string
  where: string
}

/** What the profiles of this subject are called, and what they are about. */
export interface ProfileVocabulary {
  profileIds: readonly string[]
  /** Aggregates and the like that only a profile knows, such as `appointment`. */
  domainWords: readonly string[]
}

const profileName = /(?:^|_)(?:profile|vertical|industry|specialty)(?:_?(?:id|name|key|kind|type|slug|code))?$/
const isProfileName = (name: string): boolean => {
  const snake = wordsOf(name).join('_')
  return profileName.test(snake) && !/^(?:is|has|may|can|create|load|define|read|find|for)_/.test(snake)
}
const tests = new Set(['startsWith', 'endsWith', 'includes', 'match', 'matchAll', 'localeCompare', 'search', 'indexOf'])
const lookups = new Set(['get', 'has', 'includes', 'indexOf', 'test', 'exec'])
const equalities = new Set(['===', '!==', '==', '!='])

/**
 * Finds where code branches on a profile: comparisons with something fixed, switches, look-ups in fixed tables and lists,
 * tests of the id's text, through aliases, destructuring and functions that are handed it; and the words of a vertical.
 */
export function findProfileBranches(
  root: string,
  files: readonly SyntaxFile[],
  vocabulary: ProfileVocabulary,
): ProfileBranch[] {
  const taint = new Taint(files)
  const fixed = fixedNames(files)
  const words = knownWords(vocabulary)
  const found: ProfileBranch[] = []
  for (const file of files) {
    for (const spot of file.spots) {
      const note = (how: string, what: string): void => {
        const { line, column } = file.place(spot.node.start)
        found.push({ how, what, where: `${relative(root, file.path)}:${line}:${column}` })
      }
      const branch = branchAt(spot, taint, fixed)
      if (branch !== undefined) note(branch.how, branch.what)
      for (const { how, what } of wordsAt(spot, words)) note(how, what)
    }
  }
  return found
}

function branchAt(spot: Spot, taint: Taint, fixed: Fixed): { how: string; what: string } | undefined {
  const { node } = spot
  const isProfile = (expression: Node): boolean => taint.reaches(expression, spot)
  const isFixed = (expression: Node): boolean => fixed.isFixed(expression, spot)
  if (node.type === 'BinaryExpression' && equalities.has(node.operator)) {
    for (const [one, other] of [
      [node.left, node.right],
      [node.right, node.left],
    ] as const) {
      if (isProfile(one) && isFixed(other)) return { how: 'comparison', what: shown(other) }
    }
  }
  if (node.type === 'SwitchStatement' && isProfile(node.discriminant)) {
    return { how: 'switch', what: node.cases.map(({ test }) => (test === null ? 'default' : shown(test))).join(', ') }
  }
  if (
    node.type === 'MemberExpression' &&
    node.computed &&
    isProfile(node.property) &&
    fixed.isTable(node.object, spot)
  ) {
    return { how: 'look-up table', what: rootName(node.object) ?? 'a literal' }
  }
  if (
    node.type === 'BinaryExpression' &&
    node.operator === 'in' &&
    isProfile(node.left) &&
    fixed.isTable(node.right, spot)
  ) {
    return { how: 'look-up table', what: rootName(node.right) ?? 'a literal' }
  }
  if (node.type !== 'CallExpression') return undefined
  const callee = bare(node.callee)
  const name = memberName(callee)
  const [first] = node.arguments
  if (callee.type !== 'MemberExpression' || name === undefined || first === undefined) return undefined
  if (tests.has(name) && isProfile(callee.object) && (isFixed(first) || isTellingPattern(first))) {
    return { how: `test by ${name}`, what: shown(first) }
  }
  if (
    lookups.has(name) &&
    isProfile(first) &&
    (fixed.isTable(callee.object, spot) || isTellingPattern(callee.object))
  ) {
    return { how: `look-up by ${name}`, what: rootName(callee.object) ?? 'a literal' }
  }
  if ((name === 'hasOwn' || name === 'hasOwnProperty') && node.arguments.some((argument) => isProfile(argument))) {
    if (fixed.isTable(first, spot)) return { how: 'look-up table', what: rootName(first) ?? 'a literal' }
  }
  return undefined
}

/** A pattern that tells one id from another, rather than the form of ids. */
function isTellingPattern(node: Node): boolean {
  const inner = bare(node)
  if (inner.type !== 'Literal' || !('regex' in inner)) return false
  return /[a-z]{3}/i.test(inner.regex.pattern.replaceAll(/\[[^\]]*\]|\\./g, ' '))
}

const shown = (node: Node): string => {
  const text = textOf(node)
  if (text !== undefined) return JSON.stringify(text)
  const inner = bare(node)
  if (inner.type === 'Literal' && 'regex' in inner) return `/${inner.regex.pattern}/`
  return [rootName(inner), memberName(inner)].filter((name) => name !== undefined).join('.') || inner.type
}

const sqlComparison =
  /\b(?:\w+\.)?"?(?:profile|profile_id|vertical|industry)"?\s*(?:=|<>|!=|~\*?|\b(?:not\s+)?(?:like|ilike|in)\b)\s*\(?\s*'([^']+)'|'([^']+)'\s*(?:=|<>|!=)\s*"?(?:profile|profile_id|vertical)\b|\bcase\s+"?(?:profile|profile_id|vertical)"?\s+when\s+'([^']+)'/i
const sqlLike = /^\s*(?:--[^\n]*\n\s*)*(?:select|insert|update|delete|with|merge|case|where|and|or|join)\b/i

interface KnownWords {
  ofVertical: ReadonlySet<string>
  everything: ReadonlySet<string>
}

function knownWords({ profileIds, domainWords }: ProfileVocabulary): KnownWords {
  const ofVertical = new Set([...verticalWords, ...profileIds.flatMap(wordsOf)])
  return { ofVertical, everything: new Set([...ofVertical, ...domainWords]) }
}

/** Words of a vertical in names, and in texts that a rule can be made of; a sentence for a reader is no rule. */
function* wordsAt(
  { node, around }: Spot,
  { ofVertical, everything }: KnownWords,
): Generator<{ how: string; what: string }> {
  const find = (text: string, known: ReadonlySet<string>): string | undefined =>
    wordsOf(text).find((word) => isWord(word, known) !== undefined)
  if (node.type === 'Identifier') {
    const word = find(node.name, ofVertical)
    if (word !== undefined) yield { how: 'name of a vertical', what: node.name }
    return
  }
  if (node.type === 'Literal' && 'regex' in node) {
    const word = find(node.regex.pattern, everything)
    if (word !== undefined) yield { how: 'pattern with a word of a vertical', what: word }
    return
  }
  const text =
    node.type === 'TemplateElement'
      ? node.value.cooked
      : node.type === 'Literal' && typeof node.value === 'string'
        ? node.value
        : null
  if (text === null) return
  // what a module is called is another control's matter
  if (/^(?:Import|Export)(?!Specifier)/.test(around[0]?.type ?? '')) return
  if (sqlLike.test(text) || (node.type === 'TemplateElement' && /'[^']*'/.test(text))) {
    const compared = sqlComparison.exec(text)
    const value = compared?.[1] ?? compared?.[2] ?? compared?.[3]
    if (value !== undefined) yield { how: 'comparison in SQL', what: `'${value}'` }
    for (const [, quoted = ''] of text.matchAll(/'([^']*)'/g)) {
      const word = find(quoted, everything)
      if (word !== undefined && quoted !== value) yield { how: 'word of a vertical in SQL', what: quoted }
    }
    return
  }
  if (/\s/.test(text.trim())) return
  const word = find(text, everything)
  if (word !== undefined) yield { how: 'text with a word of a vertical', what: text }
}

/** Follows values that are a profile's id through names, properties, and functions that are called with them. */
class Taint {
  /** Names that hold one, by the function in which they are bound. */
  readonly #names = new Map<Node, Set<string>>()
  readonly #returning = new Set<string>()

  constructor(files: readonly SyntaxFile[]) {
    const functions = functionsByName(files)
    for (let isGrowing = true; isGrowing;) {
      isGrowing = false
      for (const file of files) for (const spot of file.spots) if (this.#spread(spot, functions)) isGrowing = true
    }
  }

  /** Whether an expression is, or is made from, a profile's id. */
  reaches(expression: Node, spot: Spot): boolean {
    const node = bare(expression)
    const isAny = (...inner: Node[]): boolean => inner.some((one) => this.reaches(one, spot))
    if (node.type === 'Identifier') return isProfileName(node.name) || this.#isHeld(node.name, spot)
    if (node.type === 'MemberExpression') return isProfileName(memberName(node) ?? '') || this.#isTextOf(node, spot)
    if (node.type === 'TemplateLiteral') return isAny(...node.expressions)
    if (node.type === 'LogicalExpression') return isAny(node.left, node.right)
    if (node.type === 'ConditionalExpression') return isAny(node.consequent, node.alternate)
    if (node.type !== 'CallExpression') return false
    const callee = bare(node.callee)
    if (callee.type === 'Identifier') {
      return this.#returning.has(callee.name) || (texts.has(callee.name) && isAny(...node.arguments))
    }
    // a text made from its text; what a look-up by it gives is another matter
    return callee.type === 'MemberExpression' && textMethods.has(memberName(callee) ?? '') && isAny(callee.object)
  }

  #isTextOf(node: Node, spot: Spot): boolean {
    return (
      node.type === 'MemberExpression' &&
      ['id', 'value', 'name'].includes(memberName(node) ?? '') &&
      this.reaches(node.object, spot)
    )
  }

  #isHeld(name: string, spot: Spot): boolean {
    return [spot.node, ...spot.around].some((node) => this.#names.get(node)?.has(name) === true)
  }

  #hold(scope: Node | undefined, name: string): boolean {
    if (scope === undefined) return false
    const names = this.#names.get(scope) ?? new Set()
    this.#names.set(scope, names)
    if (names.has(name)) return false
    names.add(name)
    return true
  }

  #spread(spot: Spot, functions: Map<string, Node[]>): boolean {
    const { node } = spot
    if (node.type === 'VariableDeclarator') {
      const scope = scopeOf(spot)
      const isWhole = node.init !== null && node.id.type === 'Identifier' && this.reaches(node.init, spot)
      return bindingsOf(node.id)
        .filter(({ property }) => isWhole || (property !== null && isProfileName(property)))
        .map(({ name }) => this.#hold(scope, name))
        .includes(true)
    }
    if (isFunction(node) && 'params' in node) {
      return node.params
        .flatMap((parameter) => bindingsOf(parameter))
        .filter(({ property }) => property !== null && isProfileName(property))
        .map(({ name }) => this.#hold(node, name))
        .includes(true)
    }
    if (node.type === 'AssignmentExpression' && node.left.type === 'Identifier' && this.reaches(node.right, spot)) {
      return this.#hold(spot.around.at(-1), node.left.name)
    }
    if (node.type === 'ReturnStatement' && node.argument !== null && this.reaches(node.argument, spot)) {
      const name = nameOfFunction(spot.around)
      if (name === undefined || this.#returning.has(name)) return false
      this.#returning.add(name)
      return true
    }
    if (node.type !== 'CallExpression') return false
    const callee = bare(node.callee)
    const name = callee.type === 'Identifier' ? callee.name : memberName(callee)
    const called = name === undefined ? [] : (functions.get(name) ?? [])
    return node.arguments
      .flatMap((argument, index) => (this.reaches(argument, spot) ? [index] : []))
      .flatMap((index) => called.map((one) => this.#holdParameter(one, index)))
      .includes(true)
  }

  #holdParameter(called: Node, index: number): boolean {
    if (!('params' in called) || !Array.isArray(called.params)) return false
    const parameter = called.params[index] as Node | undefined
    if (parameter === undefined) return false
    return bindingsOf(parameter)
      .filter(({ property }) => property === null)
      .map(({ name }) => this.#hold(called, name))
      .includes(true)
  }
}

const texts = new Set(['String', 'encodeURIComponent'])
const textMethods = new Set(
  'toLowerCase toUpperCase toLocaleLowerCase trim trimStart trimEnd slice substring substr normalize replace replaceAll split at charAt charCodeAt codePointAt concat toString padEnd padStart'.split(
    ' ',
  ),
)

/** Functions by the name under which they are called: declared, held in a constant, or a method. */
function functionsByName(files: readonly SyntaxFile[]): Map<string, Node[]> {
  const functions = new Map<string, Node[]>()
  for (const spot of files.flatMap(({ spots }) => spots)) {
    const { node } = spot
    if (!isFunction(node)) continue
    const name = nameOfFunction([node, ...spot.around])
    if (name !== undefined) functions.set(name, [...(functions.get(name) ?? []), node])
  }
  return functions
}

function nameOfFunction(around: readonly Node[]): string | undefined {
  const index = around.findIndex((node) => isFunction(node))
  const node = around[index]
  if (node === undefined) return undefined
  if (node.type === 'FunctionDeclaration') return node.id?.name
  const holder = around[index + 1]
  if (holder?.type === 'VariableDeclarator' && holder.id.type === 'Identifier') return holder.id.name
  if (holder?.type === 'Property' || holder?.type === 'MethodDefinition') return keyName(holder.key)
  return undefined
}

/** What is the same whoever asks: literals, and names that hold only literals. */
interface Fixed {
  isFixed(expression: Node, spot: Spot): boolean
  /** Whether it is a table, list or set whose keys are written in the source. */
  isTable(expression: Node, spot: Spot): boolean
}

function fixedNames(files: readonly SyntaxFile[]): Fixed {
  const values = new Map<string, Node[]>()
  const imported = new Set<string>()
  for (const spot of files.flatMap(({ spots }) => spots)) {
    const { node } = spot
    if (node.type === 'VariableDeclarator' && node.init !== null && node.id.type === 'Identifier') {
      values.set(node.id.name, [...(values.get(node.id.name) ?? []), node.init])
    }
    if (node.type === 'TSEnumDeclaration') values.set(node.id.name, [node])
    if (node.type !== 'ImportSpecifier') continue
    const [declaration] = spot.around
    if (declaration?.type === 'ImportDeclaration' && declaration.importKind !== 'type') imported.add(node.local.name)
  }
  const isLiteral = (node: Node): boolean => {
    const inner = bare(node)
    if (inner.type === 'Literal') return typeof inner.value === 'string' && inner.value !== ''
    return inner.type === 'TemplateLiteral' && inner.expressions.length === 0
  }
  const holdsText = (node: Node): boolean =>
    [...nodesIn(node)].some((one) => isLiteral(one) || (one.type === 'Property' && keyName(one.key) !== undefined))
  const isTableLiteral = (node: Node): boolean => {
    const inner = bare(node)
    if (inner.type === 'ObjectExpression' || inner.type === 'ArrayExpression') return holdsText(inner)
    if (inner.type === 'NewExpression') return inner.arguments.some((argument) => holdsText(argument))
    if (inner.type === 'CallExpression')
      return memberName(bare(inner.callee)) === 'freeze' && inner.arguments.some((argument) => holdsText(argument))
    return inner.type === 'TSEnumDeclaration'
  }
  const holds = (name: string, matches: (node: Node) => boolean): boolean => {
    const held = values.get(name)
    return held === undefined ? imported.has(name) : held.some(matches)
  }
  return {
    isFixed(expression) {
      const inner = bare(expression)
      if (isLiteral(inner)) return true
      if (inner.type === 'Identifier') return holds(inner.name, isLiteral)
      if (inner.type !== 'MemberExpression') return false
      const name = rootName(inner)
      return name !== undefined && holds(name, isTableLiteral)
    },
    isTable(expression) {
      const inner = bare(expression)
      if (isTableLiteral(inner)) return true
      const name = rootName(inner)
      return name !== undefined && holds(name, isTableLiteral)
    },
  }
}
