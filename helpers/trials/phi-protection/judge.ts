import { z } from 'zod'
import type { JudgedShortfall } from '../../evidence/shortfall.ts'
import { healthKinds } from './terms.ts'

const count = z.int().nonnegative()
const kind = z.enum(healthKinds)

/** What a customer's records say: nothing of health, well-known words of it, or rare ones that no short list holds. */
export const carriers = ['harmless', 'well-known words', 'rare words'] as const

const findingSchema = z.object({
  /** The word or number that was found. */
  word: z.string().min(1),
  kind,
  /** Where it had been planted, e.g. `service type`; null where only the detector knows it. */
  field: z.string().nullable(),
  /** The form in which it stood there, e.g. `base64`. */
  form: z.string(),
})

const pathSchema = z.object({
  path: z.string(),
  people: z
    .array(
      z.object({
        carrier: z.enum(carriers),
        /** Calls to the SMS provider for this customer. */
        messages: count,
        findings: z.array(findingSchema),
      }),
    )
    .length(carriers.length),
})

const attemptSchema = z.object({
  name: z.string(),
  kind,
  language: z.enum(['English', 'Spanish']),
  way: z.enum(['free text', 'template variable']),
  /** For a variable: whether this API fills in templates at all, seen by harmless values. */
  isSupported: z.boolean(),
  status: z.int(),
  hasEnvelope: z.boolean(),
  /** Messages in which the health information went out. */
  sent: count,
  /** Messages of this attempt that went out without it. */
  sentWithout: count,
  /**
   * Whether log or audit log tell that a message was refused, apart from the line that every refused request gets; null where it may
   * have been refused for the number of messages in a day, since another was accepted.
   */
  isNoted: z.boolean().nullable(),
  /** Where the refused words stand: answer, log line, audit entry, event. */
  quotedIn: z.array(z.string()),
})

/** Health information planted in every field, every message that came of it, and what became of texts that carry it. */
export const phiTrialSchema = z.object({
  detector: z.object({
    samples: z.int().min(80),
    precision: z.number().min(0.95).max(1),
    recall: z.number().min(0.95).max(1),
  }),
  planted: z.object({ words: z.int().min(20), fields: z.array(z.string()).min(2) }),
  paths: z.array(pathSchema).min(8),
  /** Calls to the SMS provider that were searched, and those of them to nobody whom the trial knows. */
  messages: z.object({ searched: z.int().positive(), toOthers: z.array(findingSchema) }),
  attempts: z.array(attemptSchema).min(30),
  /** Harmless texts by the same ways to the same customers. */
  siblings: z.array(z.object({ text: z.string(), status: z.int(), isDelivered: z.boolean() })).min(3),
  templates: z
    .array(
      z.object({
        name: z.string(),
        source: z.string(),
        /** Words of health information in its text, and variables whose name says that they hold it. */
        findings: z.array(findingSchema.pick({ word: true, kind: true })),
      }),
    )
    .min(1),
  /** A copy of this ARO, in whose stored templates health information was written. */
  altered: z.object({
    templates: z.int().positive(),
    outcome: z.enum(['refused at the start', 'refused when due', 'sent without it', 'sent']),
    messages: z.array(z.string()),
  }),
  searched: z.object({
    answers: z.int().positive(),
    logLines: z.int().positive(),
    auditEntries: z.int().positive(),
    events: z.int().positive(),
  }),
})

/** @see phiTrialSchema */
export type PhiTrial = z.infer<typeof phiTrialSchema>

const never =
  'no message carries a social security or medical record number, a diagnosis, condition, treatment or medication'

/** Each message and template that carries health information, and each refusal that failed, was not noted, or quotes it. */
export function judgePhi({ paths, messages, attempts, siblings, templates, altered }: PhiTrial): JudgedShortfall[] {
  return [
    ...paths.flatMap(({ path, people }) => people.flatMap((person) => judgePerson(path, person))),
    ...messages.toOthers.map((finding) => carried(finding, 'a message that no path of the trial explains')),
    ...attempts.flatMap(judgeAttempt),
    ...siblings.filter(({ status, isDelivered }) => status >= 300 || !isDelivered).map(judgeSibling),
    ...templates.flatMap(judgeTemplate),
    ...judgeAltered(altered),
  ]
}

type Finding = z.infer<typeof findingSchema>

