import { randomBytes } from 'node:crypto'

/** A text as it stands in an address, and what it stands for. */
export interface OddParameter {
  name: string
  encoded: string
}

const odd = (name: string, encoded = encodeURIComponent(name)): OddParameter => ({ name, encoded })

/** What no thing has for an id. */
export const impossibleIds: readonly OddParameter[] = [
  ...['1', 'null', '[object Object]', '__proto__', 'constructor', 'not-a-uuid'].map((text) => odd(text)),
  odd('NUL', '%00'),
  odd('an id with NUL', '00000000-0000-4000-8000-000000000000%00'),
  odd('an id that nothing has', '7d444840-9dc0-11d1-b245-5ffdce74fad2'),
  odd('a lone surrogate in raw bytes', '%ED%A0%80'),
  odd('bytes that are no UTF-8', '%C3%28'),
  odd('an encoding that is none', '%zz'),
  odd('another folder', '..%2F..%2Fetc%2Fpasswd'),
  odd('a very long id', 'a'.repeat(6000)),
  odd('a quote', encodeURIComponent("' or '1'='1")),
]

const wholeNumbers: readonly OddParameter[] = [
  ...['abc', '-1', '0', '1.5', '12abc', 'NaN', 'null', '{}', '१२', '1,2'].map((text) => odd(text)),
  odd('NUL', '1%00'),
]
const dates: readonly OddParameter[] = [
  ...['yesterday', '2027-02-30', '2027-13-01', '2027-00-10', '2027-02-29T10:00:00Z', 'NaN', '{}', '0'].map((text) =>
    odd(text),
  ),
  odd('NUL', '2027-03-01%00'),
]

/** Values that a parameter of a query string cannot have, by what it is. */
export const wrongParameters: Readonly<Record<string, readonly OddParameter[]>> = {
  page: wholeNumbers,
  limit: wholeNumbers,
  date: dates,
  uuid: impossibleIds.filter(({ name }) => name !== 'an id that nothing has'),
  status: [
    ...['unheard-of', 'BOOKED', '__proto__', 'constructor', 'toString', 'booked,confirmed', 'booked '].map((text) =>
      odd(text),
    ),
    odd('NUL', 'booked%00'),
    odd('a lone surrogate in raw bytes', '%ED%A0%80'),
  ],
  cursor: [
    ...['not a cursor', '{}', '-1', '1.5', 'NaN'].map((text) => odd(text)),
    odd('NUL', '1%00'),
    odd('a lone surrogate in raw bytes', '%ED%A0%80'),
  ],
}

/** A value that a parameter can have, by what it is. */
export const validParameters: Readonly<Record<string, readonly string[]>> = {
  page: ['1', '2', '77'],
  limit: ['1', '5', '50'],
  date: ['2026-03-01', '2027-03-01', '2027-06-30T10:00:00Z'],
  uuid: ['7d444840-9dc0-11d1-b245-5ffdce74fad2'],
  status: ['booked', 'confirmed', 'no_show'],
  cursor: [],
}

/** Query strings that nobody asked for: they may be refused or passed over. */
export const surplusQueries: readonly OddParameter[] = [
  odd(
    'unknown parameters, some named like what all objects have',
    'surplus=1&__proto__[polluted]=1&__proto__.polluted=1&constructor[prototype][polluted]=1&toString=1',
  ),
  odd('encodings that are none', 'a=%zz&%=%&%ED%A0%80=%00'),
  odd(
    'nine hundred parameters, and one nested deep',
    `a${'[b]'.repeat(300)}=1&${Array.from({ length: 900 }, (_, index) => `a${index}=1`).join('&')}`,
  ),
]

/** Of a number or cursor in a query string: what some read as one and others refuse. */
const arguableNumbers: readonly OddParameter[] = [
  ...['1e3', '0x10', '+1', ' 1', '', '1.0', '01'].map((text) =>
    odd(text === '' ? 'nothing' : text, encodeURIComponent(text)),
  ),
  odd('beyond all bounds', '99999999999999999999'),
  odd('beyond 32 bits', '4294967297'),
  odd('beyond 64 bits once multiplied', '9007199254740993'),
]

/** Values of which nobody has said whether a parameter can have them, by what it is. */
export const arguableParameters: Readonly<Record<string, readonly OddParameter[]>> = {
  page: arguableNumbers,
  limit: arguableNumbers,
  cursor: [
    odd('beyond 64 bits', '9223372036854775808'),
    odd('far beyond 64 bits', '9'.repeat(40)),
    odd('0x10'),
    odd('', ''),
  ],
  date: [odd('a far year', '9999-12-31'), odd('a year beyond', '%2B275760-09-13T00:00:00Z'), odd('', '')],
}

/** Header values that a careless reader stumbles over; none is one that a client would send. */
export const oddHeaders: readonly { name: string; value: string }[] = [
  { name: 'long', value: randomBytes(2500).toString('hex') },
  { name: 'not in ASCII', value: '\u00e9\u00ff\u00a0x' },
  { name: 'quotes and brackets', value: `'";--{}<>\\%00` },
]
