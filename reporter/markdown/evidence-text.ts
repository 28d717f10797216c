type Json = string | number | boolean | null | Json[] | { [key: string]: Json }

interface Unit {
  suffix: RegExp
  print(value: number): string
}

const formats = [0, 1, 2, 3].map((digits) => new Intl.NumberFormat('en-US', { maximumFractionDigits: digits }))
const number = (value: number, digits: 0 | 1 | 2 | 3): string => formats[digits]?.format(value) ?? String(value)

const units: readonly Unit[] = [
  { suffix: /Milliseconds$/, print: (value) => `${number(value, value < 10 ? 2 : 0)} ms` },
  { suffix: /Seconds$/, print: (value) => `${number(value, 2)} s` },
  { suffix: /Minutes$/, print: (value) => `${number(value, 1)} min` },
  { suffix: /Hours$/, print: (value) => `${number(value, 1)} h` },
  { suffix: /Days$/, print: (value) => `${number(value, 1)} days` },
  { suffix: /Megabytes$/, print: (value) => `${number(value, 1)} MB` },
  { suffix: /Kilobytes$/, print: (value) => `${number(value, 1)} kB` },
  { suffix: /Bytes$/, print: (value) => `${number(value, 0)} bytes` },
  { suffix: /PerSecond$/, print: (value) => `${number(value, 1)}/s` },
  { suffix: /Percent$/, print: (value) => `${number(value, 2)}%` },
  { suffix: /(Ratio|Share|Fraction)$/, print: (value) => `${number(value * 100, 2)}%` },
]

const mostFacts = 6
const mostItems = 4

/** Evidence as a short line, made from field names and units: `{ latencyMilliseconds: 412 }` gives "latency: 412 ms". */
export function describeEvidence(evidence: Record<string, Json>): string {
  const facts = Object.entries(evidence).flatMap(([key, value]) => factsOf(key, value, 0))
  const rest = facts.length - mostFacts
  return facts.slice(0, mostFacts).join('; ') + (rest > 0 ? `; and ${rest} more` : '')
}

const names = new Map<string, string>()
const mostNames = 10_000

/** A field's name in words, without the unit it ends with: `p95LatencyMilliseconds` gives "p95 latency". */
export function nameOf(key: string): string {
  const known = names.get(key)
  if (known !== undefined) return known
  const unit = units.find(({ suffix }) => suffix.test(key) && key.replace(suffix, '') !== '')
  const bare = unit === undefined ? key : key.replace(unit.suffix, '')
  const name = bare
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replaceAll(/[_-]+/g, ' ')
    .toLowerCase()
    .replaceAll(/\b(?:api|http|id|json|phi|sms|sql|tls|url)\b/g, (word) => word.toUpperCase())
  if (names.size < mostNames) names.set(key, name)
  return name
}

/** A value in words, with the unit that its field's name ends with. */
export function printValue(key: string, value: Json): string {
  if (typeof value === 'number') return (units.find(({ suffix }) => suffix.test(key))?.print ?? plain)(value)
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  if (value === null) return 'none'
  if (typeof value === 'string') return value
  if (!Array.isArray(value)) return describeEvidence(value)
  if (value.some((item) => typeof item === 'object' && item !== null)) return String(value.length)
  const shown = value.slice(0, mostItems).map((item) => printValue(key, item))
  return value.length === 0
    ? 'none'
    : shown.join(', ') + (value.length > mostItems ? ` and ${value.length - mostItems} more` : '')
}

const plain = (value: number): string =>
  Number.isInteger(value) && Math.abs(value) < 1000 ? String(value) : number(value, 3)

function factsOf(key: string, value: Json, depth: number): string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return [`${nameOf(key)}: ${printValue(key, value)}`]
  }
  const inner = Object.entries(value)
  if (depth > 0) return [`${nameOf(key)}: ${inner.length} values`]
  return inner.flatMap(([innerKey, innerValue]) =>
    factsOf(innerKey, innerValue, depth + 1).map((fact) => `${nameOf(key)} ${fact}`),
  )
}

const measurements = {
  seconds: [
    { name: /p95\w*Milliseconds$/i, scale: 0.001 },
    { name: /p95\w*Seconds$/i, scale: 1 },
  ],
  percent: [
    { name: /Percent$/, scale: 1 },
    { name: /(Ratio|Share|Fraction)$/, scale: 100 },
  ],
} as const

/** The one number that a performance row shows, e.g. "0.4s" from `p95Milliseconds` or "62%" from `peakPercent`. */
export function actualOf(evidence: Record<string, Json>, unit: 'seconds' | 'percent'): string | undefined {
  const wanted = measurements[unit]
  // the outermost field first: inner ones are of single routes or windows
  let level: [string, Json][] = Object.entries(evidence)
  while (level.length > 0) {
    for (const { name, scale } of wanted) {
      const found = level.find(([key, value]) => name.test(key) && typeof value === 'number')
      if (found !== undefined)
        return unit === 'seconds' ? seconds(Number(found[1]) * scale) : `${number(Number(found[1]) * scale, 1)}%`
    }
    level = level.flatMap(([, value]) =>
      typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : [],
    )
  }
  return undefined
}

function seconds(value: number): string {
  const digits = value < 1 ? 3 : 2
  // up, never down: 1.004 s must not read as meeting 1 s
  return `${(Math.ceil(Number((value * 10 ** digits).toFixed(6))) / 10 ** digits).toFixed(digits)}s`
}
