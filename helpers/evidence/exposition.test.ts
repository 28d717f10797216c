import { expect, test } from 'vitest'
import { readExposition } from './exposition.ts'

const good = `# HELP requests_total Requests, "all" of them
# TYPE requests_total counter
requests_total{path="C:\\\\dir",note="two\\nlines \\"quoted\\""} 3 1700000000000
requests_total{} +4.5e1

# a plain comment
# TYPE seconds histogram
seconds_bucket{le="0.1"} 1
seconds_bucket{le="+Inf"} 2
seconds_sum 0.3
seconds_count 2
untold NaN
`

test('reads names, labels with escapes, values and times', () => {
  const { samples, families, problems } = readExposition(good)
  expect(problems).toEqual([])
  expect(samples[0]).toEqual({
    name: 'requests_total',
    labels: { path: String.raw`C:\dir`, note: 'two\nlines "quoted"' },
    value: 3,
  })
  expect(samples[1]?.value).toBe(45)
  expect(families.get('seconds')?.samples).toHaveLength(4)
  expect(families.get('untold')?.type).toBe('untyped')
})

test.each([
  ['a label without quotes', 'a{b=c} 1\n', /no value in double quotes/],
  ['a label in single quotes', "a{b='c'} 1\n", /no value in double quotes/],
  ['a value that is none', 'a one\n', /no number/],
  ['an empty value', 'a{b="c"}\n', /no number/],
  ['a hyphen in a name', 'a-b 1\n', /no number/],
  ['a digit first', '1a 1\n', /no name of a metric/],
  ['a line without end', 'a 1', /does not end with a line feed/],
  ['a series twice', 'a{b="c",d="e"} 1\na{d="e",b="c"} 2\n', /given twice/],
  ['a label twice', 'a{b="c",b="d"} 1\n', /label b is given twice/],
  ['a type after samples', 'a 1\n# TYPE a counter\n', /a type already, or samples before it/],
  ['an unknown type', '# TYPE a count\na 1\n', /no type/],
  ['two helps', '# HELP a x\n# HELP a y\na 1\n', /second HELP/],
  ['families torn apart', '# TYPE a counter\n# TYPE b counter\nb 1\na{c="d"} 1\n', /do not stand together/],
  ['an unknown escape', 'a{b="\\d"} 1\n', /unknown escape/],
  ['a line break in a label', 'a{b="c\nd"} 1\n', /no value in double quotes/],
  ['more after the value', 'a 1 2 3\n', /more after the value/],
  [
    'a histogram without +Inf',
    '# TYPE h histogram\nh_bucket{le="1"} 1\nh_sum 1\nh_count 1\n',
    /lacks the bucket \+Inf/,
  ],
  ['a count that differs', '# TYPE h histogram\nh_bucket{le="+Inf"} 1\nh_sum 1\nh_count 2\n', /counts 2/],
  [
    'buckets that shrink',
    '# TYPE h histogram\nh_bucket{le="1"} 2\nh_bucket{le="2"} 1\nh_bucket{le="+Inf"} 2\nh_sum 1\nh_count 2\n',
    /do not grow/,
  ],
  ['a histogram without sum', '# TYPE h histogram\nh_bucket{le="+Inf"} 1\nh_count 1\n', /lacks _sum/],
  ['HTML', '<html></html>\n', /no name of a metric/],
])('says what is wrong: %s', (_name, text, words) => {
  expect(readExposition(text).problems.join('\n')).toMatch(words)
})
