import { z } from 'zod'
import type { JudgedShortfall } from '../../evidence/shortfall.ts'

const count = z.int().nonnegative()

/** What the export of a person tells, of them and of others, and to whom. */
export const exportTrialSchema = z.object({
  answer: z.object({ status: z.int(), contentType: z.string(), isParsed: z.boolean(), bytes: count }),
  /** Of each thing that is held on the person: where it stands in the database, and whether the export tells it. */
  held: z.array(z.object({ what: z.string(), places: z.array(z.string()), isTold: z.boolean() })).min(6),
  /** Messages that the person has got, and those of them that the export tells. */
  messages: z.object({ held: z.int().min(20), told: count }),
  /** Events about the person, their appointments and messages, and those of them that the export tells. */
  events: z.object({ held: z.int().min(3), told: count, missing: z.array(z.string()) }),
  /** Changes of consent, one after the other, and entries of the export about consents. */
  consents: z.object({ held: z.int().min(3), told: count }),
  /** What the export tells of others. */
  strangers: z.array(z.object({ of: z.string(), what: z.string() })),
  others: z.array(z.string()).min(3),
  refusals: z.array(z.object({ by: z.string(), status: z.int(), tells: z.array(z.string()) })).min(4),
  audit: z.object({
    exports: z.int().positive(),
    entries: count,
    /** Of these, such as name an administrator and the customer. */
    complete: count,
  }),
})

/** @see exportTrialSchema */
export type ExportTrial = z.infer<typeof exportTrialSchema>

const where = 'GET /customers/{id}/export'

/** Each thing that is held on a person and not told, each that is told of somebody else or to somebody else. */
export function judgeExport(trial: ExportTrial): JudgedShortfall[] {
  const { answer, held, strangers, refusals } = trial
  if (!answer.isParsed) {
    return [
      {
        what: `the export is not machine-readable: ${answer.status}, ${answer.contentType}, ${answer.bytes} bytes`,
        expected: '200 with JSON',
        where,
        mitigation: 'Answer with one JSON document that holds everything.',
      },
    ]
  }
  return [
    ...held.flatMap(judgeHeld),
    ...judgeCounts(trial),
    ...byPerson(strangers).map(({ of, what }): JudgedShortfall => ({
      what: `the export of a customer tells another’s data: ${what} of ${of}`,
      expected: 'nobody else’s data',
      where,
      mitigation:
        'Select by the customer’s id and tenant, never by number, name or address, and never by their beginning.',
    })),
    ...refusals.flatMap(judgeRefusal),
    ...judgeAudit(trial.audit),
  ]
}

function judgeHeld({ what, places, isTold }: ExportTrial['held'][number]): JudgedShortfall[] {
  if (isTold) return []
  return [
    {
      what: `${what} of a customer is not in their export`,
      expected: 'everything held on a person: profile, appointments, messages, consents, events',
      where: places.length === 0 ? where : places.join('; '),
      mitigation: 'Export every column of every table that holds something on the person.',
    },
  ]
}

function judgeCounts({ messages, events, consents }: ExportTrial): JudgedShortfall[] {
  const shortfalls: JudgedShortfall[] = []
  const lacks = (what: string, mitigation: string): void => {
    shortfalls.push({ what, expected: 'everything held on a person, however much it is', where, mitigation })
  }
  if (messages.told < messages.held) {
    lacks(
      `${messages.held - messages.told} of ${messages.held} messages of a customer are not in their export`,
      'Read all pages, in both directions.',
    )
  }
  if (events.told < events.held) {
    lacks(
      `${events.held - events.told} of ${events.held} events about a customer, their appointments and messages are not in their export: ${events.missing.slice(0, 4).join(', ')}`,
      'Export the events of everything that belongs to the customer.',
    )
  }
  if (consents.told < consents.held) {
    lacks(
      `a customer’s consent was given, withdrawn and given again; of these ${consents.held} consents their export tells ${consents.told}`,
      'Export the history of consents, not only the present one.',
    )
  }
  return shortfalls
}

const byPerson = (strangers: ExportTrial['strangers']): { of: string; what: string }[] =>
  [...Map.groupBy(strangers, ({ of }) => of)].map(([of, told]) => ({
    of,
    what: told.map(({ what }) => what).join(', '),
  }))

function judgeRefusal({ by, status, tells }: ExportTrial['refusals'][number]): JudgedShortfall[] {
  if (status >= 400 && status < 500 && tells.length === 0) return []
  return [
    {
      what: `the export asked for by ${by} was answered with ${status}${tells.length === 0 ? '' : ` and tells ${tells.join(', ')}`}`,
      expected: '401, 403 or 404 without anything of the person: for administrators of the tenant only',
      where,
      mitigation: 'Ask for an administrator of the customer’s tenant before anything is read.',
    },
  ]
}

function judgeAudit({ exports, entries, complete }: ExportTrial['audit']): JudgedShortfall[] {
  if (complete >= exports) return []
  return [
    {
      what:
        entries < exports
          ? `${exports} exports left ${entries} entries in the audit log`
          : `${entries - complete} of ${entries} audit entries of exports do not name the administrator and the customer`,
      expected: 'an entry for each export, with who exported whose data',
      where: 'GET /audit-logs',
      mitigation: 'Write the entry in the transaction that reads the data.',
    },
  ]
}
