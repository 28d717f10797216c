/** One sample of the Prometheus text format. */
export interface Sample {
  /** As written, so with `_bucket`, `_sum` or `_count` where it is part of a histogram. */
  name: string
  labels: Readonly<Record<string, string>>
  value: number
}

/** The samples under one `# TYPE`. */
export interface MetricFamily {
  name: string
  type: string
  samples: Sample[]
}

/** What a scrape said, and where it breaks the format. */
export interface Exposition {
  families: Map<string, MetricFamily>
  samples: Sample[]
  /** In sentences, with line numbers; none where it is well-formed. */
  problems: string[]
}

const types = new Set(['counter', 'gauge', 'histogram', 'summary', 'untyped'])
const metricName = /^[a-zA-Z_:][a-zA-Z0-9_:]*/
const labelName = /^[a-zA-Z_][a-zA-Z0-9_]*/
const number = /^[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|inf|infinity|nan)$/i
const suffixes: Readonly<Record<string, readonly string[]>> = {
  histogram: ['_bucket', '_sum', '_count'],
  summary: ['', '_sum', '_count'],
}

/**
 * Reads the Prometheus text exposition format 0.0.4 as strictly as its specification: what a scraper might pass over is a
 * problem here. Lines that cannot be read are left out.
 */
export function readExposition(text: string): Exposition {
  const exposition: Exposition = { families: new Map(), samples: [], problems: [] }
  const { families, samples, problems } = exposition
  const helped = new Set<string>()
  const seen = new Set<string>()
  const closed = new Set<string>()
  let current: MetricFamily | undefined
  const enter = (family: MetricFamily, line: number): void => {
    if (current !== undefined && current !== family) closed.add(current.name)
    if (closed.has(family.name)) problems.push(`line ${line}: the samples of ${family.name} do not stand together`)
    current = family
  }
  if (text !== '' && !text.endsWith('\n')) problems.push('the last line does not end with a line feed')
  for (const [index, line] of text.split('\n').entries()) {
    const at = index + 1
    if (line.trim() === '') continue
    if (line.startsWith('#')) {
      const [, kind, name = '', rest = ''] = /^#[ \t]+(HELP|TYPE)[ \t]+(\S+)[ \t]*(.*)$/.exec(line) ?? []
      if (kind === undefined) continue
      if (metricName.exec(name)?.[0] !== name) problems.push(`line ${at}: ${name} is no name of a metric`)
      if (kind === 'HELP') {
        if (helped.has(name)) problems.push(`line ${at}: a second HELP for ${name}`)
        helped.add(name)
        continue
      }
      if (families.has(name)) problems.push(`line ${at}: ${name} has a type already, or samples before it`)
      if (!types.has(rest)) problems.push(`line ${at}: ${rest} is no type of a metric`)
      const family = families.get(name) ?? { name, type: rest, samples: [] }
      families.set(name, family)
      enter(family, at)
      continue
    }
    const sample = readSample(line)
    if (typeof sample === 'string') {
      problems.push(`line ${at}: ${sample}`)
      continue
    }
    const key = seriesKey(sample)
    if (seen.has(key)) problems.push(`line ${at}: ${key} is given twice`)
    seen.add(key)
    const family = familyOf(sample.name, families)
    families.set(family.name, family)
    enter(family, at)
    family.samples.push(sample)
    samples.push(sample)
  }
  for (const family of families.values()) problems.push(...problemsOfHistogram(family))
  return exposition
}

/** A series by its name and labels, in one spelling. */
export const seriesKey = ({ name, labels }: Sample): string => {
  const written = Object.entries(labels)
    .toSorted(([one], [next]) => (one < next ? -1 : 1))
    .map(([label, value]) => `${label}=${JSON.stringify(value)}`)
  return `${name}{${written.join(',')}}`
}

