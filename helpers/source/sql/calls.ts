import { readSchema } from './schemas.ts'
import type { PathStep } from './bindings.ts'
import { constant, shorten, spell, textProperties } from './reading.ts'
import type { Arguments, OriginReader, Question, Reading } from './reading.ts'
import { moduleOf, returnsOf } from './project.ts'
import type { CallNode } from './project.ts'
import { bare, isFunction, nameOfCallee, propertyOf } from './syntax-tree.ts'
import type { SyntaxNode } from './syntax-tree.ts'

type CallQuestion = Question & { node: CallNode }

// what they give is a number, a truth, or hexadecimal digits, whatever they are given
const numbers = new Set([
  'Number',
  'parseInt',
  'parseFloat',
  'BigInt',
  'Boolean',
  'randomUUID',
  'randomInt',
  'isArray',
  'getTime',
  'toISOString',
  'toFixed',
  'now',
  'indexOf',
  'charCodeAt',
  'codePointAt',
  'byteLength',
  'Date',
  'hrtime',
  'uptime',
  'toISODate',
])
// quotes that a database client's own package puts around an identifier or a literal
const quoting = new Set([
  'escapeIdentifier',
  'escapeLiteral',
  'escapeId',
  'quoteIdent',
  'quoteLiteral',
  'ident',
  'literal',
  'escape',
  'identifier',
  'quoteIdentifier',
])
const textMethods = new Set([
  'trim',
  'trimStart',
  'trimEnd',
  'toLowerCase',
  'toUpperCase',
  'toString',
  'slice',
  'substring',
  'substr',
  'normalize',
  'repeat',
  'at',
  'charAt',
  'split',
  'valueOf',
  'toWellFormed',
  'toLocaleLowerCase',
  'toLocaleUpperCase',
  'String',
  'flat',
  'reverse',
  'toReversed',
  'sort',
  'toSorted',
  'filter',
  'values',
  'keys',
  'entries',
  'find',
  'findLast',
  'pop',
  'shift',
])
// steps of query builders, whose result is a statement and no text; their raw parts are query calls of their own
const building = new Set([
  'select',
  'selectFrom',
  'selectAll',
  'from',
  'where',
  'values',
  'set',
  'returning',
  'returningAll',
  'insertInto',
  'updateTable',
  'deleteFrom',
  'orderBy',
  'groupBy',
  'limit',
  'offset',
  'innerJoin',
  'leftJoin',
  'compile',
  'toSQL',
])
const adding = new Set(['concat', 'join', 'padStart', 'padEnd', 'with', 'toSpliced'])

