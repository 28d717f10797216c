import { z } from 'zod'
import { attestedSchema, judgeEvidenceFiles } from '../../evidence/attestation.ts'
import type { JudgedShortfall } from '../../evidence/shortfall.ts'

/** The last rehearsal of an incident. */
export const incidentTrialSchema = attestedSchema.extend({
  scenario: z.string(),
  runbook: z.object({ path: z.string(), isThere: z.boolean() }),
  participants: z.array(z.object({ name: z.string(), role: z.string() })),
  findings: z.array(z.object({ finding: z.string(), closedOn: z.iso.date().nullable() })),
  examinedOn: z.iso.date(),
})

/** @see incidentTrialSchema */
export type IncidentTrial = z.infer<typeof incidentTrialSchema>

const fewestPeople = 2
const shortestScenario = 20

/** Each way in which the rehearsal was none, or what it found was left as it is. */
export function judgeRehearsal(trial: IncidentTrial): JudgedShortfall[] {
  const { record: where, scenario, runbook, participants, findings, datedOn, examinedOn } = trial
  const people = new Set(participants.map(({ name }) => name.trim().toLowerCase().replaceAll(/\s+/g, ' ')))
  const shortfalls: (JudgedShortfall | false)[] = [
    people.size < fewestPeople && {
      what: `${people.size} person took part in the rehearsal`,
      expected: `at least ${fewestPeople} people: one who leads and one who acts`,
      where,
      mitigation: 'Rehearse with those who would be called, and record who took part.',
    },
    scenario.trim().length < shortestScenario && {
      what: `the scenario is said to be ${JSON.stringify(scenario)}`,
      expected: 'what happened in the rehearsal, in a sentence',
      where,
      mitigation: 'Describe the incident that was rehearsed.',
    },
    !runbook.isThere && {
      what: `the runbook ${runbook.path} that was rehearsed is not there`,
      expected: 'the runbook that the rehearsal followed, in the repository',
      where,
      mitigation: 'Name the runbook by its path from the root, or write it.',
    },
  ]
  const left = findings.flatMap(({ finding, closedOn }): JudgedShortfall[] => {
    const state =
      closedOn === null
        ? 'is not closed'
        : closedOn < datedOn
          ? `is said to have been closed on ${closedOn}, before the rehearsal on ${datedOn}`
          : closedOn > examinedOn
            ? `is to be closed on ${closedOn}, which is still to come`
            : undefined
    if (state === undefined) return []
    return [
      {
        what: `the finding ${JSON.stringify(finding)} ${state}`,
        expected: 'every finding of the rehearsal closed before the release',
        where,
        mitigation: 'Mend what the rehearsal found, then record the day.',
      },
    ]
  })
  return [...judgeEvidenceFiles(trial), ...shortfalls.filter((shortfall) => shortfall !== false), ...left]
}
