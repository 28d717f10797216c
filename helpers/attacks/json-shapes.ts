import fc from 'fast-check'

/** What a value of a request has to be: the part of JSON Schema that requests are described by. */
export interface JsonShape {
  type: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean'
  /** Besides JSON Schema's: `phone` (E.164), `person-name`, `plain-text` (nothing about anybody's health). */
  format?: string | undefined
  enum?: readonly string[] | undefined
  /** Where they are given, only these are taken for sure to be valid. */
  examples?: readonly unknown[] | undefined
  pattern?: string | undefined
  minLength?: number | undefined
  maxLength?: number | undefined
  minimum?: number | undefined
  maximum?: number | undefined
  items?: JsonShape | undefined
  properties?: Readonly<Record<string, JsonShape>> | undefined
  required?: readonly string[] | undefined
}

/** Values of one kind that a shape does not allow. */
export interface WrongValue {
  name: string
  value: fc.Arbitrary<unknown>
}

const letters = [...'abcdefghijklmnopqrstuvwxyz']
const nameStarts = [...'AEIOUÀÉÑÜŁŽАЯ李王金あأא']
const nameLetters = [...letters, ...'éüñçøßłšžаяいん明민']
// one of each that careless code takes apart: beyond the basic plane, composed of several, right to left, with an apostrophe
const nameEnds = [
  '',
  ' 𠮷田',
  ' 👩🏽‍⚕️',
  ' de la Cruz',
  " O'Brien",
  ' Zoe\u0308',
  ' سارة',
  '-Marie',
  ' null',
  ' %s',
  ' \\u0041',
]
const innocuous = [
  'Your clinic is open tomorrow.',
  'We moved to 5 Main Street.',
  'See you at nine 👍',
  'À bientôt, ¡gracias!',
  '明日お待ちしています',
]
const mailWords = ['ana', 'o.brien', 'lee+clinic', 'kim_1', 'x-y']

const pad = (value: number, digits = 2): string => String(value).padStart(digits, '0')
const word = (minimum: number, maximum: number): fc.Arbitrary<string> =>
  fc.array(fc.constantFrom(...letters), { minLength: minimum, maxLength: maximum }).map((all) => all.join(''))

/** Moments within the next year, as people and programs write them. */
function moments(): fc.Arbitrary<string> {
  const styles = ['Z', '.000Z', '+00:00', '-05:00', '+05:30']
  return fc
    .record({ hours: fc.integer({ min: 72, max: 8000 }), style: fc.constantFrom(...styles) })
    .map(({ hours, style }) => {
      const whole = new Date(Math.floor(Date.now() / 3_600_000 + hours) * 3_600_000).toISOString().slice(0, 19)
      return `${whole}${style}`
    })
}

const byFormat: Record<string, () => fc.Arbitrary<string>> = {
  uuid: () => fc.uuid({ version: 4 }),
  phone: () =>
    fc
      .tuple(fc.constantFrom(212, 305, 415, 617, 702), fc.nat(9999), fc.integer({ min: 556, max: 999 }))
      .map(([area, line, exchange]) => `+1${area}${exchange}${pad(line, 4)}`),
  email: () =>
    fc
      .tuple(fc.constantFrom(...mailWords), word(6, 10), fc.constantFrom('example.org', 'mail.example.co.uk'))
      .map(([first, rest, domain]) => `${first}.${rest}@${domain}`),
  'date-time': moments,
  date: () => moments().map((moment) => moment.slice(0, 10)),
  'person-name': () =>
    fc
      .tuple(
        fc.constantFrom(...nameStarts),
        fc.array(fc.constantFrom(...nameLetters), { minLength: 2, maxLength: 12 }),
        fc.constantFrom(...nameEnds),
      )
      .map(([first, rest, end]) => `${first}${rest.join('')}${end}`),
  'plain-text': () => fc.constantFrom(...innocuous),
}

