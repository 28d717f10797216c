import { parseSync, Visitor } from 'oxc-parser'
import { defaultTreeAdapter, parse } from 'parse5'
import type { DefaultTreeAdapterTypes } from 'parse5'
import { hostileCall } from '../attacks/hostile-texts.ts'

/** A place in a page where a text became markup or script instead of text. */
export interface Injection {
  marker: string
  /** What it became, e.g. `<img onerror>`. */
  became: string
}

const addresses = new Set(['href', 'src', 'action', 'formaction', 'data', 'ping', 'background', 'poster', 'xlink:href'])
const scriptAddress = /^[\s\p{Cc}]*(?:javascript|data|vbscript)\s*:/iu

/** Reads a page as a browser would and finds what hostile texts have become in it, other than text. */
export function findInjections(page: string, markers: readonly string[]): Injection[] {
  const found: Injection[] = []
  const note = (held: string, became: string): void => {
    for (const marker of markers) if (held.includes(marker)) found.push({ marker, became })
  }
  const walk = (node: DefaultTreeAdapterTypes.Node): void => {
    if (defaultTreeAdapter.isElementNode(node)) {
      note(node.tagName, `<${node.tagName}>`)
      for (const { name, value } of node.attrs) {
        note(name, `<${node.tagName} ${name}>`)
        const isScript = /^on/i.test(name) || name === 'srcdoc' || (addresses.has(name) && scriptAddress.test(value))
        if (isScript) note(value, `<${node.tagName} ${name}>`)
        // no hostile text is its marker alone: such an attribute was made by one
        else if (markers.includes(value)) note(value, `<${node.tagName} ${name}>`)
      }
      if (node.tagName === 'script') {
        const content = node.childNodes.map((child) => ('value' in child ? child.value : '')).join('')
        for (const call of callsIn(content)) note(call, '<script>')
      }
    }
    if (node.nodeName === 'template' && 'content' in node) walk(node.content)
    if ('childNodes' in node) for (const child of node.childNodes) walk(child)
  }
  walk(parse(page))
  return found
}

/** The calls of hostile texts in a script; within its texts and comments they are none. */
function callsIn(script: string): string[] {
  const calls: string[] = []
  new Visitor({
    CallExpression({ callee, start, end }) {
      const name = callee.type === 'MemberExpression' ? callee.property : callee
      if (name.type === 'Identifier' && name.name === hostileCall) calls.push(script.slice(start, end))
    },
  }).visit(parseSync('page.js', script).program)
  return calls
}

/** The text that a page shows, its attributes' values included. */
export function textOf(page: string): string {
  const texts: string[] = []
  const walk = (node: DefaultTreeAdapterTypes.Node): void => {
    if (defaultTreeAdapter.isTextNode(node)) texts.push(node.value)
    if (defaultTreeAdapter.isElementNode(node)) texts.push(...node.attrs.map(({ value }) => value))
    if ('childNodes' in node) for (const child of node.childNodes) walk(child)
  }
  walk(parse(page))
  return texts.join('\n')
}

/** What a content security policy lets a page run that it should not: empty for one that stops injected scripts. */
export function weaknessesOf(policy: string | undefined): string[] {
  if (policy === undefined) return ['there is none']
  const directives = new Map(
    policy
      .split(';')
      .map((directive) => directive.trim().toLowerCase().split(/\s+/))
      .filter(([name]) => name !== undefined && name !== '')
      .toReversed()
      // of two with one name, browsers take the first
      .map(([name = '', ...sources]) => [name, sources] as const),
  )
  const sources = directives.get('script-src') ?? directives.get('default-src')
  if (sources === undefined) return ['it names no script-src and no default-src']
  const isStrict = sources.some((source) => /^'(?:nonce-|sha(?:256|384|512)-)/.test(source))
  return [
    ...(sources.includes("'unsafe-inline'") && !isStrict ? ["scripts within the page ('unsafe-inline')"] : []),
    ...(sources.includes("'unsafe-eval'") ? ["texts as scripts ('unsafe-eval')"] : []),
    ...(sources.some((source) => /^(?:\*|https?:|data:|blob:|\*\..*)$/.test(source)) ? ['scripts from anywhere'] : []),
  ]
}
