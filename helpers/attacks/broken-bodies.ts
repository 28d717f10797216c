import { randomUUID } from 'node:crypto'
import { hugeLength } from './json-shapes.ts'

/** What a request carries. */
export interface CarriedBody {
  bytes: Buffer
  contentType: string
}

/** A way to spoil a body that was genuine. */
export interface BodyAttack {
  name: string
  spoil(json: Readonly<Record<string, unknown>>): CarriedBody
}

const contentType = 'application/json'
const carry = (text: string, type = contentType): CarriedBody => ({ bytes: Buffer.from(text), contentType: type })
const attack = (name: string, change: (text: string) => string, type = contentType): BodyAttack => ({
  name,
  spoil: (json) => carry(change(JSON.stringify(json)), type),
})

/** Puts bytes into the first text of a JSON body; into its first name where it holds no text. */
function withBytes(json: object, bytes: Iterable<number>): Buffer {
  const text = JSON.stringify(json)
  const place = (/:"/.exec(text)?.index ?? text.indexOf('{"') - 1) + 2
  return Buffer.concat([Buffer.from(text.slice(0, place)), Uint8Array.from(bytes), Buffer.from(text.slice(place))])
}

const bytesAttack = (name: string, bytes: readonly number[]): BodyAttack => ({
  name,
  spoil: (json) => ({ bytes: withBytes(json, bytes), contentType }),
})

/** Bodies that no JSON route may take in. */
export const refusedBodies: readonly BodyAttack[] = [
  attack('cut off', (text) => text.slice(0, -3)),
  attack('more after the end', (text) => `${text}}`),
  attack('two values', (text) => `${text}\n${text}`),
  attack('single quotes', (text) => text.replaceAll('"', "'")),
  attack('NaN for a value', (text) => text.replace(/:(?:"[^"]*"|[^,{}[\]"]+)/, ':NaN')),
  attack('a comma too many', (text) => text.replace(/\}$/, ',}')),
  attack('a control character in a text', (text) => text.replace('"', '"\u0001')),
  attack('null', () => 'null'),
  attack('a number', () => '42'),
  attack('a text', (text) => JSON.stringify(text)),
  attack('an array of it', (text) => `[${text}]`),
  attack('nested 50,000 levels deep', () => '['.repeat(50_000) + ']'.repeat(50_000)),
  attack('objects nested 20,000 levels deep', () => '{"a":'.repeat(20_000) + '1' + '}'.repeat(20_000)),
  {
    name: 'with a huge text in its first field',
    spoil: (json) => ({ bytes: withBytes(json, Buffer.alloc(hugeLength, 'x')), contentType }),
  },
  bytesAttack('a lone surrogate in raw bytes', [0xed, 0xa0, 0x80]),
  bytesAttack('bytes that are no UTF-8', [0xc3, 0x28]),
  bytesAttack('an overlong encoding', [0xc0, 0xae]),
  {
    name: 'in UTF-16',
    spoil: (json) => ({ bytes: Buffer.from(JSON.stringify(json), 'utf16le'), contentType }),
  },
  attack('under the content type text/plain', (text) => text, 'text/plain'),
  attack('under the content type application/xml', (text) => text, 'application/xml'),
  attack('under the content type multipart/form-data', (text) => text, 'multipart/form-data; boundary=x'),
  attack('its fields under __proto__ only', (text) => `{"__proto__":${text}}`),
  attack('its fields under constructor.prototype only', (text) => `{"constructor":{"prototype":${text}}}`),
]

/** Of those, what is refused too where a body need not come at all. */
export const emptyBody: BodyAttack = attack('empty', () => '')

const insert = (text: string, more: string): string => (text === '{}' ? `{${more}}` : text.replace(/\}$/, `,${more}}`))

/** Names that careless code has been seen to look up on any object, given values that would show. */
const pollution = (word: string): string =>
  JSON.stringify({ [word]: word, isAdmin: true, status: word, limit: word, role: word, headers: { [word]: word } })

/** Bodies that may be refused or taken in, but whose surplus must have no effect; `word` would show that it had. */
export const surplusBodies: readonly { name: string; spoil(text: string, word: string): CarriedBody }[] = [
  { name: '__proto__ beside its fields', spoil: (text, word) => carry(insert(text, `"__proto__":${pollution(word)}`)) },
  {
    name: '__proto__ spelled with escapes',
    spoil: (text, word) => carry(insert(text, String.raw`"\u005f\u005fproto\u005f\u005f":` + pollution(word))),
  },
  {
    name: 'constructor.prototype beside its fields',
    spoil: (text, word) => carry(insert(text, `"constructor":{"prototype":${pollution(word)}}`)),
  },
  {
    name: 'each field given twice',
    spoil: (text) => carry(text === '{}' ? '{}' : text.replace(/\}$/, `,${text.slice(1)}`)),
  },
  { name: 'a byte order mark', spoil: (text) => carry(`\ufeff${text}`) },
  {
    name: 'an unknown field nested deep',
    spoil: (text) => carry(insert(text, `"x":${'['.repeat(3000)}${']'.repeat(3000)}`)),
  },
]

/** Fields that a row may have and no request may set. */
export interface UnaskedFields {
  name: string
  fields: Record<string, unknown>
  /** Texts by which they are found again. */
  canaries: readonly string[]
}

const textNames = [
  'role',
  'kind',
  'actor',
  'externalId',
  'external_id',
  'recordedBy',
  'recorded_by',
  'passwordHash',
  'depositStatus',
  'deposit_status',
  'serviceType',
  'service_type',
  'direction',
  'dropReason',
  'source',
  'label',
]
const idNames = [
  'id',
  'tenantId',
  'tenant_id',
  'customerId',
  'customer_id',
  'appointmentId',
  'workflowId',
  'workflow_id',
]
const timeNames = [
  'createdAt',
  'created_at',
  'updatedAt',
  'updated_at',
  'recordedAt',
  'recorded_at',
  'sentAt',
  'deletedAt',
]

let days = 0

/** Such fields as texts, as ids and as times, each with values of its own. */
export function unaskedFields(word: () => string): UnaskedFields[] {
  const give = (names: readonly string[], value: unknown): Record<string, unknown> =>
    Object.fromEntries(names.map((name) => [name, value]))
  const text = word()
  const id = randomUUID()
  days += 1
  const day = new Date(Date.UTC(1931, 0, days)).toISOString()
  return [
    {
      name: 'texts',
      fields: { ...give(textNames, text), isAdmin: true, [text]: text, surplus: { [text]: text } },
      canaries: [text],
    },
    { name: 'ids', fields: give(idNames, id), canaries: [id] },
    { name: 'times', fields: give(timeNames, day), canaries: [day.slice(0, 10)] },
  ]
}