/** Values that a shape allows. */
export function validValues(shape: JsonShape): fc.Arbitrary<unknown> {
  const { enum: choices, format, pattern, minLength = 1, maxLength = 40, minimum = 0, maximum = 1_000_000 } = shape
  if (shape.examples !== undefined && shape.examples.length > 0) return fc.constantFrom(...shape.examples)
  if (choices !== undefined && choices.length > 0) return fc.constantFrom(...choices)
  switch (shape.type) {
    case 'boolean':
      return fc.boolean()
    case 'integer':
      return fc.integer({ min: minimum, max: maximum })
    case 'number':
      return fc.double({ min: minimum, max: maximum, noNaN: true })
    case 'array':
      return fc.array(validValues(shape.items ?? { type: 'string' }), { minLength: 1, maxLength: 3 })
    case 'string': {
      const made = format === undefined ? undefined : byFormat[format]
      if (made !== undefined) return made()
      if (pattern !== undefined) return fc.stringMatching(new RegExp(pattern, 'u'))
      return word(Math.max(1, minLength), Math.max(1, minLength, Math.min(maxLength, 40)))
    }
    case 'object':
      return fc.record(mapShapes(shape.properties ?? {}, validValues), { requiredKeys: [...(shape.required ?? [])] })
  }
}

function mapShapes(
  shapes: Readonly<Record<string, JsonShape>>,
  make: (shape: JsonShape) => fc.Arbitrary<unknown>,
): Record<string, fc.Arbitrary<unknown>> {
  return Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, make(shape)]))
}

const malformed: Record<string, readonly string[]> = {
  uuid: ['1', 'not-a-uuid', '00000000-0000-4000-8000-00000000000', '00000000-0000-4000-8000-0000000000000', '{}'],
  phone: [
    '5550100',
    '+',
    '+1 (415) 555-0100',
    '+0123456789',
    '+1415555010a',
    '+141555501001234567',
    '++14155550100',
    '+１４１５５５５０１００',
  ],
  email: [
    'nobody',
    '@example.org',
    'a@',
    'a b@example.org',
    'a@@example.org',
    'a@example.org\n',
    'a@example.org, b@example.org',
  ],
  'date-time': [
    'yesterday',
    '2027-02-30T10:00:00Z',
    '2027-13-01T10:00:00Z',
    '2027-04-31T10:00:00Z',
    '2027-06-01T25:00:00Z',
    '2027-02-29T10:00:00Z',
    '2027-06-01T10:61:00Z',
    '06/07/2027',
    '1790000000',
    '2027-W12-3',
    'Infinity',
  ],
  date: ['yesterday', '2027-02-30', '2027-13-01', '2027-00-10', '2027-02-29', '06/07/2027'],
}

const deep = (levels: number): unknown => JSON.parse('['.repeat(levels) + ']'.repeat(levels))

const constants = (name: string, ...values: readonly unknown[]): WrongValue => ({
  name,
  value: fc.constantFrom(...values),
})

/** Between any two letters of a valid text. */
const spoilText = (shape: JsonShape, insert: string): fc.Arbitrary<string> =>
  fc.tuple(validValues(shape), fc.nat(20)).map(([value, place]) => {
    const text = String(value)
    const at = Math.min(place, text.length)
    return `${text.slice(0, at)}${insert}${text.slice(at)}`
  })

/** Longer than any text that is meant. */
export const hugeLength = 1_600_000

/** Values that a shape does not allow, one entry for each kind; what objects hold is for {@link wrongFields}. */
export function wrongValues(shape: JsonShape): WrongValue[] {
  const valid = validValues(shape)
  const anyType: WrongValue[] = [
    constants('null', null),
    { name: 'an array instead', value: valid.map((value) => [value]) },
    { name: 'nested deep', value: fc.constantFrom(200, 3000).map(deep) },
    ...(shape.type === 'object' ? [] : [{ name: 'an object instead', value: valid.map((value) => ({ value })) }]),
    ...(shape.type === 'boolean' ? [] : [constants('a boolean instead', true, false)]),
    ...(['integer', 'number'].includes(shape.type) || shape.format === 'cursor'
      ? []
      : [
          {
            name: 'a number instead',
            value: fc.oneof(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true })),
          },
        ]),
    ...(shape.type === 'string'
      ? []
      : [
          {
            name: 'as text, to be coerced',
            value: valid.map((value) => JSON.stringify(value)),
          },
        ]),
  ]
  switch (shape.type) {
    case 'string':
      return [...anyType, ...wrongTexts(shape)]
    case 'integer':
    case 'number':
      return [...anyType, ...wrongNumbers(shape)]
    case 'boolean':
      return [...anyType, constants('a number, to be coerced', 0, 1), constants('another word', 'yes', 'on', '1', '')]
    case 'object':
    case 'array':
      return [...anyType, constants('a plain text instead', 'text', '')]
  }
}

