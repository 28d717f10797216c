import { setTimeout as sleep } from 'node:timers/promises'
import { findIn } from '../../evidence/encodings.ts'
import { bytesIn, changedCells, mainStretch, readCells } from './sealed-cells.ts'
import type { Cell, Cells } from './sealed-cells.ts'
import { longKeyBytes } from './canaries.ts'
import type { SecretsTrial } from './judge.ts'

/** A stored value of which the plaintext is known, and what else changed in its row along with it. */
export interface StoredKey {
  plaintext: string
  /** The cells that hold the key sealed. */
  sealed: Cell[]
  /** All cells of the same rows that the write has changed. */
  changed: Cell[]
  before: Cells
}

const writtenWithinMilliseconds = 3000
const columnOf = ({ table, column }: Cell): string => `${table}.${column}`
const rowOf = ({ table, key }: Cell): string => JSON.stringify([table, key])

/** Watches what writes of API keys leave in the database, and finds out where they are kept. */
export class KeyStore {
  readonly #url: string
  readonly #names: readonly string[]
  readonly #ofOnePlaintext: Cell[] = []
  readonly #known: { plaintext: string; cells: Cell[] }[] = []
  #columns: Set<string> | undefined
  /** As it was after the write that was watched last. */
  #latest: Cells | undefined

  /** @param names what rows are told apart by, such as tenants' ids: no part of what is sealed */
  constructor(url: string, names: readonly string[]) {
    this.#url = url
    this.#names = names
  }

  /** Where sealed keys lie. */
  get columns(): string[] {
    return [...(this.#columns ?? [])].toSorted()
  }

  /** Writes a long key and notes every column that took as many bytes: what each of these writes changes is the store. */
  async locate(plaintext: string, write: () => Promise<void>): Promise<void> {
    const before = await readCells(this.#url)
    await write()
    const changed = await this.#awaitCells(before, (cell) => bytesIn(cell) >= longKeyBytes)
    // a copy in clear is a finding of its own, and no store, unless there is nothing else
    const sealed = changed.filter(({ value }) => findIn(value, [plaintext]).length === 0)
    const columns = new Set((sealed.length > 0 ? sealed : changed).map(columnOf))
    const earlier = this.#columns ?? columns
    this.#columns = new Set([...columns].filter((column) => earlier.has(column)))
    if (this.#columns.size === 0) {
      throw new Error(
        'PUT /integrations/{provider} was accepted and left nothing of the size of the key in any table: where it is kept could not be found, so nothing about its encryption was seen.',
      )
    }
    this.#known.push({ plaintext, cells: changed })
  }

  /** Writes a key and gives what that has left in the store. */
  async watch(plaintext: string, write: () => Promise<void>): Promise<StoredKey> {
    const before = this.#latest ?? (await readCells(this.#url))
    await write()
    const sealed = await this.#awaitCells(before, (cell) => this.#isStore(cell))
    if (sealed.length === 0) {
      throw new Error(`A key was written and nothing changed in ${this.columns.join(', ')}: its place was not found.`)
    }
    this.#known.push({ plaintext, cells: sealed })
    const rows = new Set(sealed.map(rowOf))
    const changed = changedCells(before, this.#latest ?? before).filter(
      (cell) => rows.has(rowOf(cell)) && !this.#isName(cell),
    )
    return { plaintext, sealed, changed, before }
  }

  /** Writes the same keys that an earlier such round wrote, and notes what is stored. */
  async rewrite(write: () => Promise<void>): Promise<void> {
    const before = await readCells(this.#url)
    await write()
    this.#ofOnePlaintext.push(...(await this.#awaitCells(before, (cell) => this.#isStore(cell))))
  }

  /** What the stored values give away without any key. */
  report(): SecretsTrial['storage'] {
    const known = this.#known.flatMap(({ plaintext, cells }) =>
      cells
        .filter((cell) => this.#isStore(cell))
        .map((cell) => ({ plaintext: Buffer.from(plaintext), bytes: bytesOf(cell) })),
    )
    const values = this.#ofOnePlaintext.map(bytesOf)
    return {
      columns: this.columns,
      samplesOfOnePlaintext: values.length,
      equalPairs: pairsOf(values).filter(([one, other]) => one.equals(other)).length,
      samplesOfKnownPlaintext: known.length,
      pairsUnderOneStream: pairsOf(known).filter(([one, other]) => isOneStream(one, other)).length,
    }
  }

  #isName({ key, value }: Cell): boolean {
    return key.includes(JSON.stringify(value)) || this.#names.some((name) => value.includes(name))
  }

  #isStore(cell: Cell): boolean {
    return this.#columns?.has(columnOf(cell)) ?? false
  }

  /** An answer may come before the write. */
  async #awaitCells(before: Cells, matches: (cell: Cell) => boolean): Promise<Cell[]> {
    const deadline = performance.now() + writtenWithinMilliseconds
    for (;;) {
      this.#latest = await readCells(this.#url)
      const changed = changedCells(before, this.#latest).filter(matches)
      if (changed.length > 0 || performance.now() > deadline) return changed
      await sleep(50)
    }
  }
}

const bytesOf = (cell: Cell): Buffer => mainStretch(cell)?.bytes ?? Buffer.from(cell.value)

function pairsOf<Item>(items: readonly Item[]): [Item, Item][] {
  return items.flatMap((one, index) => items.slice(index + 1).map((other): [Item, Item] => [one, other]))
}

const comparedBytes = 24

/** Whether two values were made by adding their plaintexts to the same key stream: then their difference is the plaintexts'. */
function isOneStream(one: { plaintext: Buffer; bytes: Buffer }, other: { plaintext: Buffer; bytes: Buffer }): boolean {
  const difference = xor(one.plaintext, other.plaintext, 0)
  if (difference.length < comparedBytes || difference.every((byte) => byte === 0)) return false
  const start = difference.subarray(0, comparedBytes)
  const last = Math.min(one.bytes.length, other.bytes.length) - comparedBytes
  for (let offset = 0; offset <= last; offset += 1) {
    if (xor(one.bytes, other.bytes, offset).subarray(0, comparedBytes).equals(start)) return true
  }
  return false
}

function xor(one: Buffer, other: Buffer, offset: number): Buffer {
  const length = Math.max(0, Math.min(one.length, other.length) - offset)
  return Buffer.from(Array.from({ length }, (_, index) => (one[offset + index] ?? 0) ^ (other[offset + index] ?? 0)))
}
