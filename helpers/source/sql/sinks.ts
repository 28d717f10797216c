import { moduleOf } from './project.ts'
import type { CallNode, Located, Project } from './project.ts'
import { bare, nameOfCallee, propertyOf } from './syntax-tree.ts'
import type { SyntaxNode, SyntaxTree } from './syntax-tree.ts'

/** A place where a text becomes SQL. */
export interface Sink extends Located<CallNode> {
  name: string
  text: SyntaxNode
  /** Values that go with the text, for clients that put some of them into it. */
  values: SyntaxNode | undefined
  /** Whether it is one whatever the text looks like; otherwise the text has to look like SQL. */
  isCertain: boolean
}

const certain = new Set([
  'query',
  '$queryRawUnsafe',
  '$executeRawUnsafe',
  'queryRaw',
  'executeSql',
  'simpleQuery',
  'queryStream',
  'queryArray',
  'queryObject',

  'whereRaw',
  'orWhereRaw',
  'andWhereRaw',
  'havingRaw',
  'orHavingRaw',
  'orderByRaw',
  'groupByRaw',
  'joinRaw',
  'fromRaw',
  'selectRaw',
  'onRaw',
])
// names that much else has too
const raw = new Set([
  'raw',
  'unsafe',
  'literal',
  'ref',
  'rawQuery',
  'unsafeRaw',
  '__dangerouslyRawSql',
  'dangerouslyRaw',
  'lit',
  'table',
  'id',
])
const uncertain = new Set([
  'execute',
  'exec',
  'prepare',
  'run',
  'all',
  'get',
  'each',
  'any',
  'many',
  'manyOrNone',
  'none',
  'one',
  'oneOrNone',
  'map',
  'multi',
  'multiResult',
  'result',
  'batch',

  'executeQuery',
  'queryOne',
  'queryFirst',
  'stream',
  'iterate',
  'execBatch',
  'executeRaw',
  'rawExec',
  'createProcStatement',
  'loadProcedure',
  'addSelect',
  'addOrderBy',
])
const builder = new Set([
  'where',
  'andWhere',
  'orWhere',
  'having',
  'andHaving',
  'orHaving',
  'orderBy',
  'addOrderBy',
  'groupBy',
  'addGroupBy',
  'select',
  'addSelect',
  'leftJoin',
  'innerJoin',
  'from',
  'set',
])

const databasePackage =
  /^(?:pg|pg-pool|pg-native|pg-promise|pg-cursor|pg-query-stream|mysql2?(?:\/.*)?|mariadb|sqlite3?|better-sqlite3|node:sqlite|mssql|tedious|oracledb|knex|sequelize|typeorm|kysely|postgres|slonik|drizzle-orm(?:\/.*)?|@prisma\/client|@sap\/hana-client(?:\/.*)?|@sap\/hdbext|hdb|bun:sqlite|@libsql\/client|@databases\/.*|@vercel\/postgres|@neondatabase\/serverless|@aws-sdk\/client-.*)$/
const databaseName =
  /^(?:db|database|pool|client|conn|connection|knex|sequelize|prisma|sql|Sql|trx|tx|transaction|unit|pg|pgp|mysql|stmt|session|queryRunner|entityManager|manager|dataSource|repository|Sequelize|Prisma|kysely|qb|queryBuilder|request)$/

/** Every place of a file where a text may become SQL. */
export function findSinks(project: Project, tree: SyntaxTree): Sink[] {
  return tree.nodes.flatMap((node) => sinkAt(project, tree, node))
}

