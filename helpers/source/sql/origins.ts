import type { Binding, Definition, PathStep } from './bindings.ts'
import { readCall } from './calls.ts'
import { isAllowed } from './guards.ts'
import { moduleOf } from './project.ts'
import type { Located, Project } from './project.ts'
import { constant, noBound, shorten, spell } from './reading.ts'
import type { Arguments, OriginReader, Question, Reading } from './reading.ts'
import { ancestorsOf, bare, functionAround, isFunction, nameOfKey, propertyOf } from './syntax-tree.ts'
import type { FunctionNode, SyntaxNode, SyntaxTree } from './syntax-tree.ts'
import { readTag } from './tags.ts'

const noText: Reading = { trails: [], pieces: [], isOther: true }

// numbers, truths, and what is written in the source
const harmless = new Set(['UnaryExpression', 'UpdateExpression', 'MetaProperty', 'TemplateElement'])
const deepest = 40
const mostTrails = 4
const mostPieces = 12
/** Makes a reader for a project. */
export function createOriginReader(project: Project): OriginReader {
  const active = new Set<string>()
  const reader: OriginReader = { project, read, union, unknown, through, isConstant }
  return reader

  function union(readings: readonly Reading[]): Reading {
    const trails = readings.flatMap((reading) => reading.trails)
    return {
      trails: [...new Map(trails.map((trail) => [`${trail.from} ${trail.what}`, trail])).values()].slice(0, mostTrails),
      pieces: readings.flatMap(({ pieces }) => pieces).slice(0, mostPieces),
      isOther: readings.length > 0 && readings.every(({ isOther }) => isOther),
    }
  }

  function unknown({ tree, node }: Located, what: string): Reading {
    return { trails: [{ what, from: tree.placeOf(node), steps: [] }], pieces: [], isOther: false }
  }

  function through(reading: Reading, step: string): Reading {
    const trails = reading.trails.map((trail) =>
      trail.steps.at(-1) === step ? trail : { ...trail, steps: [...trail.steps, step] },
    )
    return { ...reading, trails }
  }

  function isConstant(tree: SyntaxTree, node: SyntaxNode): boolean {
    return read({ tree, node, path: [{ any: true }], bound: noBound, depth: deepest - 12 }).trails.length === 0
  }

  function read(question: Question): Reading {
    const { tree, node, path, depth } = question
    if (depth > deepest) return unknown(question, `${shorten(tree.textOf(node))}, too far away to be followed`)
    const key = `${tree.file}:${node.start}:${node.end}:${JSON.stringify(path)}:${question.bound.size}`
    // a value made from itself adds nothing to what it is made of otherwise
    if (active.has(key)) return constant()
    active.add(key)
    try {
      return readNode({ ...question, node: bare(node), depth: depth + 1 })
    } finally {
      active.delete(key)
    }
  }

  function readNode(question: Question): Reading {
    const { tree, node, path } = question
    const part = (next: SyntaxNode, at: readonly PathStep[] = []): Reading =>
      read({ ...question, node: next, path: at })
    const { type } = node
    if (type === 'Literal') return constant(typeof node.value === 'string' ? [node.value] : [])
    if (type === 'TemplateLiteral') {
      const pieces = node.quasis.map(({ value }) => value.cooked ?? value.raw)
      return union([constant(pieces), ...node.expressions.map((expression) => part(expression))])
    }
    if (type === 'TaggedTemplateExpression') return readTag(reader, { ...question, node })
    if (type === 'BinaryExpression')
      return node.operator === '+' ? union([part(node.left), part(node.right)]) : constant()
    if (type === 'LogicalExpression')
      return node.operator === '&&' ? part(node.right, path) : union([part(node.left, path), part(node.right, path)])
    if (type === 'ConditionalExpression') return union([part(node.consequent, path), part(node.alternate, path)])
    if (type === 'AssignmentExpression')
      return node.operator === '=' ? part(node.right, path) : union([part(node.left, path), part(node.right, path)])
    if (type === 'SequenceExpression') {
      const last = node.expressions.at(-1)
      return last === undefined ? constant() : part(last, path)
    }
    if (type === 'ArrayExpression') return readArray(question, node)
    if (type === 'ObjectExpression') return readObject(question, node)
    if (type === 'TSEnumDeclaration')
      return union(node.body.members.map(({ initializer }) => (initializer === null ? constant() : part(initializer))))
    if (type === 'Identifier') return readIdentifier(question, node)
    if (type === 'MemberExpression') return readMember(question, node)
    if (type === 'CallExpression' || type === 'NewExpression') return readCall(reader, { ...question, node })
    if (isFunction(node) || type === 'ClassDeclaration' || type === 'ClassExpression' || type === 'ImportExpression')
      return noText
    return harmless.has(type) ? constant() : unknown(question, shorten(tree.textOf(node)))
  }

  function readArray(question: Question, node: Extract<SyntaxNode, { type: 'ArrayExpression' }>): Reading {
    const [step, ...rest] = question.path
    const all = node.elements.filter((element) => element !== null)
    const hasSpread = all.some((element) => element.type === 'SpreadElement')
    const wanted =
      step !== undefined && 'element' in step && !hasSpread ? all.slice(step.element, step.element + 1) : all
    return union(
      wanted.map((element) =>
        element.type === 'SpreadElement'
          ? read({ ...question, node: element.argument, path: [{ any: true }, ...rest] })
          : read({ ...question, node: element, path: rest }),
      ),
    )
  }

  function readObject(question: Question, node: Extract<SyntaxNode, { type: 'ObjectExpression' }>): Reading {
    const [step, ...rest] = question.path
    if (step === undefined) return noText
    const wanted = 'property' in step ? step.property : undefined
    const found: Reading[] = []
    for (const property of node.properties.toReversed()) {
      if (property.type === 'SpreadElement') {
        found.push(read({ ...question, node: property.argument }))
        continue
      }
      const name = nameOfKey(property.key, property.computed)
      if (wanted !== undefined && name !== undefined && name !== wanted) continue
      found.push(read({ ...question, node: property.value, path: 'rest' in step ? question.path : rest }))
      // what is written later stands before what it was spread from
      if (wanted !== undefined && name === wanted) break
    }
    return found.length === 0 ? noText : union(found)
  }

  function readMember(question: Question, node: Extract<SyntaxNode, { type: 'MemberExpression' }>): Reading {
    const { tree, path } = question
    const name = propertyOf(node)
    if (
      path.length === 0 &&
      (name === 'length' || name === 'size' || name === 'rowCount' || name === 'dirname' || name === 'filename')
    )
      return constant()
    if (path.length === 0 && isAllowed(project, { tree, node }, isConstant)) return constant()
    const object = bare(node.object)
    const step: PathStep =
      name !== undefined
        ? { property: name }
        : node.property.type === 'Literal' && typeof node.property.value === 'number'
          ? { element: node.property.value }
          : { any: true }
    if (object.type === 'ThisExpression' && name !== undefined) {
      const owner = ancestorsOf(tree, node).find((each) => each.type === 'ClassBody')
      const writes = owner === undefined ? [] : project.bindingsOf(tree).fieldWrites(owner, name)
      if (writes.length > 0)
        return union(writes.map((write) => readPart({ ...question, node: write.value }, write.path, path)))
      return unknown(question, `${shorten(tree.textOf(node))}, which is set nowhere`)
    }
    return read({ ...question, node: object, path: [step, ...path] })
  }

  /** Of a value that is put at one path, what is at another. */
  function readPart(question: Question, at: readonly PathStep[], wanted: readonly PathStep[]): Reading {
    const shared = Math.min(at.length, wanted.length)
    for (let index = 0; index < shared; index += 1) if (!isSameStep(at[index], wanted[index])) return constant()
    return read({ ...question, path: wanted.slice(shared) })
  }

  function readIdentifier(question: Question, node: Extract<SyntaxNode, { type: 'Identifier' }>): Reading {
    const { tree, path } = question
    if (node.name === 'undefined' || node.name === 'NaN' || node.name === 'Infinity') return constant()
    if (node.name === '__dirname' || node.name === '__filename') return constant()
    if (path.length === 0 && isAllowed(project, { tree, node }, isConstant)) return constant()
    const binding = project.bindingsOf(tree).of(node)
    const { definitions, writes } = reaching(tree, node, binding)
    if (definitions.length + writes.length === 0) return unknown(question, `${node.name}${spell(path)}`)
    return union([
      ...definitions.map((definition) => readDefinition(question, definition, binding)),
      ...writes.map((write) => readPart({ ...question, node: write.value }, write.path, path)),
    ])
  }

  function readDefinition(question: Question, definition: Definition, { name }: Binding): Reading {
    const { tree, path } = question
    switch (definition.kind) {
      case 'value': {
        const source = moduleOf(definition.node)
        const [step, ...rest] = [...definition.path, ...path]
        if (source !== undefined && step !== undefined && 'property' in step)
          return readImport(question, source, step.property, rest)
        return read({ ...question, node: definition.node, path: [...definition.path, ...path] })
      }
      case 'loop':
        if (definition.isKeys)
          return isConstant(tree, definition.over)
            ? constant()
            : unknown(question, `a name in ${shorten(tree.textOf(definition.over))}`)
        return read({ ...question, node: definition.over, path: [{ any: true }, ...definition.path, ...path] })
      case 'parameter':
        return readParameter(question, definition, name)
      case 'enum':
        return read({ ...question, node: definition.node, path: [] })
      case 'import': {
        const [step, ...rest] = path
        if (definition.name === '*')
          return step !== undefined && 'property' in step
            ? readImport(question, definition.source, step.property, rest)
            : noText
        return readImport(question, definition.source, definition.name, path)
      }
      case 'function':
      case 'class':
        return noText
      case 'caught':
        return unknown(question, `the error ${name}`)
    }
  }

  function readImport(question: Question, source: string, name: string, path: readonly PathStep[]): Reading {
    const to = project.follow(question.tree, source)
    if (typeof to === 'string') return unknown(question, `${name} of ${source}`)
    const found = project.exported(to, name)
    if (found.length === 0) return unknown(question, `${name} of ${source}`)
    return union(found.map((each) => read({ ...question, ...each, path, bound: noBound })))
  }

  function readParameter(
    question: Question,
    definition: Extract<Definition, { kind: 'parameter' }>,
    name: string,
  ): Reading {
    const { tree, path, bound, depth } = question
    const { of: made, index, isRest } = definition
    const wanted = [...definition.path, ...path]
    const known = bound.get(made)
    const argument = (given: Arguments): Reading => {
      if (isRest) return union(given.slice(index).map((each) => read({ ...question, ...each, path: wanted.slice(1) })))
      const each = given[index]
      return each === undefined ? constant() : read({ ...question, ...each, path: wanted })
    }
    if (known !== undefined) return argument(known)
    const calls = project.callsOf(tree, made).filter(({ node }) => node.arguments.length > 0)
    const step = `parameter ${name} at ${tree.placeOf(made)}`
    if (calls.length > 0) {
      return through(
        union(
          calls.map((call) =>
            argument(
              call.node.arguments.map((each) => ({
                tree: call.tree,
                bound: noBound,
                node: each.type === 'SpreadElement' ? each.argument : each,
              })),
            ),
          ),
        ),
        step,
      )
    }
    return readCallback({ ...question, path: wanted, depth }, made, index, name)
  }

  /** The parameter of a function that is handed to another: what lists and promises hand over is known. */
  function readCallback(question: Question, made: FunctionNode, index: number, name: string): Reading {
    const { tree } = question
    const call = tree.parentOf(made)
    const otherwise = (): Reading => unknown(question, `the parameter ${name}${spell(question.path)}`)
    if (call?.type !== 'CallExpression' || call.callee.type !== 'MemberExpression') return otherwise()
    const method = propertyOf(call.callee) ?? ''
    const elements = (): Reading =>
      read({
        ...question,
        node: call.callee.type === 'MemberExpression' ? call.callee.object : call.callee,
        path: [{ any: true }, ...question.path],
      })
    if (/^(?:map|flatMap|filter|forEach|some|every|find|findLast|findIndex|sort|toSorted)$/.test(method)) {
      if (index === 1 && !/ort/.test(method)) return constant()
      return elements()
    }
    if (/^reduce(?:Right)?$/.test(method)) {
      const [, start] = call.arguments
      if (index === 1) return elements()
      if (index > 1) return constant()
      const results =
        made.body === null || made.body.type === 'BlockStatement'
          ? []
          : [read({ ...question, node: made.body, path: [] })]
      return union([
        ...(start === undefined || start.type === 'SpreadElement'
          ? [elements()]
          : [read({ ...question, node: start })]),
        ...results,
      ])
    }
    if (method === 'then') return read({ ...question, node: call.callee.object })
    if (method === 'from' && index === 1) return constant()
    if (method === 'from') {
      const [source] = call.arguments
      return source === undefined
        ? constant()
        : read({ ...question, node: source, path: [{ any: true }, ...question.path] })
    }
    if (method === 'replace' || method === 'replaceAll')
      return read({ ...question, node: call.callee.object, path: [] })
    return otherwise()
  }
}

