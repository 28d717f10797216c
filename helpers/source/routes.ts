import { readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { parseSync, Visitor } from 'oxc-parser'
import type { Argument, ObjectExpression } from 'oxc-parser'
import { listProductionFiles } from './files.ts'
import { placesIn } from './places.ts'

/** A route that a source file registers. */
export interface SourceRoute {
  /** In capitals; `ALL` for every method. */
  method: string
  /** As it is written, so without the prefix of whatever it is registered in. */
  path: string
  where: string
}

/** The routes found in a repository's source. */
export interface SourceRoutes {
  files: number
  routes: SourceRoute[]
  /** Places where a route is registered whose path is computed. */
  computed: string[]
  /** Files that could not be parsed. */
  unreadable: string[]
}

const methods = new Set(['get', 'post', 'put', 'patch', 'delete', 'head', 'options', 'all'])
const handlers = new Set([
  'ArrowFunctionExpression',
  'FunctionExpression',
  'Identifier',
  'MemberExpression',
  'CallExpression',
])

/** Finds `app.get(path, …, handler)` and its like, and `app.route({ method, url })`, as Fastify, Express and others have them. */
export function readRoutes(root: string): SourceRoutes {
  const found: SourceRoutes = { files: 0, routes: [], computed: [], unreadable: [] }
  for (const file of listProductionFiles(root)) {
    found.files += 1
    readFile(file, relative(root, file), found)
  }
  return found
}

function readFile(file: string, shown: string, found: SourceRoutes): void {
  const source = readFileSync(file, 'utf8')
  const { program, errors } = parseSync(file, source)
  if (errors.length > 0) {
    found.unreadable.push(shown)
    return
  }
  const place = placesIn(source)
  const note = (routeMethods: readonly string[], path: string | undefined, at: number): void => {
    const { line, column } = place(at)
    const where = `${shown}:${line}:${column}`
    if (path === undefined) found.computed.push(where)
    else for (const method of routeMethods) found.routes.push({ method: method.toUpperCase(), path, where })
  }
  new Visitor({
    CallExpression({ callee, arguments: given, start }) {
      if (callee.type !== 'MemberExpression' || callee.property.type !== 'Identifier') return
      const { name } = callee.property
      const [first] = given
      if (name === 'route' && first?.type === 'ObjectExpression') {
        const named = namesOf(first)
        if (named !== undefined) note(named.methods, named.path, start)
        return
      }
      const last = given.at(-1)
      if (
        !methods.has(name) ||
        first === undefined ||
        given.length < 2 ||
        last === undefined ||
        !handlers.has(last.type)
      )
        return
      const path = pathOf(first)
      // `map.get(key, otherwise)` and its like register nothing
      if (path?.startsWith('/') === true) note([name], path, start)
      else if (path === undefined && /Function/.test(last.type) && first.type === 'TemplateLiteral')
        note([name], undefined, start)
    },
  }).visit(program)
}

function namesOf(options: ObjectExpression): { methods: string[]; path: string | undefined } | undefined {
  const values = new Map(
    options.properties.flatMap((property) =>
      property.type === 'Property' && property.key.type === 'Identifier'
        ? [[property.key.name, property.value] as const]
        : [],
    ),
  )
  const path = values.get('url') ?? values.get('path')
  const method = values.get('method')
  if (path === undefined || method === undefined) return undefined
  const listed = method.type === 'ArrayExpression' ? method.elements : [method]
  return {
    methods: listed.flatMap((one) => (one?.type === 'Literal' && typeof one.value === 'string' ? [one.value] : [])),
    path: pathOf(path),
  }
}

function pathOf(expression: Argument | ObjectExpression['properties'][number]): string | undefined {
  if (expression.type === 'Literal' && typeof expression.value === 'string') return expression.value
  if (expression.type === 'TemplateLiteral' && expression.expressions.length === 0)
    return expression.quasis[0]?.value.cooked ?? undefined
  return undefined
}
