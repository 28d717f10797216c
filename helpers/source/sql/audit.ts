import { listProductionFiles } from '../files.ts'
import { createOriginReader } from './origins.ts'
import { readProject } from './project.ts'
import type { Project } from './project.ts'
import { noBound, shorten, textProperties } from './reading.ts'
import type { OriginReader, Question, Reading } from './reading.ts'
import { findSinks } from './sinks.ts'
import type { Sink } from './sinks.ts'
import { ancestorsOf, bare, isFunction } from './syntax-tree.ts'

/** A text from elsewhere than the source that becomes part of a statement. */
export interface SqlFinding {
  /** The query call, as `file:line:column`. */
  where: string
  call: string
  /** What comes in, and where. */
  what: string
  from: string
  /** The places that it goes by. */
  steps: string[]
}

/** What the reading of a repository's query calls gave. */
export interface SqlAudit {
  files: number
  /** Query calls whose text was followed. */
  calls: number
  findings: SqlFinding[]
  /** Files that could not be parsed, with why. */
  unreadable: string[]
}

const looksLikeSql =
  /^[\s(;]*(?:select|insert\s+into|update|delete\s+from|with|create|alter|drop|truncate|call|merge|replace\s+into|begin|copy|lock|grant|revoke|explain|refresh|vacuum|pragma|set\s+(?:local|session)|values)\b/i

/** Reads every query call of a repository, or of some files, and says which texts from elsewhere become SQL. */
export function auditSql(root: string, files: readonly string[] = listProductionFiles(root)): SqlAudit {
  const project = readProject(root, files)
  const reader = createOriginReader(project)
  const audit: SqlAudit = { files: files.length, calls: 0, findings: [], unreadable: project.unreadable }
  for (const tree of project.trees) {
    for (const sink of findSinks(project, tree)) {
      if (isHandedOn(project, sink)) continue
      const reading = readSink(reader, sink)
      if (reading.isOther) continue
      const isSql = reading.pieces.some((piece) => looksLikeSql.test(piece))
      if (!sink.isCertain && !isSql) continue
      audit.calls += 1
      for (const { what, from, steps } of reading.trails)
        audit.findings.push({
          where: tree.placeOf(sink.node),
          call: shorten(sink.name),
          what,
          from,
          steps: steps.toReversed(),
        })
    }
  }
  return audit
}

function readSink(reader: OriginReader, sink: Sink): Reading {
  const question: Question = { tree: sink.tree, node: sink.text, path: [], bound: noBound, depth: 0 }
  const whole = reader.read(question)
  const parts = whole.isOther ? textProperties.map((step) => reader.read({ ...question, path: [step] })) : [whole]
  const text = reader.union(parts.filter(({ isOther }) => !isOther))
  if (parts.every(({ isOther }) => isOther)) return whole
  return reader.union([text, ...rawValues(reader, sink, text)])
}

/** Values that pg-promise puts into the text as they are: `$1:raw`, `${name}^`, and `:value` outside of single quotes. */
function rawValues(reader: OriginReader, sink: Sink, { pieces }: Reading): Reading[] {
  const question: Question = { tree: sink.tree, node: sink.text, path: [], bound: noBound, depth: 0 }
  return pieces.flatMap((piece) =>
    [...piece.matchAll(/\$(?:(\d+)|[{(<[/](\w+)(?=[:^#]|[})>\]/][:^#])[})>\]/]?)(?::raw|:value|\^|#)/g)].flatMap(
      (found) => {
        const [, number, name] = found
        const quotes = piece.slice(0, found.index).split("'").length - 1
        if (quotes % 2 === 1 && found[0].endsWith(':value')) return []
        const steps = number === undefined ? [{ property: name ?? '' }] : [{ element: Number(number) - 1 }]
        if (sink.values !== undefined) return [reader.read({ ...question, node: sink.values, path: steps })]
        return [reader.read({ ...question, path: [{ property: 'values' }, ...steps] })]
      },
    ),
  )
}

/** `query: (text, values) => pool.query(text, values)`: whoever calls that is a query call of its own. */
function isHandedOn(project: Project, sink: Sink): boolean {
  const text = bare(sink.text)
  if (text.type !== 'Identifier') return false
  const [definition, ...others] = project.bindingsOf(sink.tree).of(text).definitions
  if (definition?.kind !== 'parameter' || others.length > 0 || definition.path.length > 0 || definition.index > 0)
    return false
  const made = ancestorsOf(sink.tree, sink.node).find((each) => isFunction(each))
  if (made !== definition.of || !isFunction(made)) return false
  const name = project.memberNameOf(sink.tree, made)
  return name === 'query' || name === 'queryRaw' || name === '$queryRawUnsafe'
}