const isSameStep = (one: PathStep | undefined, other: PathStep | undefined): boolean => {
  if (one === undefined || other === undefined) return false
  if ('any' in one || 'any' in other || 'rest' in one || 'rest' in other) return true
  if ('property' in one) return 'property' in other && one.property === other.property
  return 'element' in other && one.element === other.element
}

/** The definitions and changes of a name that a use of it may see. */
function reaching(tree: SyntaxTree, use: SyntaxNode, binding: Binding): Pick<Binding, 'definitions' | 'writes'> {
  const { definitions, writes } = binding
  if (writes.length === 0) return binding
  const around = ancestorsOf(tree, use)
  const home = functionAround(tree, use)
  const isLoop = (node: SyntaxNode): boolean => /^(?:For|While|DoWhile)/.test(node.type)
  const isEarlier = (at: SyntaxNode): boolean => {
    if (functionAround(tree, at) !== home) return true
    if (at.end <= use.start) return true
    return ancestorsOf(tree, at).some((each) => isLoop(each) && around.includes(each)) && !around.includes(at)
  }
  const seen = writes.filter(({ at }) => isEarlier(at))
  const last = seen.findLastIndex(({ at, replaces, path }) => {
    if (
      !replaces ||
      (path.length > 0 && definitions.length > 0) ||
      functionAround(tree, at) !== home ||
      at.end > use.start
    )
      return false
    const block = ancestorsOf(tree, at).find(
      (each) =>
        each.type === 'BlockStatement' || each.type === 'Program' || each.type === 'SwitchCase' || isFunction(each),
    )
    return block !== undefined && around.includes(block) && tree.parentOf(tree.parentOf(at) ?? at) === block
  })
  return last < 0 ? { definitions, writes: seen } : { definitions: [], writes: seen.slice(last) }
}
