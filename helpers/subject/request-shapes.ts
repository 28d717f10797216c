import type { JsonShape } from '../attacks/json-shapes.ts'

const text: JsonShape = { type: 'string' }
const uuid: JsonShape = { type: 'string', format: 'uuid' }
const moment: JsonShape = { type: 'string', format: 'date-time' }
const object = (properties: Record<string, JsonShape>, optional: readonly string[] = []): JsonShape => ({
  type: 'object',
  properties,
  required: Object.keys(properties).filter((name) => !optional.includes(name)),
})

const person = object({
  name: { type: 'string', format: 'person-name' },
  phone: { type: 'string', format: 'phone' },
  email: { type: 'string', format: 'email' },
})

/** States of an appointment, as the contract names them. */
export const appointmentStates = [
  'booked',
  'confirmed',
  'rescheduled',
  'cancelled',
  'no_show',
  'in_progress',
  'completed',
] as const

const one = (...examples: readonly string[]): JsonShape => ({ type: 'string', examples })

/** The bodies of the contract's requests, as far as the contract says what they hold. */
export const bodyShapes = {
  login: object({ email: { type: 'string', format: 'email' }, password: text }),
  consent: object({ granted: { type: 'boolean' }, method: one('written') }),
  message: object({ customerId: uuid, body: { type: 'string', format: 'plain-text' } }),
  integration: object({ apiKey: { type: 'string', minLength: 24 } }),
  calendly: object({
    event: one('appointment.created'),
    data: object({
      appointment_id: text,
      customer: person,
      scheduled_at: moment,
      duration: { type: 'integer', minimum: 1, examples: [15, 30, 45, 60, 240] },
      service_type: text,
    }),
  }),
  stripe: object({ id: text, type: text, data: object({ object: object({}) }) }),
  replay: object(
    {
      after: { type: 'string', format: 'cursor' },
      from: moment,
      limit: { type: 'integer', minimum: 1, examples: [1, 5] },
    },
    ['after', 'from', 'limit'],
  ),
  command: object({
    commandId: text,
    commandType: text,
    tenantId: text,
    profile: text,
    aggregate: object({ type: text, id: text }),
    payload: object({}),
    metadata: object({ requestedBy: { type: 'string', format: 'person-name' }, requestedAt: moment }),
  }),
} as const satisfies Record<string, JsonShape>

/** What a sample from the subject file has to be, read off its values. */
export function shapeOfSample(sample: unknown, name = ''): JsonShape {
  if (typeof sample === 'boolean') return { type: 'boolean', examples: [sample] }
  if (typeof sample === 'number') return { type: Number.isInteger(sample) ? 'integer' : 'number', examples: [sample] }
  if (Array.isArray(sample)) return { type: 'array', items: shapeOfSample(sample[0]) }
  if (typeof sample === 'object' && sample !== null) {
    const properties = Object.entries(sample).map(([key, value]) => [key, shapeOfSample(value, key)] as const)
    // which of them may be left out, a sample cannot say
    return { type: 'object', properties: Object.fromEntries(properties), required: [] }
  }
  const format = formatOf(String(sample), name)
  return format === undefined ? { type: 'string', examples: [sample] } : { type: 'string', format }
}

function formatOf(sample: string, name: string): string | undefined {
  if (/^\+[1-9]\d{6,14}$/.test(sample)) return 'phone'
  if (/^\S+@\S+\.\S+$/.test(sample)) return 'email'
  if (/^\d{4}-\d{2}-\d{2}T/.test(sample)) return 'date-time'
  if (/^\d{4}-\d{2}-\d{2}$/.test(sample)) return 'date'
  if (/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(sample)) return 'uuid'
  return /name$/i.test(name) ? 'person-name' : undefined
}
