import { randomBytes } from 'node:crypto'

/** A text that does harm where it is taken for markup or script, and a word that only it holds. */
export interface HostileText {
  name: string
  /** Argument of the call that the text makes when it runs, or its element's id. */
  marker: string
  text: string
}

/** Name of the function that hostile texts call; a browser that looks at a page listens for it. */
export const hostileCall = 'aroGate'

const shapes: readonly (readonly [name: string, make: (call: string, marker: string) => string])[] = [
  ['a script element', (call) => `<script>${call}</script>`],
  ['an image that fails to load', (call) => `"><img src=x onerror=${call}>`],
  ['an attribute with double quotes', (call) => `" autofocus tabindex=1 onfocus=${call} x="`],
  ['an attribute with single quotes', (call) => `' autofocus tabindex=1 onfocus=${call} x='`],
  ['the end of a title and a cell', (call) => `</title></td></textarea><svg/onload=${call}>`],
  ['the end of a script', (call) => `</script><script>${call}</script>`],
  ['a script address', (call) => `javascript:${call}`],
  ['a frame with a document', (call) => `<iframe srcdoc="<script>parent.${call}</script>"></iframe>`],
  ['markup that is escaped already', (call) => `&lt;img src=x onerror=${call}&gt;`],
  ['escaped for JavaScript', (call) => String.raw`\u003cimg src=x onerror=${call}\u003e`],
  ['markup without script', (_call, marker) => `<b id=${marker}>bold</b>`],
  ['the end of a text in a script', (call) => `';${call};//`],
]

/** One text of each kind, each with a marker of its own. */
export function hostileTexts(): HostileText[] {
  return shapes.map(([name, make]) => {
    const marker = `x${randomBytes(6).toString('hex')}`
    return { name, marker, text: make(`${hostileCall}('${marker}')`, marker) }
  })
}
