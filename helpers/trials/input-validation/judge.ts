import { z } from 'zod'
import type { JudgedShortfall } from '../../evidence/shortfall.ts'

const count = z.int().nonnegative()

/** The smallest request found that was answered wrongly, with all that is needed to send it again. */
const failureSchema = z.object({
  route: z.string(),
  kind: z.string(),
  expected: z.enum(['accepted', 'refused', 'either']),
  problem: z.string(),
  /** 0 where there was no answer. */
  status: count,
  /** Of fast-check, with the path to the counterexample. */
  seed: z.int(),
  path: z.string(),
  shrinks: count,
  request: z.object({
    method: z.string(),
    path: z.string(),
    contentType: z.string().nullable(),
    /** A long one is cut; what is no text is in base64. */
    body: z.string().nullable(),
    bodyBytes: count,
  }),
})

const shapeOfTrial = z.object({
  routes: z.array(
    z.object({
      route: z.string(),
      /** Requests sent, by how they have to be answered. */
      accepted: count,
      refused: count,
      either: count,
    }),
  ),
  failures: z.array(failureSchema),
  /** Rows that were changed by requests that were to be refused. */
  changes: z.array(z.object({ route: z.string(), kind: z.string(), change: z.string() })),
  /** Tables in which the subject notes that it was asked, whatever it was asked. */
  noteTables: z.array(z.string()),
  /** Texts that nobody asked to be stored, and where they were found. */
  stored: z.array(z.object({ route: z.string(), kind: z.string(), where: z.string() })),
  /** Texts that were accepted, and are shown otherwise. */
  altered: z.array(z.object({ field: z.string(), sent: z.string(), shown: z.string().nullable() })),
  roundTrips: count,
  /** What all objects of the process have come to inherit; null where the subject has no such thing. */
  polluted: z.array(z.string()).nullable(),
  /** Requests sent at the end, as anybody sends them. */
  innocent: z.object({ sent: count, wrong: z.array(z.string()) }),
  endedProcesses: count,
  /** What could not be asked any more, in a trial that the end of the subject's process cut short. */
  cutShortAt: z.string().nullable(),
  windowsPassed: count,
})

/** What the subject did with valid and invalid requests; all of it, unless its process ended. */
export const validationTrialSchema = shapeOfTrial.refine(
  ({ cutShortAt, endedProcesses, routes, roundTrips, innocent }) =>
    (cutShortAt !== null && endedProcesses > 0) ||
    (routes.length > 0 &&
      routes.every(({ accepted, either }) => accepted > 0 && either > 0) &&
      roundTrips > 0 &&
      innocent.sent > 0),
  'expected every route to have been asked in every way',
)

/** @see validationTrialSchema */
export type ValidationTrial = z.infer<typeof validationTrialSchema>

const expectations = {
  accepted: '2xx for a valid request',
  refused: '4xx with the error envelope, and nothing changed',
  either: '2xx without effect of what was not asked for, or 4xx with the error envelope',
} as const

/** Each request answered wrongly, each row that a refused request changed, each text stored that was not asked for. */
export function judgeValidation(trial: ValidationTrial): JudgedShortfall[] {
  return [
    ...trial.failures.map(judgeFailure),
    ...trial.changes.map(({ route, kind, change }) => ({
      what: `an invalid request (${kind}) stored or changed something: ${change}`,
      expected: 'what is invalid is refused before anything is written',
      where: route,
      mitigation: 'Check the whole request against its schema first, and write in one transaction with the answer.',
    })),
    ...trial.stored.map(({ route, kind, where }) => ({
      what: `stored a field that nobody may set (mass assignment): ${kind} went to ${where}`,
      expected: 'only the fields of the schema are taken over',
      where: route,
      mitigation: 'Refuse unknown fields, and name each field that is written instead of spreading the body.',
    })),
    ...trial.altered.map(({ field, sent, shown }) => ({
      what: `accepted ${JSON.stringify(sent)} and shows ${JSON.stringify(shown)}`,
      expected: 'what is accepted is kept as it came',
      where: field,
      mitigation: 'Refuse what cannot be kept; never cut, strip or convert it.',
    })),
    ...(trial.polluted ?? []).map((name) => ({
      what: `a request made every object of the process inherit ${name} (prototype pollution)`,
      expected: 'no request alters what others inherit',
      where: name,
      mitigation: 'Refuse __proto__ and constructor as keys, and never merge a body into an object deeply.',
    })),
    ...trial.innocent.wrong.map((what) => ({
      what: `after the trial an ordinary request goes wrong: ${what}`,
      expected: 'the same answers as before',
      where: what,
      mitigation: 'Let no request leave anything behind that another one meets.',
    })),
    ...(trial.endedProcesses === 0
      ? []
      : [
          {
            what: `${trial.endedProcesses} process of the subject ended (crash)${trial.cutShortAt === null ? '' : `, then ${trial.cutShortAt}`}`,
            expected: 'no request ends the process',
            where: 'subject process',
            mitigation: 'Catch what parsing throws, and bound depth and size before parsing.',
          },
        ]),
  ]
}

function judgeFailure(failure: ValidationTrial['failures'][number]): JudgedShortfall {
  const { route, kind, expected, problem, seed, path, request } = failure
  const body = request.body === null ? '' : ` with ${request.contentType ?? 'no content type'}: ${request.body}`
  return {
    what: `${problem} (${kind}); smallest request: ${request.method} ${request.path}${body}`,
    expected: expectations[expected],
    where: `${route}, fast-check seed ${seed}, path ${path}`,
    mitigation:
      expected === 'accepted'
        ? 'Take every value that the contract allows, in every script and at every offset from UTC.'
        : 'Parse path, query, headers and body by one strict schema that coerces nothing, before anything else happens.',
  }
}
