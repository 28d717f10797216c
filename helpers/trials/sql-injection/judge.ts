import { z } from 'zod'
import type { JudgedShortfall } from '../../evidence/shortfall.ts'

const count = z.int().nonnegative()

const fieldSchema = z.object({
  /** Where the texts were put, e.g. `POST /webhooks/calendly: customer name`. */
  field: z.string(),
  sent: z.int().positive(),
  /** Requests with such a text that were answered with 2xx. */
  accepted: count,
  /** Marks of it that travelled as bind values. */
  bound: count,
})

/** All that was seen of statements and of what could change them. */
export const sqlTrialSchema = z.object({
  source: z.object({
    files: z.int().positive(),
    calls: z.int().positive(),
    findings: z.array(
      z.object({ where: z.string(), call: z.string(), what: z.string(), from: z.string(), steps: z.array(z.string()) }),
    ),
  }),
  /** Functions in the database, and those that join their statements. */
  stored: z.object({
    routines: count,
    findings: z.array(z.object({ routine: z.string(), expression: z.string(), part: z.string() })),
  }),
  fields: z.array(fieldSchema).min(20),
  wire: z.object({
    statements: z.int().positive(),
    /** Different structures of them, by PostgreSQL's own parser. */
    structures: z.int().positive(),
    /** Statements with a text of a request in them. */
    withInput: z.array(z.object({ field: z.string(), statement: z.string() })),
    /** Statements that the database refused as malformed. */
    broken: z.array(z.object({ code: z.string(), message: z.string(), statement: z.string() })),
    /** Structures that came with hostile texts alone. */
    changed: z.array(z.object({ statement: z.string() })),
  }),
  payloads: z.object({
    sent: z.int().positive(),
    accepted: z.int().positive(),
    failed: z.array(z.object({ field: z.string(), payload: z.string(), status: z.int() })),
    leaks: z.array(z.object({ field: z.string(), payload: z.string(), quote: z.string() })),
    /** Rows that a list gave for a text which nothing matches. */
    matched: z.array(z.object({ field: z.string(), payload: z.string(), rows: z.int().positive() })),
    slow: z.array(
      z.object({ field: z.string(), payload: z.string(), milliseconds: z.number(), controlMilliseconds: z.number() }),
    ),
    slowest: z.object({ milliseconds: z.number(), samples: z.int().positive() }),
  }),
  effects: z.object({
    /** Hostile names that were taken in and shown again. */
    kept: z.array(z.object({ payload: z.string(), isAsSent: z.boolean() })).min(5),
    /** Whether the customer beside them is as before. */
    isBystanderSame: z.boolean(),
    /** Jobs given up that were not before. */
    deadLetters: count,
  }),
})

/** @see sqlTrialSchema */
export type SqlTrial = z.infer<typeof sqlTrialSchema>

const bindIt =
  'Give the text to the client as a value ($1, or a tag that binds); choose names of columns and directions from a constant list.'

/** Each text from outside that is, or may become, part of a statement. */
export function judgeSql({ source, stored, wire, payloads, effects }: SqlTrial): JudgedShortfall[] {
  return [
    ...source.findings.map(({ where, call, what, from, steps }) => ({
      what: `the SQL text given to ${call} has ${what} in it`,
      expected: 'a text made of constants, and everything else as a bind value',
      where: [where, ...steps, from].join(' ← '),
      mitigation: bindIt,
    })),
    ...stored.findings.map(({ routine, expression, part }) => ({
      what: `the function ${routine} of the database runs a statement whose text has ${part} in it`,
      expected: 'EXECUTE of constants, with format’s %I and %L or USING for all else',
      where: `${routine}: EXECUTE ${expression}`,
      mitigation: 'Pass values with USING, and names by format with %I.',
    })),
    ...wire.withInput.map(({ field, statement }) => ({
      what: `what was sent as ${field} is in the text of a statement`,
      expected: 'input among the bind values alone',
      where: `on the wire: ${statement}`,
      mitigation: bindIt,
    })),
    ...wire.broken.map(({ code, message, statement }) => ({
      what: `the database refused a statement as malformed: ${message} (${code})`,
      expected: 'statements that are well-formed whatever is sent',
      where: `on the wire: ${statement}`,
      mitigation: bindIt,
    })),
    ...wire.changed.map(({ statement }) => ({
      what: 'a statement has another structure with hostile texts than with ordinary ones',
      expected: 'the same structures whatever is sent',
      where: `on the wire: ${statement}`,
      mitigation: bindIt,
    })),
    ...judgePayloads(payloads),
    ...judgeEffects(effects),
  ]
}

function judgePayloads({ failed, leaks, matched, slow }: SqlTrial['payloads']): JudgedShortfall[] {
  const mitigation = bindIt
  return [
    ...[...Map.groupBy(failed, ({ field, status }) => `${status} ${field}`).values()].flatMap((alike) =>
      alike.slice(0, 1).map(({ field, status }) => ({
        what: `${alike.map(({ payload }) => payload).join(', ')} as ${field} was answered with ${status}`,
        expected: 'acceptance, or a refusal with 4xx',
        where: field,
        mitigation,
      })),
    ),
    ...leaks.map(({ field, payload, quote }) => ({
      what: `the answer to ${payload} as ${field} tells of the database: ${quote}`,
      expected: 'answers without SQL, names of its objects or its errors',
      where: field,
      mitigation: 'Answer with the error envelope and keep the cause in the log.',
    })),
    ...matched.map(({ field, payload, rows }) => ({
      what: `${payload} as ${field} gave ${rows} rows, where nothing matches it`,
      expected: 'no row, or a refusal',
      where: field,
      mitigation,
    })),
    ...slow.map(({ field, payload, milliseconds, controlMilliseconds }) => ({
      what: `${payload} as ${field} took ${(milliseconds / 1000).toFixed(1)} s twice, and ${(controlMilliseconds / 1000).toFixed(1)} s without the sleep`,
      expected: 'the same time for any text',
      where: field,
      mitigation,
    })),
  ]
}

function judgeEffects({ kept, isBystanderSame, deadLetters }: SqlTrial['effects']): JudgedShortfall[] {
  const lost = kept.filter(({ isAsSent }) => !isAsSent).map(({ payload }) => payload)
  return [
    ...(lost.length === 0
      ? []
      : [
          {
            what: `bookings with hostile texts (${lost.join(', ')}) were accepted, and are not there as they were sent`,
            expected: 'the texts stored as they came',
            where: 'GET customers and appointments, after the deliveries were acknowledged',
            mitigation: bindIt,
          },
        ]),
    ...(isBystanderSame
      ? []
      : [
          {
            what: 'another customer and their appointment were changed by hostile texts',
            expected: 'rows that nobody asked to change as they were',
            where: 'GET customers/{id} of a customer beside the hostile ones',
            mitigation: bindIt,
          },
        ]),
    ...(deadLetters === 0
      ? []
      : [
          {
            what: `${deadLetters} jobs with hostile texts failed for good`,
            expected: 'work that does not depend on what is in a text',
            where: 'GET dead-letters',
            mitigation: bindIt,
          },
        ]),
  ]
}