/** What the result of a call is as a text. */
export function readCall(reader: OriginReader, question: CallQuestion): Reading {
  const { tree, node, path } = question
  const name = nameOfCallee(node.callee) ?? ''
  const given = node.arguments.map((each) => (each.type === 'SpreadElement' ? each.argument : each))
  const [first, second] = given
  const part = (next: SyntaxNode | undefined, at = path): Reading =>
    next === undefined ? constant() : reader.read({ ...question, node: next, path: at })
  const all = (): Reading => reader.union(given.map((each) => part(each, [])))
  const callee = bare(node.callee)
  const object = callee.type === 'MemberExpression' ? callee.object : undefined
  const source = moduleOf(node)
  if (source !== undefined) return constant()
  const own = readOwn(reader, question, name)
  if (own !== undefined) return own
  if (numbers.has(name) || (object?.type === 'Identifier' && object.name === 'Math')) return constant()
  if ((name === 'toString' || name === 'digest') && first?.type === 'Literal' && first.value === 'hex')
    return constant()
  if (node.type === 'NewExpression') return readMade(reader, question, name, given)
  if (name === 'format' || name === 'pgFormat' || name === 'withArray') return readFormat(reader, question, given)
  if (quoting.has(name)) return constant()
  if (isStatementMaker(reader, question)) return part(first, [])
  const checked = readChecked(reader, question, name, given)
  if (checked !== undefined) return checked
  if (
    name === 'String' ||
    name === 'stringify' ||
    name === 'freeze' ||
    name === 'assign' ||
    name === 'structuredClone' ||
    name === 'resolve' ||
    name === 'fromEntries' ||
    name === 'inspect'
  )
    return object !== undefined && name === 'resolve' && isPath(object)
      ? all()
      : reader.union(
          given.map((each) => part(each, name === 'String' || name === 'stringify' ? [{ any: true }] : path)),
        )
  // a name in an object, e.g. Object.keys(columns)
  if (object?.type === 'Identifier' && object.name === 'Object' && first !== undefined) {
    if (name === 'keys' && reader.isConstant(tree, first)) return constant()
    return name === 'keys' || name === 'entries' ? keysOf(reader, question, first) : part(first, [{ any: true }])
  }
  if (name === 'from' && second !== undefined)
    return part(second, []).isOther ? returned(reader, question, second) : all()
  if (name === 'from' || name === 'of' || name === 'all')
    return reader.union(given.map((each) => part(each, name === 'of' ? path.slice(1) : path)))
  if (
    /^(?:readFile|readFileSync|readdir|readdirSync|join|fileURLToPath|dirname|basename|normalize|text|pathToFileURL)$/.test(
      name,
    ) &&
    (object === undefined || !isText(reader, question, object))
  )
    if (/^(?:readFile|readdir)/.test(name) || object === undefined || isPath(object))
      return part(first, []).trails.length > 0 || name === 'join' ? all() : constant()
  if (object !== undefined) {
    if (name === 'fill') return part(first, [])
    if (name === 'map' || name === 'flatMap') return returned(reader, question, first)
    if (name === 'filter') return isNarrowing(reader, question, first) ? constant() : part(object)
    if (name === 'get' && reader.isConstant(tree, object)) return constant()
    if (name === 'reduce' || name === 'reduceRight')
      return reader.union([returned(reader, question, first), part(second, [])])
    if (name === 'replace' || name === 'replaceAll') return readReplaced(reader, question, object, given)
    if (textMethods.has(name))
      return part(
        object,
        name === 'split' || name === 'values' || name === 'entries'
          ? []
          : name === 'find' || name === 'at' || name === 'pop' || name === 'shift'
            ? [{ any: true }, ...path]
            : path,
      )
    if (adding.has(name))
      return reader.union([
        part(object, path.length > 0 ? path : [{ any: true }]),
        ...given.map((each) => part(each, [])),
      ])
    if (name === 'then') return returned(reader, question, first)
    if (name === 'catch' || name === 'finally') return part(object)
  }
  if (object !== undefined && isWhole(path) && building.has(name)) return { trails: [], pieces: [], isOther: true }
  return reader.unknown(question, `the result of ${shorten(tree.textOf(node))}${spell(path)}`)
}

/** Whether a statement itself is asked for, or the text in it, and not what it found. */
const isWhole = ([step, ...rest]: readonly PathStep[]): boolean =>
  step === undefined ||
  (rest.length === 0 &&
    'property' in step &&
    textProperties.some((each) => 'property' in each && each.property === step.property))

const isPath = (node: SyntaxNode): boolean =>
  node.type === 'Identifier' && /^(?:path|posix|url|fs|fsp|promises)$/i.test(node.name)
const isText = (reader: OriginReader, question: CallQuestion, object: SyntaxNode): boolean =>
  !isPath(object) && !reader.read({ ...question, node: object, path: [] }).isOther

/** Functions of packages that make a statement of a text, such as COPY's. */
function isStatementMaker(reader: OriginReader, { tree, node }: CallQuestion): boolean {
  const callee = bare(node.callee)
  const root = callee.type === 'MemberExpression' ? bare(callee.object) : callee
  if (root.type !== 'Identifier') return false
  return reader.project
    .bindingsOf(tree)
    .of(root)
    .definitions.some((definition) => {
      const source =
        definition.kind === 'import'
          ? definition.source
          : definition.kind === 'value'
            ? moduleOf(definition.node)
            : undefined
      return (
        source !== undefined &&
        /^(?:pg-copy-streams|dedent|outdent|sql-formatter|pg-cursor|pg-query-stream)/.test(source)
      )
    })
}