const quoted = ({ word, kind: what, form }: Finding): string =>
  `${withArticle(what)} ("${word}"${form === 'as it is' ? '' : `, ${form}`})`

const withArticle = (what: Finding['kind']): string => (/^[aeiou]/.test(what) ? `an ${what}` : `a ${what}`)

function carried(finding: Finding, where: string): JudgedShortfall {
  const { field } = finding
  return {
    what: `a message to a customer carries ${quoted(finding)}${field === null ? '' : ` from the ${field}`}`,
    expected: `${never}, whatever the records say; it is sent without, or not at all`,
    where,
    mitigation:
      'Make messages of the clinic, date, time and links alone, and look for health information in the text that leaves, on every path.',
  }
}

function judgePerson(path: string, { carrier, findings }: PhiTrial['paths'][number]['people'][number]) {
  return findings.map((finding) =>
    carried(finding, `${path}${carrier === 'harmless' ? '' : `, records with ${carrier}`}`),
  )
}

function judgeAttempt(attempt: PhiTrial['attempts'][number]): JudgedShortfall[] {
  const { name, kind: what, way, isSupported, status, hasEnvelope, sent, sentWithout, isNoted, quotedIn } = attempt
  const where = `POST /messages, ${way}: ${name}`
  const isRefused = status >= 400 && status < 500
  if (sent > 0) {
    return [
      {
        what: `a text with ${withArticle(what)} was answered with ${status} and sent`,
        expected: 'refused with 4xx before anything is sent, or sent without the health information',
        where,
        mitigation:
          'Normalise the text (case, accents, invisible and full-width characters, separators, encodings) and look for health information before it is queued and again before it is sent.',
      },
    ]
  }
  // an API without templates refuses whatever it is sent in place of a text
  if (!isSupported) return status < 500 ? [] : [judgeAnswer(`was answered with ${status}`, where)]
  const shortfalls: JudgedShortfall[] = []
  if (!isRefused && status >= 300) shortfalls.push(judgeAnswer(`was answered with ${status}`, where))
  if (isRefused && !hasEnvelope)
    shortfalls.push(judgeAnswer(`was refused with ${status} without the error envelope`, where))
  if (isNoted === false && sentWithout === 0 && way === 'free text') {
    shortfalls.push({
      what: `a text with ${withArticle(what)} was ${isRefused ? 'refused' : 'dropped'}, and neither log nor audit log tell of it`,
      expected: 'the refusal is logged: a line or audit entry of its own, without the health information',
      where,
      mitigation: 'Note each refusal with its correlation id and the kind of information that was found.',
    })
  }
  for (const place of quotedIn) {
    shortfalls.push({
      what: `the refused ${what} is quoted in ${place}`,
      expected: 'the refusal is logged and answered without the health information',
      where,
      mitigation: 'Say which kind of information was found, never what it read.',
    })
  }
  return shortfalls
}

const judgeAnswer = (what: string, where: string): JudgedShortfall => ({
  what: `a text with health information ${what}`,
  expected: '4xx and the error envelope, before anything is sent',
  where,
  mitigation: 'Answer a refused text as any input that is not valid.',
})

function judgeSibling({ text, status }: PhiTrial['siblings'][number]): JudgedShortfall {
  return {
    what: `a harmless text was ${status < 300 ? `accepted with ${status} and never sent` : `refused with ${status}`}`,
    expected: 'a text without health information is sent',
    where: `POST /messages: "${text}"`,
    mitigation: 'Refuse what is health information, not every number or name.',
  }
}

function judgeTemplate({ name, source, findings }: PhiTrial['templates'][number]): JudgedShortfall[] {
  return findings.map(({ word, kind: what }) => ({
    what: `the stored template ${name} carries ${withArticle(what)}: "${word}"`,
    expected: `${never}; neither word nor variable of a template stands for one`,
    where: `${source}, template ${name}`,
    mitigation: 'Word the template without it, and refuse such templates when they are stored.',
  }))
}

function judgeAltered({ outcome, messages }: PhiTrial['altered']): JudgedShortfall[] {
  if (outcome !== 'sent') return []
  return messages.map((message) => ({
    what: `a stored template with a treatment written into it was sent: "${message}"`,
    expected: 'a template that would carry health information is refused before it is sent',
    where: 'a copy of this ARO with altered templates',
    mitigation: 'Look for health information in stored templates when they are loaded and in each text that leaves.',
  }))
}
