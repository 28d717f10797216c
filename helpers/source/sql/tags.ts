import { constant, shorten, textProperties } from './reading.ts'
import type { OriginReader, Question, Reading } from './reading.ts'
import { moduleOf, returnsOf } from './project.ts'
import { bare, nameOfCallee, propertyOf } from './syntax-tree.ts'
import type { SyntaxNode } from './syntax-tree.ts'

type Tagged = Extract<SyntaxNode, { type: 'TaggedTemplateExpression' }>

// packages whose tag makes each value a parameter
const bindingPackages =
  /^(?:postgres|slonik|@prisma\/client|drizzle-orm(?:\/.*)?|kysely|sql-template-strings|sql-template-tag|pg-template-tag|mssql|bun|@databases\/.*|@vercel\/postgres|@neondatabase\/serverless|@slonik\/.*|@nearform\/sql|squid|zapatos.*|@planetscale\/.*)$/
// tags that only tidy the text
const tidying = new Set(['dedent', 'outdent', 'stripIndent', 'stripIndents', 'oneLine', 'endent', 'html', 'css', 'raw'])
const bindingNames = /^(?:sql|SQL|\$queryRaw|\$executeRaw|query|execute|unnest|join|fragment|tx|trx|transaction|db|pg)$/

/** What a tagged template is as a text: nothing but constants where the tag binds its values. */
export function readTag(reader: OriginReader, question: Question & { node: Tagged }): Reading {
  const { tree, node } = question
  const pieces = node.quasi.quasis.map(({ value }) => value.cooked ?? value.raw)
  const joined = (): Reading =>
    reader.union([
      constant(pieces),
      ...node.quasi.expressions.map((each) => reader.read({ ...question, node: each, path: [] })),
    ])
  const tag = bare(node.tag)
  const own = reader.project.functionsOf(tree, tag)
  if (own.length > 0) {
    const values = [
      { node: node.quasi.quasis[0] ?? node.quasi, tree, bound: question.bound },
      ...node.quasi.expressions.map((each) => ({ node: each, tree, bound: question.bound })),
    ]
    const made = own.flatMap((found) =>
      returnsOf(found.node, found.tree).map((each) =>
        readMade(reader, { ...question, ...found, node: each, bound: new Map([[found.node, values]]) }),
      ),
    )
    const whole = reader.union(made)
    return reader.through(
      { ...whole, isOther: false, pieces: [...pieces, ...whole.pieces] },
      `tag ${shorten(tree.textOf(node.tag))} at ${tree.placeOf(node)}`,
    )
  }
  const name = nameOfCallee(tag.type === 'CallExpression' ? tag.callee : tag) ?? ''
  if (tag.type === 'MemberExpression' && propertyOf(tag) === 'raw') return joined()
  if (tidying.has(name)) return joined()
  if (/^(?:gql|graphql)$/.test(name)) return constant()
  const root = rootOf(tag)
  const source = root === undefined ? undefined : sourceOf(reader, question, root)
  if (source !== undefined ? bindingPackages.test(source) : bindingNames.test(name)) return constant(pieces)
  if (/sql|query|execute/i.test(name)) return constant(pieces)
  return joined()
}

/** What a tag makes, or the text in the object that it makes. */
function readMade(reader: OriginReader, question: Question): Reading {
  const whole = reader.read(question)
  if (!whole.isOther || question.path.length > 0) return whole
  return reader.union(textProperties.map((step) => reader.read({ ...question, path: [step] })))
}

function rootOf(node: SyntaxNode): Extract<SyntaxNode, { type: 'Identifier' }> | undefined {
  const plain = bare(node)
  if (plain.type === 'Identifier') return plain
  if (plain.type === 'MemberExpression') return rootOf(plain.object)
  return plain.type === 'CallExpression' ? rootOf(plain.callee) : undefined
}

function sourceOf(
  reader: OriginReader,
  { tree }: Question,
  root: Extract<SyntaxNode, { type: 'Identifier' }>,
): string | undefined {
  for (const definition of reader.project.bindingsOf(tree).of(root).definitions) {
    if (definition.kind === 'import') return definition.source
    if (definition.kind !== 'value') continue
    const made = bare(definition.node)
    const source =
      moduleOf(made) ??
      (made.type === 'CallExpression' || made.type === 'NewExpression' ? nestedSource(reader, made, tree) : undefined)
    if (source !== undefined) return source
  }
  return undefined
}

function nestedSource(
  reader: OriginReader,
  made: Extract<SyntaxNode, { type: 'CallExpression' | 'NewExpression' }>,
  tree: Question['tree'],
): string | undefined {
  const source = moduleOf(made.callee)
  if (source !== undefined) return source
  const root = rootOf(made.callee)
  if (root === undefined) return undefined
  const found = reader.project
    .bindingsOf(tree)
    .of(root)
    .definitions.find((definition) => definition.kind === 'import')
  return found?.kind === 'import' ? found.source : undefined
}
