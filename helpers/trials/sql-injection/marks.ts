import { makeMark } from '../../attacks/sql-injections.ts'
import type { Statement } from '../../database/tap.ts'

/** Which text was sent as what. */
export class Marks {
  readonly #fields = new Map<string, string>()

  /** A new mark for a field. */
  make(field: string): string {
    const mark = makeMark()
    this.#fields.set(mark, field)
    return mark
  }

  /** Notes a text that is not made up, such as a telephone number or an id that the subject gave. */
  note(field: string, text: string): void {
    if (text.length >= 8) this.#fields.set(text.toLowerCase(), field)
  }

  get fields(): string[] {
    return [...new Set(this.#fields.values())]
  }

  /** The fields whose marks are in a text, in whatever case. */
  fieldsIn(text: string): Set<string> {
    const held = text.toLowerCase()
    const found = new Set<string>()
    for (const [mark, field] of this.#fields) if (held.includes(mark)) found.add(field)
    return found
  }

  /** How many marks of each field are among bind values. */
  boundIn(statements: readonly Statement[]): Map<string, number> {
    const values = statements
      .flatMap(({ parameters }) => parameters.map((value) => readable(value ?? '')))
      .join('\n')
      .toLowerCase()
    const counts = new Map<string, number>()
    for (const [mark, field] of this.#fields) if (values.includes(mark)) counts.set(field, (counts.get(field) ?? 0) + 1)
    return counts
  }
}

// a value in binary format is shown in hexadecimal digits
const readable = (value: string): string =>
  /^\\x(?:[0-9a-f]{2})+$/.test(value) ? Buffer.from(value.slice(2), 'hex').toString('latin1') : value
