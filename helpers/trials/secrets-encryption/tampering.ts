import { alterByte, overwriteCells, stretchesOf } from './sealed-cells.ts'
import type { Cell } from './sealed-cells.ts'
import type { StoredKey } from './storage.ts'

/** What is done to a stored key. */
export interface Tampering {
  what: string
  cells: Cell[]
  /** The key that lies in the other place, where values were moved. */
  otherKey?: string
}

/** How often one byte is altered, each time in another place. */
export const alterations = 3

/** The ways to alter one byte of what is stored, so that nonce, ciphertext and tag are each met wherever they lie. */
export function alter(stored: StoredKey, variation: number): Tampering {
  const parts = stored.changed.flatMap((cell) => {
    const earlier = stored.before.get(JSON.stringify([cell.table, cell.key, cell.column]))
    const before = earlier === undefined ? [] : stretchesOf(earlier)
    return stretchesOf(cell)
      .filter(({ bytes }, index) => before[index]?.bytes.equals(bytes) !== true)
      .map((stretch) => ({ cell, stretch }))
  })
  const isSealed = ({ cell }: (typeof parts)[number]): boolean =>
    stored.sealed.some(({ table, column }) => table === cell.table && column === cell.column)
  const largestFirst = parts
    .toSorted((one, other) => other.stretch.bytes.length - one.stretch.bytes.length)
    .toSorted((one, other) => Number(isSealed(other)) - Number(isSealed(one)))
  const [largest, ...others] = largestFirst
  if (largest === undefined) throw new Error('The stored key was found, but no bytes in it that could be altered.')
  const plan =
    others.length === 0
      ? [0, 0.5, 1].map((place) => ({ ...largest, place }))
      : [
          ...[largest, ...others.slice(0, alterations - 2)].map((part) => ({ ...part, place: 0.5 })),
          ...[1, 0].map((place) => ({ ...largest, place })),
        ]
  const { cell, stretch, place } = plan[variation] ?? { ...largest, place: 0.5 }
  const at = Math.round(place * (stretch.bytes.length - 1)) + 1
  return {
    what: `byte ${at} of ${stretch.bytes.length} in ${cell.table}.${cell.column} altered`,
    cells: [alterByte(cell, stretch, place)],
  }
}

/** Puts what is stored for one key in the place of another: each column's value into the same column. */
export function move(from: StoredKey, to: StoredKey, what: string): Tampering {
  const cells = to.changed.flatMap((cell) => {
    if (stretchesOf(cell).length === 0) return []
    const source = from.changed.find(({ table, column }) => table === cell.table && column === cell.column)
    return source === undefined ? [] : [{ ...cell, value: source.value }]
  })
  return { what, cells, otherKey: from.plaintext }
}

/** Carries it out in the database, in the place of whatever was done to the same key before. @returns how many rows it changed. */
export function tamper(url: string, stored: StoredKey, tampering: Tampering | undefined): Promise<number> {
  const altered = tampering?.cells ?? []
  const intact = stored.changed.filter(
    (cell) =>
      stretchesOf(cell).length > 0 && !altered.some(({ key, column }) => key === cell.key && column === cell.column),
  )
  return overwriteCells(url, [...intact, ...altered])
}
