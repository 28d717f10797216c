/** Invisible and reordering characters, by which a text can show other than what it is; an emoji's variant is neither. */
const unseen = /(?!\ufe0f)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu

const codePoint = (character: string): string => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`

const plain = /^[ -~]*$/
const plainLines = /^[\n -~]*$/

/** The text with line breaks as spaces and each invisible or reordering character written out, e.g. `\u202e`. */
export function makeVisible(text: string): string {
  if (plain.test(text)) return text
  return text.replaceAll(/\s*[\n\r\t\v\f]+\s*/g, ' ').replaceAll(unseen, codePoint)
}

/** As {@link makeVisible}, for text whose line breaks are to stay. */
export function makeVisibleKeepingLines(text: string): string {
  if (plainLines.test(text)) return text
  return text.replaceAll(unseen, (character) => (character === '\n' ? character : codePoint(character)))
}

/** Whatever markdown may give a meaning to; most text has none of it. */
const meaningful = /[\\`*[\]|~$<&_@]|:\/\/|mailto:|xmpp:|www\.|^\s*(?:[#>+=-]|\d+[.)])/i

/**
 * Text of the subject as one line of markdown that shows just that text, in a paragraph, a list item or a table cell: no
 * formatting, HTML, link, image, mention or formula comes of it.
 */
export function escapeMarkdown(text: string, longest = 600): string {
  const visible = shorten(makeVisible(text), longest)
  if (!meaningful.test(visible)) return visible.trim()
  return visible
    .replaceAll(/[\\`*[\]|~$]|<(?=[a-z/!?])/gi, String.raw`\$&`)
    .replaceAll(/(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, String.raw`\_`)
    .replaceAll(/&(?=#?\w+;)/g, String.raw`\&`)
    .replaceAll(/:(?=\/\/)/g, String.raw`\:`)
    .replaceAll(/\b(mailto|xmpp):/gi, String.raw`$1\:`)
    .replaceAll(/(www)\./gi, String.raw`$1\.`)
    .replaceAll('@', '@\u200b')
    .replace(/^(\s*)([#>+=-])/, String.raw`$1\$2`)
    .replace(/^(\s*\d+)([.)])(?=\s|$)/, String.raw`$1\$2`)
    .trim()
}

/** As {@link escapeMarkdown}, for text inside an HTML element. */
export function escapeHtml(text: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
  return makeVisible(text).replaceAll(/[&<>"']/g, (character) => entities[character] ?? '')
}

function shorten(text: string, longest: number): string {
  return text.length <= longest
    ? text
    : `${text
        .slice(0, longest - 1)
        .replace(/[\ud800-\udbff]$/, '')
        .trimEnd()}…`
}
