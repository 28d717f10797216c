import { loadModule, parsePlPgSQLSync, parseSync } from 'libpg-query'
import { z } from 'zod'
import { withClient } from './client.ts'

/** A function of the database that puts a statement together and runs it. */
export interface StoredFinding {
  /** The function with its schema. */
  routine: string
  /** What it runs, as it is written. */
  expression: string
  /** The part of it that is neither a constant nor quoted. */
  part: string
}

/** What the reading of a database's functions gave. */
export interface StoredAudit {
  routines: number
  findings: StoredFinding[]
  /** Functions that could not be parsed, with why. */
  unreadable: string[]
}

// PostgreSQL's own schemas, and what extensions brought along, are not the subject's
const listing = `
  SELECT n.nspname || '.' || p.proname AS name, pg_get_functiondef(p.oid) AS definition
  FROM pg_proc p
  JOIN pg_namespace n ON n.oid = p.pronamespace
  JOIN pg_language l ON l.oid = p.prolang
  WHERE l.lanname = 'plpgsql' AND n.nspname NOT IN ('pg_catalog', 'information_schema')
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
  ORDER BY 1`

/** Reads every function of a database for statements that it joins from more than constants and quoted parts. */
export async function auditStoredStatements(url: string): Promise<StoredAudit> {
  await loadModule()
  const { rows } = await withClient(url, (client) => client.query<{ name: string; definition: string }>(listing))
  const audit: StoredAudit = { routines: rows.length, findings: [], unreadable: [] }
  for (const { name, definition } of rows) {
    try {
      audit.findings.push(...findDynamic(definition).map((found) => ({ routine: name, ...found })))
    } catch (error) {
      audit.unreadable.push(`${name}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  return audit
}

const expressionSchema = z.object({ PLpgSQL_expr: z.object({ query: z.string() }) })
const variableSchema = z.object({
  PLpgSQL_var: z.object({
    refname: z.string(),
    datatype: z.object({ PLpgSQL_type: z.object({ typname: z.string() }) }),
  }),
})
const functionSchema = z.object({
  plpgsql_funcs: z.array(
    z.object({ PLpgSQL_function: z.object({ datums: z.array(z.unknown()).default([]), action: z.unknown() }) }),
  ),
})

/** The statements of one function that are made when it runs. Needs `loadModule` to have been awaited. */
export function findDynamic(definition: string): Omit<StoredFinding, 'routine'>[] {
  const parsed = functionSchema.parse(parsePlPgSQLSync(definition))
  return parsed.plpgsql_funcs.flatMap(({ PLpgSQL_function: { datums, action } }) => {
    const types = new Map(
      datums.flatMap((datum) => {
        const { data } = variableSchema.safeParse(datum)
        return data === undefined
          ? []
          : [[data.PLpgSQL_var.refname, data.PLpgSQL_var.datatype.PLpgSQL_type.typname] as const]
      }),
    )
    const found: Found = { run: [], assigned: new Map(), filled: new Set() }
    collect(action, found)
    return found.run.flatMap((expression) =>
      openParts(expression, { types, found, seen: new Set() }).map((part) => ({ expression, part })),
    )
  })
}

interface Found {
  /** Expressions that are run as statements. */
  run: string[]
  assigned: Map<string, string[]>
  /** Variables that a query fills. */
  filled: Set<string>
}

const running: Record<string, string> = {
  PLpgSQL_stmt_dynexecute: 'query',
  PLpgSQL_stmt_return_query: 'dynquery',
  PLpgSQL_stmt_dynfors: 'query',
  PLpgSQL_stmt_open: 'dynquery',
}

function collect(node: unknown, found: Found): void {
  if (typeof node !== 'object' || node === null) return
  if (Array.isArray(node)) {
    for (const each of node) collect(each, found)
    return
  }
  for (const [kind, content] of Object.entries(node)) {
    const property = running[kind]
    const own =
      property === undefined
        ? undefined
        : expressionSchema.safeParse((content as Record<string, unknown>)[property]).data
    if (own !== undefined) found.run.push(own.PLpgSQL_expr.query)
    if (kind === 'PLpgSQL_stmt_assign') {
      const expression = expressionSchema.safeParse((content as { expr?: unknown }).expr).data?.PLpgSQL_expr.query ?? ''
      const [, name, value] = /^\s*"?(\w+)"?\s*:?=\s*([\s\S]*)$/.exec(expression) ?? []
      if (name !== undefined && value !== undefined)
        found.assigned.set(name, [...(found.assigned.get(name) ?? []), value])
    }
    if (kind === 'PLpgSQL_row')
      for (const { name } of (content as { fields?: { name: string }[] }).fields ?? []) found.filled.add(name)
    collect(content, found)
  }
}

interface Context {
  types: ReadonlyMap<string, string>
  found: Found
  seen: Set<string>
}

// a value of such a type has no text that could end a name or a literal
const closedTypes =
  /^(?:pg_catalog\.)?(?:regclass|regtype|regproc|regprocedure|regnamespace|int[248]?|integer|bigint|smallint|oid|bool(?:ean)?|uuid|date|time(?:stamp)?(?:tz)?|interval|numeric|float[48])\b/i
const quotingFunctions = new Set([
  'quote_ident',
  'quote_literal',
  'quote_nullable',
  'count',
  'length',
  'now',
  'to_char',
  'md5',
  'pg_get_userbyid',
])
const passingFunctions = new Set([
  'coalesce',
  'concat',
  'concat_ws',
  'string_agg',
  'array_to_string',
  'array_agg',
  'lower',
  'upper',
  'trim',
  'btrim',
  'replace',
  'left',
  'right',
  'nullif',
  'substr',
  'substring',
  'rpad',
  'lpad',
])
const nodeSchema = z.record(z.string(), z.unknown())

/** The parts of an expression that may be any text. */
function openParts(expression: string, context: Context): string[] {
  const { stmts = [] } = parseSync(`SELECT ${expression}`) as { stmts?: { stmt?: unknown }[] }
  const target = z
    .object({ SelectStmt: z.object({ targetList: z.array(z.object({ ResTarget: z.object({ val: z.unknown() }) })) }) })
    .safeParse(stmts[0]?.stmt)
  if (!target.success) return [expression]
  return target.data.SelectStmt.targetList.flatMap(({ ResTarget: { val } }) => openIn(val, context))
}

function openIn(node: unknown, context: Context): string[] {
  const { data } = nodeSchema.safeParse(node)
  const [kind, content] = Object.entries(data ?? {})[0] ?? []
  const fields = nodeSchema.safeParse(content).data ?? {}
  const all = (nodes: unknown): string[] => (Array.isArray(nodes) ? nodes.flatMap((each) => openIn(each, context)) : [])
  switch (kind ?? '') {
    case 'A_Const':
    case 'SubLink':
    case 'NullTest':
    case 'BoolExpr':
      return kind === 'SubLink' ? ['a subquery'] : []
    case 'A_Expr':
      return [fields['lexpr'], fields['rexpr']].flatMap((each) => (each === undefined ? [] : openIn(each, context)))
    case 'TypeCast':
      return closedTypes.test(lastName(nodeSchema.safeParse(fields['typeName']).data?.['names']))
        ? []
        : openIn(fields['arg'], context)
    case 'CoalesceExpr':
    case 'A_ArrayExpr':
      return all(fields['args'] ?? fields['elements'])
    case 'CaseExpr':
      return [
        ...all(fields['args']),
        ...(fields['defresult'] === undefined ? [] : openIn(fields['defresult'], context)),
      ]
    case 'CaseWhen':
      return openIn(fields['result'], context)
    case 'FuncCall': {
      const name = lastName(fields['funcname'])
      if (quotingFunctions.has(name)) return []
      if (name === 'format') return openInFormat(fields['args'], context)
      return passingFunctions.has(name) ? all(fields['args']) : [`${name}(…)`]
    }
    case 'ColumnRef':
      return openVariable(names(fields['fields']), context)
    default:
      return [kind ?? 'an expression']
  }
}

/** `%I` and `%L` quote what they are given, `%s` does not. */
function openInFormat(given: unknown, context: Context): string[] {
  const [template, ...values] = Array.isArray(given) ? (given as unknown[]) : []
  const text = z.object({ A_Const: z.object({ sval: z.object({ sval: z.string() }) }) }).safeParse(template)
  if (!text.success) return ['a computed format']
  const places = [...text.data.A_Const.sval.sval.matchAll(/%(?:(\d+)\$)?-?\d*([sIL])/g)]
  return values.flatMap((value, index) => {
    const kinds = places.filter(([, number], place) => (number === undefined ? place : Number(number) - 1) === index)
    return kinds.some(([, , kind]) => kind === 's') ? openIn(value, context) : []
  })
}

function openVariable(path: string[], context: Context): string[] {
  const { types, found, seen } = context
  const [name = ''] = path
  const whole = path.join('.')
  if (path.length === 1 && /^tg_(?:relid|nargs)$/i.test(name)) return []
  const type = types.get(name)
  if (type !== undefined && closedTypes.test(type)) return []
  const values = found.assigned.get(name)
  if (path.length > 1 || values === undefined || found.filled.has(name)) return [whole]
  if (seen.has(name)) return []
  seen.add(name)
  return values.flatMap((value) => openParts(value, context))
}

const names = (list: unknown): string[] =>
  z
    .array(z.object({ String: z.object({ sval: z.string() }) }))
    .catch([])
    .parse(list)
    .map(({ String: { sval } }) => sval)

const lastName = (list: unknown): string => names(list).at(-1) ?? ''