function wrongTexts(shape: JsonShape): WrongValue[] {
  const { format, enum: choices, minLength = 1, maxLength, pattern } = shape
  const spelled = format === undefined ? undefined : malformed[format]
  const isTooLong = maxLength !== undefined && maxLength < hugeLength
  return [
    ...(minLength > 0 ? [constants('empty', '')] : []),
    { name: 'with NUL', value: spoilText(shape, '\0') },
    {
      name: 'with a lone surrogate',
      value: fc.constantFrom('\ud800', '\udfff').chain((half) => spoilText(shape, half)),
    },
    ...(isTooLong ? [{ name: 'too long', value: fc.constant('x'.repeat(maxLength + 1)) }] : []),
    ...(choices === undefined
      ? []
      : [
          {
            name: 'no such choice',
            value: fc.oneof(
              fc.constantFrom('unheard-of', '__proto__', 'constructor', 'toString'),
              fc.constantFrom(...choices).map(swapCase),
            ),
          },
        ]),
    ...(spelled ?? []).map((text) => constants(`no ${format}: ${JSON.stringify(text)}`, text)),
    ...(pattern === undefined
      ? []
      : [{ name: 'not of the pattern', value: fc.string().filter((text) => !new RegExp(pattern, 'u').test(text)) }]),
  ]
}

const swapCase = (text: string): string => (text === text.toUpperCase() ? text.toLowerCase() : text.toUpperCase())

const wrongNumbers = ({ type, minimum, maximum }: JsonShape): WrongValue[] => [
  ...(minimum === undefined
    ? []
    : [{ name: 'too small', value: fc.integer({ min: minimum - 1000, max: minimum - 1 }) }]),
  ...(maximum === undefined ? [] : [constants('too large', maximum + 1)]),
  constants('beyond all bounds', 1e20, -1e20, 1e300),
  ...(type === 'integer' ? [constants('a fraction', (minimum ?? 0) + 0.5, (minimum ?? 0) + 1.000001)] : []),
  constants('a word', 'NaN', 'ten', ''),
]

const longText = (length: number): fc.Arbitrary<string> =>
  // nothing that a database could compress
  fc
    .array(fc.constantFrom(...'0123456789abcdefghijklmnopqrstuvwxyz'), { minLength: length, maxLength: length })
    .map((all) => all.join(''))

/** Values of which nobody has said whether a shape allows them, and at which careless code breaks. */
function arguableValues({ type, format, enum: choices }: JsonShape): WrongValue[] {
  if (type === 'integer')
    return [constants('beyond 32 bits', 2 ** 31, 2 ** 32 + 1), constants('beyond 53 bits', 2 ** 53, 2 ** 62)]
  if (type !== 'string' || choices !== undefined) return []
  if (format === 'date-time') {
    return [
      constants('a far year', '9999-12-31T23:59:59Z', '+275760-09-13T00:00:00Z'),
      constants('a year long ago', '0001-01-01T00:00:00Z', '-000001-01-01T00:00:00Z'),
    ]
  }
  if (format === 'cursor') return [constants('beyond 64 bits', '9223372036854775808', '9'.repeat(40))]
  return format === undefined || format === 'person-name' ? [{ name: 'long', value: longText(6000) }] : []
}

/** Every value of a field, and of the fields in it, of which it cannot be said whether it has to be refused. */
export function arguableFields(shape: JsonShape, outer: readonly string[] = []): WrongField[] {
  return Object.entries(shape.properties ?? {}).flatMap(([field, inner]) => {
    const path = [...outer, field]
    return [
      ...arguableValues(inner).map((value) => ({ path, ...value })),
      ...(inner.type === 'object' ? arguableFields(inner, path) : []),
    ]
  })
}

/** One way in which a field of an object can be wrong. */
export interface WrongField {
  /** Names from the outside in. */
  path: readonly string[]
  name: string
  /** Undefined where the field is left out. */
  value: fc.Arbitrary<unknown>
}

/** Every way in which each field of an object, and of the objects in it, can be wrong. */
export function wrongFields(shape: JsonShape, outer: readonly string[] = []): WrongField[] {
  return Object.entries(shape.properties ?? {}).flatMap(([field, inner]) => {
    const path = [...outer, field]
    const isRequired = shape.required?.includes(field) ?? false
    return [
      ...(isRequired ? [{ path, name: 'missing', value: fc.constant(undefined) }] : []),
      ...wrongValues(inner).map((wrong) => ({ path, ...wrong })),
      ...(inner.type === 'object' ? wrongFields(inner, path) : []),
    ]
  })
}