function familyOf(name: string, families: ReadonlyMap<string, MetricFamily>): MetricFamily {
  for (const family of families.values()) {
    if ((suffixes[family.type] ?? ['']).some((suffix) => `${family.name}${suffix}` === name)) return family
  }
  return { name, type: 'untyped', samples: [] }
}

/** A sample, or what is wrong with the line. */
function readSample(line: string): Sample | string {
  const name = metricName.exec(line)?.[0]
  if (name === undefined) return `no name of a metric at the start of ${shown(line)}`
  let rest = line.slice(name.length).trimStart()
  const labels: Record<string, string> = {}
  if (rest.startsWith('{')) {
    rest = rest.slice(1).trimStart()
    while (!rest.startsWith('}')) {
      const label = labelName.exec(rest)?.[0]
      if (label === undefined) return `no name of a label at ${shown(rest)}`
      const value = /^\s*=\s*"((?:[^"\\]|\\.)*)"\s*/.exec(rest.slice(label.length))
      if (value === null) return `the label ${label} has no value in double quotes`
      const [whole, written = ''] = value
      const unknown = /\\[^\\"n]/.exec(written.replaceAll('\\\\', ''))
      if (unknown !== null) return `the label ${label} has the unknown escape ${unknown[0]}`
      if (Object.hasOwn(labels, label)) return `the label ${label} is given twice`
      labels[label] = written.replaceAll(/\\(.)/g, (_pair, letter: string) => (letter === 'n' ? '\n' : letter))
      rest = rest.slice(label.length + whole.length)
      if (rest.startsWith(',')) rest = rest.slice(1).trimStart()
      else if (!rest.startsWith('}')) return `no comma or brace after the label ${label}`
    }
    rest = rest.slice(1)
  }
  const [value = '', timestamp, ...more] = rest.trim().split(/[ \t]+/)
  if (!number.test(value)) return `${shown(value)} is no number`
  if (timestamp !== undefined && !/^-?\d+$/.test(timestamp)) return `${shown(timestamp)} is no time`
  if (more.length > 0) return `more after the value: ${shown(more.join(' '))}`
  return { name, labels, value: toNumber(value) }
}

function toNumber(written: string): number {
  const plain = written.toLowerCase()
  if (plain === 'nan') return Number.NaN
  if (/inf/.test(plain)) return plain.startsWith('-') ? -Infinity : Infinity
  return Number(written)
}

const shown = (text: string): string => JSON.stringify(text.slice(0, 60))

function problemsOfHistogram({ name, type, samples }: MetricFamily): string[] {
  if (type !== 'histogram') return []
  const problems: string[] = []
  const groups = new Map<string, { buckets: { le: number; count: number }[]; sum?: number; count?: number }>()
  for (const sample of samples) {
    const { le, ...others } = sample.labels
    const key = seriesKey({ ...sample, name, labels: others })
    const group = groups.get(key) ?? { buckets: [] }
    groups.set(key, group)
    if (sample.name.endsWith('_sum')) group.sum = sample.value
    else if (sample.name.endsWith('_count')) group.count = sample.value
    else if (le === undefined || !number.test(le)) problems.push(`${key} has a bucket without a bound`)
    else group.buckets.push({ le: toNumber(le), count: sample.value })
  }
  for (const [key, { buckets, sum, count }] of groups) {
    const last = buckets.at(-1)
    if (sum === undefined || count === undefined) problems.push(`${key} lacks _sum or _count`)
    if (last?.le !== Infinity) problems.push(`${key} lacks the bucket +Inf`)
    else if (count !== undefined && last.count !== count)
      problems.push(`${key} counts ${count}, its bucket +Inf ${last.count}`)
    const isOrdered = buckets.every((bucket, index) => {
      const earlier = buckets[index - 1]
      return earlier === undefined || (bucket.le > earlier.le && bucket.count >= earlier.count)
    })
    if (!isOrdered) problems.push(`${key} has buckets that do not grow`)
  }
  return problems
}
