import { z } from 'zod'
import type { JudgedShortfall } from '../../evidence/shortfall.ts'

const documentSchema = z.object({
  file: z.string(),
  title: z.string(),
  scenarios: z.array(z.string()),
  missingParts: z.array(z.string()),
  /** Required parts that hold next to nothing. */
  emptyParts: z.array(z.string()),
  /** Null when it does not say. */
  reviewedOn: z.iso.date().nullable(),
  reviewedDaysAgo: z.int().nullable(),
  placeholder: z.string().nullable(),
  brokenLinks: z.array(z.string()),
  /** Metrics, log events and endpoints by which the failure is told. */
  signals: z.int().nonnegative(),
  /** Another runbook whose diagnosis and mitigation are the same to the letter. */
  copyOf: z.string().nullable(),
})

/** The runbooks, and whether what they name is there. */
export const runbooksTrialSchema = z.object({
  folder: z.string(),
  documents: z.array(documentSchema).min(1),
  scenarios: z.array(z.object({ scenario: z.string(), files: z.array(z.string()) })).min(1),
  named: z.array(
    z.object({
      kind: z.enum(['endpoint', 'script', 'command', 'variable', 'metric', 'log event']),
      name: z.string(),
      where: z.string(),
      isThere: z.boolean(),
      /** How it was looked for and what was seen. */
      seen: z.string(),
    }),
  ),
  /** What the running subject was asked: metrics in /metrics, lines logged while it was led through failures. */
  metricsSeen: z.int().positive(),
  logLinesSamples: z.int().positive(),
})

/** @see runbooksTrialSchema */
export type RunbooksTrial = z.infer<typeof runbooksTrialSchema>

const oldestDays = 180

/** Each scenario without a runbook, each runbook that lacks something, and each thing named that is not there. */
export function judgeRunbooks({ folder, documents, scenarios, named }: RunbooksTrial): JudgedShortfall[] {
  return [
    ...scenarios
      .filter(({ files }) => files.length === 0)
      .map(({ scenario }) => ({
        what: `no runbook covers ${scenario}`,
        expected: 'a document for each failure scenario, told by its title',
        where: folder,
        mitigation: `Write a runbook for ${scenario}.`,
      })),
    ...documents.filter(({ scenarios: covered }) => covered.length > 0).flatMap((document) => judgeDocument(document)),
    ...documents
      .filter(({ brokenLinks }) => brokenLinks.length > 0)
      .map(({ file, brokenLinks }) => ({
        what: `links lead nowhere: ${brokenLinks.join(', ')}`,
        expected: 'every relative link to lead to a file',
        where: file,
        mitigation: 'Correct the link, or write what it promises.',
      })),
    ...named
      .filter(({ isThere }) => !isThere)
      .map(({ kind, name, where, seen }) => ({
        what: `the runbook names the ${kind} ${name}, which does not exist: ${seen}`,
        expected: `a ${kind} that the subject has, since somebody will look for it at night`,
        where,
        mitigation: `Name the ${kind} as the subject has it, or add it to the subject.`,
      })),
  ]
}

function judgeDocument(document: RunbooksTrial['documents'][number]): JudgedShortfall[] {
  const { file: where, missingParts, emptyParts, reviewedOn, reviewedDaysAgo, placeholder, signals, copyOf } = document
  const found: (JudgedShortfall | false)[] = [
    missingParts.length > 0 && {
      what: `the runbook lacks ${missingParts.join(', ')}`,
      expected:
        'symptoms, detection, diagnosis, mitigation, rollback, escalation and verification, each under its heading',
      where,
      mitigation: `Add the missing parts: ${missingParts.join(', ')}.`,
    },
    emptyParts.length > 0 && {
      what: `the runbook says next to nothing under ${emptyParts.join(', ')}`,
      expected: 'something to act on in every part',
      where,
      mitigation: 'Write what to do, in steps that somebody who has not seen the failure before can follow.',
    },
    placeholder !== null && {
      what: `the runbook holds the placeholder ${JSON.stringify(placeholder)}`,
      expected: 'a finished document',
      where,
      mitigation: 'Write what the placeholder stands for.',
    },
    signals === 0 && {
      what: 'its detection names no metric, log event or endpoint of the subject',
      expected: 'the signal by which the failure is told, by its name',
      where,
      mitigation: 'Name the metric, log event or endpoint in code, e.g. `queue_depth`.',
    },
    reviewedOn === null && {
      what: 'the runbook does not say when it was reviewed',
      expected: 'a line such as "Last reviewed: 2026-01-31"',
      where,
      mitigation: 'Review it and add the day.',
    },
    reviewedDaysAgo !== null &&
      (reviewedDaysAgo > oldestDays || reviewedDaysAgo < 0) && {
        what: `the runbook was last reviewed on ${reviewedOn}, ${reviewedDaysAgo} days ago`,
        expected: `a review within the last ${oldestDays} days`,
        where,
        mitigation: 'Review it against the subject as it is, and change the day.',
      },
    copyOf !== null && {
      what: `its diagnosis and mitigation are those of ${copyOf}, to the letter`,
      expected: 'a document about this failure',
      where,
      mitigation: 'Write what is to be looked at and done in this failure.',
    },
  ]
  return found.filter((shortfall) => shortfall !== false)
}
