import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import type { Nodes, Root } from 'mdast'
import { fromMarkdown } from 'mdast-util-from-markdown'

/** A part of a document, from its heading to the next one of the same depth or above. */
export interface DocumentPart {
  heading: string
  /** What a reader sees, code included, without the heading. */
  text: string
  /** Its code spans and the lines of its code blocks, with what the paragraph says before them. */
  codes: { text: string; line: number; before: string }[]
}

/** A Markdown document, as far as it is examined. */
export interface MarkdownDocument {
  /** Path from the root. */
  file: string
  title: string
  parts: DocumentPart[]
  /** Relative links whose target is not there, as `target (line)`. */
  brokenLinks: string[]
  links: number
  text: string
}

/** Reads the Markdown documents of a folder and those below it. @throws when the folder is missing. */
export function readDocuments(root: string, folder: string): MarkdownDocument[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(?:md|markdown)$/i.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted()
    .map((file) => readDocument(root, file))
}

function readDocument(root: string, file: string): MarkdownDocument {
  const text = readFileSync(file, 'utf8')
  const tree = fromMarkdown(text)
  const links = linksOf(tree)
  const brokenLinks = links
    .filter(({ url }) => !/^[a-z][a-z+.-]*:|^#|^\/\//i.test(url))
    .filter(({ url }) => !existsSync(join(dirname(file), decodeURI(url.replace(/[?#].*$/, '')))))
    .map(({ url, line }) => `${url} (line ${line})`)
  const title = tree.children.find((node) => node.type === 'heading')
  return {
    file: relative(root, file),
    title: title === undefined ? '' : textOf(title),
    parts: partsOf(tree),
    brokenLinks,
    links: links.length,
    text,
  }
}

function partsOf({ children }: Root): DocumentPart[] {
  return children.flatMap((heading, index) => {
    if (heading.type !== 'heading') return []
    const rest = children.slice(index + 1)
    const end = rest.findIndex((node) => node.type === 'heading' && node.depth <= heading.depth)
    const body = end === -1 ? rest : rest.slice(0, end)
    return [
      {
        heading: textOf(heading),
        text: body
          .map((node) => textOf(node))
          .join('\n')
          .trim(),
        codes: body.flatMap((node) => codesOf(node)),
      },
    ]
  })
}

const childrenOf = (node: Nodes): Nodes[] => ('children' in node ? node.children : [])

function textOf(node: Nodes): string {
  if ('value' in node) return node.value
  const between = ['list', 'listItem', 'blockquote'].includes(node.type) ? '\n' : ''
  return childrenOf(node)
    .map((child) => textOf(child))
    .join(between)
}

function codesOf(node: Nodes, before = ''): DocumentPart['codes'] {
  const line = node.position?.start.line ?? 0
  if (node.type === 'inlineCode') return [{ text: node.value.trim(), line, before }]
  if (node.type === 'code')
    return node.value.split('\n').map((text, index) => ({ text: text.trim(), line: line + 1 + index, before }))
  let said = before
  return childrenOf(node).flatMap((child) => {
    const codes = codesOf(child, said)
    said = node.type === 'paragraph' ? said + textOf(child) : before
    return codes
  })
}

function linksOf(node: Nodes): { url: string; line: number }[] {
  const own =
    node.type === 'link' || node.type === 'image' || node.type === 'definition'
      ? [{ url: node.url, line: node.position?.start.line ?? 0 }]
      : []
  return [...own, ...childrenOf(node).flatMap((child) => linksOf(child))]
}
