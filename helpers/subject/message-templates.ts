import { readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { listProductionFiles } from '../source/files.ts'
import { readPack } from './made-up-profile.ts'
import type { Subject } from './subject.ts'

/** A text that messages are made from, by its name in the profile pack. */
export interface MessageTemplate {
  name: string
  /** Whether a message was made from it. */
  matches(body: string): boolean
  /** A harmless value for each of its variables. */
  variables: Record<string, string>
}

/** How a template names what is filled in, in the usual languages of templates. */
export const templateVariable = /\{\{[^{}]*\}\}|\$\{[^{}]*\}|\{[a-z_]\w*\}|<%=?[^%]*%>|%s|:[a-z]\w+/gi

/** Every message template of the subject's profile packs. @throws when there is none. */
export async function readTemplates({ root, profilePacks }: Subject): Promise<MessageTemplate[]> {
  const packs = await Promise.all(profilePacks.map((pack) => readPack(root, pack)))
  const templates = packs.flatMap((pack) => {
    const { messages } = (pack as { templates?: { messages?: unknown } }).templates ?? {}
    return Object.entries(messages ?? {}).flatMap(([name, value]) =>
      textsOf(value).map((text) => ({ name, matches: matcherOf(text), variables: variablesOf(text) })),
    )
  })
  if (templates.length === 0)
    throw new Error(
      'No profile pack with message templates is named, so that nobody knows which messages there are: add profilePacks: [{ file, export }] to the subject file.',
    )
  return templates
}

function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  const longest = Object.values(value ?? {}).filter((one): one is string => typeof one === 'string')
  return longest.toSorted((one, other) => other.length - one.length).slice(0, 1)
}

function variablesOf(text: string): Record<string, string> {
  const names = [...text.matchAll(templateVariable)].flatMap(([found]) => /[a-z_]\w*/i.exec(found) ?? [])
  return Object.fromEntries(names.map((name) => [name, 'Monday']))
}

function matcherOf(text: string): MessageTemplate['matches'] {
  const parts = text.split(templateVariable).map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`))
  const pattern = new RegExp(parts.map((part) => part.trim().replaceAll(/\s+/g, String.raw`\s+`)).join('[^]*'))
  return (body) => pattern.test(body)
}

/**
 * Where the source names templates of which no message was seen. The file that lists all templates does not count: one that is
 * named nowhere else is sent by nothing of its own accord.
 */
export function usesOf(
  { root }: Subject,
  unseen: readonly string[],
  seen: readonly string[],
): { name: string; file: string }[] {
  const all = [...unseen, ...seen]
  return listProductionFiles(root).flatMap((file) => {
    const text = readFileSync(file, 'utf8')
    const isNamed = (name: string): boolean => new RegExp(String.raw`(?<![\w-])${name}(?![\w-])`).test(text)
    if (all.every(isNamed)) return []
    return unseen.filter(isNamed).map((name) => ({ name, file: relative(root, file) }))
  })
}
