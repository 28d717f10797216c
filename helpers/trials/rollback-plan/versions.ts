import { lt, valid } from 'semver'

/** Whether a version precedes another: by semantic versioning, or number by number (1.4.0.2, 2026.11.02). */
export function precedes(version: string, other: string): 'yes' | 'no' | 'unknown' {
  const [first, second] = [version, other].map(plain)
  if (first === undefined || second === undefined || first === second) return 'no'
  const [numbers, others] = [numbersOf(first), numbersOf(second)]
  if (numbers === undefined || others === undefined) {
    if (valid(first) === null || valid(second) === null) return 'unknown'
    return lt(first, second) ? 'yes' : 'no'
  }
  const length = Math.max(numbers.length, others.length)
  for (let index = 0; index < length; index += 1) {
    const difference = (numbers[index] ?? 0) - (others[index] ?? 0)
    if (difference !== 0) return difference < 0 ? 'yes' : 'no'
  }
  return 'no'
}

/** Whether a text names a version, then another, then the first again; a longer version that holds one of them is another. */
export function goesThereAndBack(text: string, version: string, previous: string): boolean {
  const places = (one: string): number[] =>
    plain(one) === '' ? [] : [...text.matchAll(patternOf(plain(one)))].map(({ index }) => index)
  const there = places(version)
  return places(previous).some(
    (between) => there.some((place) => place < between) && there.some((place) => place > between),
  )
}

const plain = (version: string): string => version.trim().replace(/^v(?=\d)/i, '')

const numbersOf = (version: string): number[] | undefined =>
  /^\d+(?:[.-]\d+)*$/.test(version) ? version.split(/[.-]/).map(Number) : undefined

const patternOf = (version: string): RegExp => {
  const escaped = version.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
  return new RegExp(String.raw`(?<![\w.+-])v?${escaped}(?![\w+-]|\.\w)`, 'gi')
}