/** A call of a function of the project: what it returns for what it is given. */
function readOwn(reader: OriginReader, question: CallQuestion, name: string): Reading | undefined {
  const { tree, node, bound } = question
  if (node.type === 'NewExpression') return undefined
  const made = reader.project.functionsOf(tree, node.callee)
  if (
    made.length === 0 ||
    (node.callee.type === 'MemberExpression' && (textMethods.has(name) || adding.has(name) || numbers.has(name)))
  )
    return undefined
  const checked = readChecked(reader, question, name, node.arguments)
  if (checked !== undefined) return checked
  const given: Arguments = node.arguments.map((each) => ({
    tree,
    bound,
    node: each.type === 'SpreadElement' ? each.argument : each,
  }))
  const results = made.flatMap((found) =>
    returnsOf(found.node, found.tree).map((each) =>
      reader.read({ ...question, ...found, node: each, bound: new Map([...bound, [found.node, given]]) }),
    ),
  )
  return reader.through(reader.union(results), `${shorten(tree.textOf(node.callee))}() at ${tree.placeOf(node)}`)
}

/** What a schema has let through: `schema.parse(x)`, and a function that is given one. */
function readChecked(
  reader: OriginReader,
  { tree, path, node }: CallQuestion,
  name: string,
  given: readonly SyntaxNode[],
): Reading | undefined {
  const object = node.callee.type === 'MemberExpression' ? node.callee.object : undefined
  const inside = name.startsWith('safeParse') ? path.slice(1) : path
  if (
    object !== undefined &&
    /^(?:safeP|p)arse(?:Async)?$/.test(name) &&
    readSchema(reader.project, tree, object, inside)
  )
    return constant()
  if (!/parse|valid|check|input|decode|schema/i.test(name)) return undefined
  return given.some((each) => each.type !== 'SpreadElement' && readSchema(reader.project, tree, each, path))
    ? constant()
    : undefined
}

function readMade(reader: OriginReader, question: CallQuestion, name: string, given: readonly SyntaxNode[]): Reading {
  const { path } = question
  const [first] = given
  if (name === 'Date' || name === 'Error') return constant()
  if (name === 'Array') return constant()
  if (first === undefined) return constant()
  if (name === 'Set' || name === 'Map')
    return reader.read({ ...question, node: first, path: [{ any: true }, { any: true }] })
  if (name === 'URL') return reader.union(given.map((each) => reader.read({ ...question, node: each, path: [] })))
  // a statement in an object: Query, Cursor, QueryStream, PreparedStatement and their like
  if (/query|cursor|statement|stream|command|sql|text|string/i.test(name)) {
    const whole = reader.read({ ...question, path: [], node: first })
    if (!whole.isOther) return whole
    const parts = ['text', 'sql', 'SqlCommandText'].map((property) =>
      reader.read({ ...question, node: first, path: [{ property }] }),
    )
    return reader.union(parts)
  }
  return path.length === 0 ? { trails: [], pieces: [], isOther: true } : reader.unknown(question, `a ${name}`)
}

/** util.format and pg-format: of the latter `%I` and `%L` quote. */
function readFormat(reader: OriginReader, question: CallQuestion, given: readonly SyntaxNode[]): Reading {
  const [template, ...values] = given
  if (template === undefined) return constant()
  const text = reader.read({ ...question, node: template, path: [] })
  const places = [...(text.pieces[0] ?? '').matchAll(/%(?:\d+\$)?([sILdifjoOc])/g)].map(([, kind]) => kind)
  const isSimple = text.pieces.length === 1
  const parts = values.map((value, index) => {
    const kind = isSimple ? (places[index] ?? 's') : 's'
    return /[ILdif]/.test(kind) ? constant() : reader.read({ ...question, node: value, path: [{ any: true }] })
  })
  return reader.union([text, ...parts])
}