function sinkAt(project: Project, tree: SyntaxTree, node: SyntaxNode): Sink[] {
  if (node.type !== 'CallExpression' && node.type !== 'NewExpression') return []
  const callee = bare(node.callee)
  const name = nameOfCallee(callee) ?? ''
  const given = node.arguments.map((each) => (each.type === 'SpreadElement' ? each.argument : each))
  const make = (place: number, isCertain: boolean): Sink[] => {
    const text = given[place]
    // a list is what a prepared statement is given
    return text === undefined || bare(text).type === 'ArrayExpression'
      ? []
      : [
          {
            tree,
            node,
            name: tree.textOf(node.callee).replaceAll(/\s+/g, ''),
            text,
            values: given[place + 1],
            isCertain,
          },
        ]
  }
  if (node.type === 'NewExpression') {
    if (/^(?:Query|Cursor|QueryStream|PreparedStatement|ParameterizedQuery)$/.test(name)) return make(0, true)
    return /(?:SqlStatement|ExecuteStatement|QueryExecution)\w*Command$/.test(name) ? make(0, true) : []
  }
  if (callee.type !== 'MemberExpression') {
    // `sql(text)` of a client is a piece of a statement only where it is no tag
    return []
  }
  if (name === 'bind' && callee.object.type === 'MemberExpression' && uncertain.has(propertyOf(callee.object) ?? ''))
    return make(1, false)
  const isDatabase = (): boolean => isDatabaseObject(project, tree, callee.object)
  if (certain.has(name)) {
    if (isElsewhere(project, tree, callee.object)) return []
    // parameters of a request over HTTP
    return make(0, !chainHas(callee.object, /^(?:get|post|put|patch|delete|head)$/))
  }
  if (raw.has(name)) {
    if (callee.object.type === 'Identifier' && callee.object.name === 'String') return []
    const isNamed = name === 'raw' || name === 'unsafe' || name === 'rawQuery' || name === 'literal' || name.length > 6
    return isDatabase() && (isNamed || isSqlTag(callee.object)) ? make(0, true) : []
  }
  if (builder.has(name) && chainHas(callee.object, /^(?:createQueryBuilder|queryBuilder)$/)) return make(0, true)
  if (!uncertain.has(name)) return []
  if (name === 'createProcStatement') return make(1, true)
  if (name === 'loadProcedure') return make(2, true)
  return make(0, isFromPackage(project, tree, callee.object))
}

const isSqlTag = (node: SyntaxNode): boolean => node.type === 'Identifier' && /^(?:sql|Sql|SQL)$/.test(node.name)

function chainHas(raw: SyntaxNode, names: RegExp): boolean {
  const node = bare(raw)
  if (node.type === 'CallExpression') return names.test(nameOfCallee(node.callee) ?? '') || chainHas(node.callee, names)
  return node.type === 'MemberExpression' && chainHas(node.object, names)
}

/** Whether an object is known to be no database: what an import of another package gives, or `URL` and its like. */
function isElsewhere(project: Project, tree: SyntaxTree, raw: SyntaxNode): boolean {
  const node = bare(raw)
  if (node.type !== 'Identifier') return false
  return project
    .bindingsOf(tree)
    .of(node)
    .definitions.some(
      (definition) =>
        definition.kind === 'import' &&
        typeof project.follow(tree, definition.source) === 'string' &&
        !databasePackage.test(definition.source),
    )
}

function isDatabaseObject(project: Project, tree: SyntaxTree, raw: SyntaxNode): boolean {
  const node = bare(raw)
  const name = node.type === 'MemberExpression' ? propertyOf(node) : node.type === 'Identifier' ? node.name : undefined
  if (name !== undefined && databaseName.test(name)) return true
  if (node.type === 'MemberExpression' && isDatabaseObject(project, tree, node.object)) return true
  return isFromPackage(project, tree, node)
}

/** Whether an object was made by a database client's package, as far as its declaration tells. */
function isFromPackage(project: Project, tree: SyntaxTree, raw: SyntaxNode, depth = 0): boolean {
  const node = bare(raw)
  if (depth > 6) return false
  const again = (next: SyntaxNode): boolean => isFromPackage(project, tree, next, depth + 1)
  const source = moduleOf(node)
  if (source !== undefined) return databasePackage.test(source)
  if (node.type === 'CallExpression' || node.type === 'NewExpression') return again(node.callee)
  if (node.type === 'MemberExpression') {
    const object = bare(node.object)
    if (object.type === 'ThisExpression') return fieldIsFromPackage(project, tree, node)
    return again(object)
  }
  if (node.type !== 'Identifier') return false
  return project
    .bindingsOf(tree)
    .of(node)
    .definitions.some((definition) => {
      if (definition.kind === 'import') return databasePackage.test(definition.source)
      if (definition.kind === 'value') return again(definition.node)
      if (definition.kind !== 'parameter') return false
      const call = tree.parentOf(definition.of)
      return call?.type === 'CallExpression' && call.callee.type === 'MemberExpression' && again(call.callee.object)
    })
}

/** `db: IDatabase` in a class, whose type comes from a client's package. */
function fieldIsFromPackage(
  project: Project,
  tree: SyntaxTree,
  node: Extract<SyntaxNode, { type: 'MemberExpression' }>,
): boolean {
  const name = propertyOf(node)
  return tree.nodes.some((each) => {
    if (each.type !== 'PropertyDefinition' || each.key.type !== 'Identifier' || each.key.name !== name) return false
    const type = each.typeAnnotation?.typeAnnotation
    if (type?.type !== 'TSTypeReference') return each.value !== null && isFromPackage(project, tree, each.value, 1)
    return type.typeName.type === 'Identifier' && isFromPackage(project, tree, type.typeName, 1)
  })
}
