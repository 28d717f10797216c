import { z } from 'zod'
import { quoteIdentifier, withClient } from '../../database/client.ts'
import { listTables } from '../../database/tables.ts'
import { readPack } from '../../subject/made-up-profile.ts'
import type { Subject } from '../../subject/subject.ts'
import { templateVariable } from '../../subject/message-templates.ts'
import { findHealthInformation } from './detector.ts'
import type { PhiTrial } from './judge.ts'
import { healthVariables } from './terms.ts'

/** A text, or several, from which messages are made. */
export interface StoredTemplate {
  name: string
  source: string
  texts: readonly string[]
}

/** The templates of the profile packs. */
export async function readPackTemplates({ root, profilePacks }: Subject): Promise<StoredTemplate[]> {
  const packs = await Promise.all(
    profilePacks.map(async (pack) => ({ source: `profile pack ${pack.file}`, content: await readPack(root, pack) })),
  )
  return packs.flatMap(({ source, content }) =>
    Object.entries(packSchema.parse(content).templates.messages).map(([key, value]) => ({
      name: namedSchema.safeParse(value).data?.name ?? key,
      source,
      texts: textsOf(value),
    })),
  )
}

const packSchema = z.looseObject({
  templates: z.looseObject({ messages: z.union([z.record(z.string(), z.unknown()), z.array(z.unknown())]) }),
})
const namedSchema = z.looseObject({ name: z.string() })

const textsOf = (value: unknown): string[] => {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsOf) : []
}

/** What a database holds to be filled in, wherever it is; and every text of a table that is called after templates. */
export function readDatabaseTemplates(url: string): Promise<StoredTemplate[]> {
  return withClient(url, async (client) => {
    const found: StoredTemplate[] = []
    for (const { schema, name: table, qualified, columns } of await listTables(client)) {
      const texts = columns.filter(({ type }) => /^(?:text|character|json|\w+\[\])/.test(type))
      if (texts.length === 0) continue
      const isAboutTemplates = /template|wording/i.test(table)
      const held = texts.map(({ name }) => `${quoteIdentifier(name)}::text`)
      const filter = isAboutTemplates
        ? 'true'
        : held.map((text) => String.raw`${text} ~ '\{\{\s*\w+\s*\}\}'`).join(' OR ')
      const { rows } = await client.query<(string | null)[]>({
        text: `SELECT ${held.join(', ')} FROM ${qualified} WHERE ${filter} LIMIT 500`,
        rowMode: 'array',
      })
      for (const [index, row] of rows.entries()) {
        const content = row.flatMap((cell) => cell ?? [])
        const name = content.find((cell) => /^[a-z][\w.-]{3,60}$/i.test(cell)) ?? `in row ${index + 1}`
        found.push({ name, source: `table ${schema}.${table}`, texts: content })
      }
    }
    return found
  })
}

/** The names of a template's variables. */
export const variablesOf = (text: string): string[] => [
  ...new Set([...text.matchAll(templateVariable)].map(([found]) => found.replaceAll(/[^\w.]/g, ''))),
]

/** A template as it might be sent: what is not known to be something else may be a number, such as behind "MRN". */
const asSent = (text: string): string =>
  text.replaceAll(templateVariable, (name) =>
    /name|clinic|date|day|time|hour|url|link/i.test(name) ? ' … ' : '219099999',
  )

// what stands there may tell of a treatment: it is left to the messages that were seen, where one was
const servicesOrNotes = /service|notes$|reason|procedure/

/** Words of health information in each template, and variables that stand for it; `seen` are those of which a message was sent. */
export function auditTemplates(templates: readonly StoredTemplate[], seen: ReadonlySet<string>): PhiTrial['templates'] {
  return templates.map(({ name, source, texts }) => {
    const words = texts.flatMap((text) => findHealthInformation(asSent(text)))
    const variables = texts.flatMap(variablesOf).flatMap((variable) => {
      const plain = variable.toLowerCase().replaceAll(/[^a-z]/g, '')
      const kinds = healthVariables.flatMap(([kind, names]) => (names.test(plain) ? [kind] : []))
      if (kinds.length === 0 && !seen.has(name) && servicesOrNotes.test(plain)) kinds.push('treatment')
      return kinds.map((kind) => ({ word: `{{${variable}}}`, kind }))
    })
    return { name, source, findings: [...words, ...variables].map(({ word, kind }) => ({ word, kind })) }
  })
}