/** A replacement that leaves nothing but word characters makes any text harmless; any other is only another text. */
function readReplaced(
  reader: OriginReader,
  question: CallQuestion,
  object: SyntaxNode,
  given: readonly SyntaxNode[],
): Reading {
  const [pattern, replacement] = given
  const isStripping =
    pattern?.type === 'Literal' &&
    'regex' in pattern &&
    pattern.regex.flags.includes('g') &&
    /^(?:\\W|\[\^(?:[a-zA-Z0-9]-[a-zA-Z0-9]|\\w|\\d|[a-zA-Z0-9_])+\])\+?$/.test(pattern.regex.pattern)
  const put =
    replacement === undefined
      ? constant()
      : isFunction(bare(replacement))
        ? returned(reader, question, replacement)
        : reader.read({ ...question, node: replacement, path: [] })
  return isStripping ? put : reader.union([reader.read({ ...question, node: object, path: [] }), put])
}

function keysOf(reader: OriginReader, question: CallQuestion, object: SyntaxNode): Reading {
  const { tree } = question
  const made = bare(object)
  if (made.type === 'ObjectExpression' && made.properties.every((each) => each.type === 'Property' && !each.computed)) {
    const [, step] = question.path
    // of an entry the name is written out, and only the value may come from elsewhere
    if (step === undefined || ('element' in step && step.element === 0)) return constant()
  }
  if (reader.isConstant(tree, object)) return constant()
  return reader.unknown(question, `the names in ${shorten(tree.textOf(object))}`)
}

/** What the function given to `map` and its like returns. */
function returned(reader: OriginReader, question: CallQuestion, made: SyntaxNode | undefined): Reading {
  if (made === undefined) return constant()
  const plain = bare(made)
  if (plain.type === 'Identifier' && numbers.has(plain.name)) return constant()
  if (plain.type === 'MemberExpression' && quoting.has(propertyOf(plain) ?? '')) return constant()
  const functions = reader.project.functionsOf(question.tree, made)
  if (functions.length === 0)
    return reader.unknown({ ...question, node: made }, `the result of ${shorten(question.tree.textOf(made))}`)
  const { tree, node, bound } = question
  const list = node.callee.type === 'MemberExpression' ? node.callee.object : undefined
  return reader.union(
    functions.flatMap((found) => {
      // handed over by name it is called with the list's elements; written in place the reader finds them itself
      const given: Arguments = list === undefined ? [] : [{ tree, bound, node: list }]
      const next = isFunction(plain) || list === undefined ? bound : new Map([...bound, [found.node, given] as const])
      const path =
        question.path.length > 0 && /^(?:map|flatMap|from)$/.test(nameOfCallee(node.callee) ?? '')
          ? question.path.slice(1)
          : question.path
      return returnsOf(found.node, found.tree).map((each) =>
        reader.read({
          ...question,
          ...found,
          node: each,
          bound: next,
          path: path.length === 0 && isList(each) ? [{ any: true }] : path,
        }),
      )
    }),
  )
}

const isList = (node: SyntaxNode): boolean => bare(node).type === 'ArrayExpression'

/** `filter((name) => allowed.has(name))` leaves only what is allowed. */
function isNarrowing(reader: OriginReader, { tree }: CallQuestion, made: SyntaxNode | undefined): boolean {
  if (made === undefined) return false
  return reader.project.functionsOf(tree, made).some((found) => {
    const [parameter] = found.node.params
    if (parameter?.type !== 'Identifier') return false
    const { name } = parameter
    return returnsOf(found.node, found.tree).every((each) => {
      const test = bare(each)
      if (test.type !== 'CallExpression' || test.callee.type !== 'MemberExpression') return false
      const [asked] = test.arguments
      return (
        ['includes', 'has'].includes(propertyOf(test.callee) ?? '') &&
        asked?.type === 'Identifier' &&
        asked.name === name &&
        reader.isConstant(found.tree, test.callee.object)
      )
    })
  })
}
