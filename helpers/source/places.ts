/** Where something stands in a source file, both from 1. */
export interface Place {
  line: number
  column: number
}

/** Turns offsets in a source text into lines and columns. */
export function placesIn(source: string): (offset: number) => Place {
  const starts = [0, ...[...source.matchAll(/\n/g)].map(({ index }) => index + 1)]
  return (offset) => {
    const line = starts.findLastIndex((start) => start <= offset)
    return { line: line + 1, column: offset - (starts[line] ?? 0) + 1 }
  }
}
