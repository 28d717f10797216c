import { searchDatabase } from '../../database/search.ts'
import { findIn } from '../../evidence/encodings.ts'
import type { EncodedFinding } from '../../evidence/encodings.ts'
import { GuessableDigests } from './digests.ts'
import type { ErasureTrial } from './judge.ts'
import type { KnownPerson } from '../../subject/known-person.ts'

type Trace = ErasureTrial['left'][number]
type Who = Trace['who']

/** Looks for what is known of people. */
export class TraceSearch {
  readonly #people: readonly (KnownPerson & { who: Who })[]
  readonly #digests = new GuessableDigests()
  readonly #labels = new Map<string, { who: Who; what: string }>()
  readonly #needles: Record<string, string> = {}

  constructor(people: readonly (KnownPerson & { who: Who })[], tenantId: string) {
    this.#people = people
    for (const { who, person, customerId } of people) {
      this.#digests.add(this.#label(who, 'the phone number'), person.phone, [tenantId, customerId])
      this.#digests.add(this.#label(who, 'the e-mail address'), person.email, [tenantId, customerId])
    }
  }

  #label(who: Who, what: string): string {
    const label = `${what} of ${who}`
    this.#labels.set(label, { who, what })
    return label
  }

  /** In a text or in bytes, in every usual encoding and as a digest. */
  #find(content: string | Buffer): EncodedFinding[] {
    // what a person is known by may have grown since
    for (const { who, canaries } of this.#people)
      for (const [what, text] of Object.entries(canaries)) this.#needles[this.#label(who, what)] = text
    return [...findIn(content, this.#needles), ...this.#digests.findIn(String(content))]
  }

  /** What of whom stands in a text, such as an answer or a line of a log. */
  in(content: string, where: string): Trace[] {
    return this.#find(content).flatMap((finding) => this.#trace(finding, where))
  }

  /** What of whom stands in any column of any table. */
  async inDatabase(url: string): Promise<{ traces: Trace[]; tables: number; rows: number }> {
    const { findings, tablesSearched, rowsSearched } = await searchDatabase(url, [], (content) => this.#find(content))
    const traces = findings.flatMap((finding) =>
      this.#trace(finding, `table ${finding.schema}.${finding.table}, column ${finding.column}`),
    )
    return { traces, tables: tablesSearched, rows: rowsSearched }
  }

  #trace({ label, encoding }: EncodedFinding, where: string): Trace[] {
    const about = this.#labels.get(label)
    return about === undefined ? [] : [{ ...about, encoding, where }]
  }
}
