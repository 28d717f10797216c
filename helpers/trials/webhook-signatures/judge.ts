import { z } from 'zod'
import type { JudgedShortfall } from '../../evidence/shortfall.ts'

const deliverySchema = z.object({
  name: z.string(),
  status: z.int(),
  /** Code in the error envelope, or null when the answer carries none. */
  code: z.string().nullable(),
  /** Whether its content is in any table afterwards. */
  isStored: z.boolean(),
  /** Events that carry its correlation id. */
  events: z.int().nonnegative(),
})

/** What one source's genuine and forged deliveries did to the subject. */
const webhookTrialSchema = z.object({
  source: z.enum(['calendly', 'stripe', 'twilio']),
  genuine: z.array(deliverySchema).min(3),
  forged: z.array(deliverySchema).min(20),
  replay: z.object({
    /** Whether the scheme signs a time; one that does not cannot tell a replay from its provider's retry. */
    isTimed: z.boolean(),
    firstStatus: z.int(),
    secondStatus: z.int(),
    eventsBefore: z.int().nonnegative(),
    eventsAfter: z.int().nonnegative(),
  }),
  /** The same event delivered anew by its provider, freshly signed. */
  redelivery: z.object({ status: z.int(), eventsBefore: z.int().nonnegative(), eventsAfter: z.int().nonnegative() }),
  /** Processes of the subject that ended while they were attacked. */
  endedProcesses: z.int().nonnegative(),
})

/** What an instance without one source's webhook secret does: it refuses to start, or refuses that source's deliveries. */
const unconfiguredSchema = z.object({
  source: z.enum(['calendly', 'stripe', 'twilio']),
  hasStarted: z.boolean(),
  deliveries: z.array(deliverySchema.omit({ events: true })),
})

const bystanderSchema = z.object({ status: z.string(), isConsentGranted: z.boolean() })

/** A customer with an appointment and consent, before and after deliveries about them were forged. */
const bystanderTrialSchema = z.object({
  before: bystanderSchema,
  after: bystanderSchema,
  statuses: z.array(z.int()).min(6),
})

/** @see bystanderTrialSchema */
export type BystanderTrial = z.infer<typeof bystanderTrialSchema>

/** All that was seen of webhook signatures. */
export const signaturesTrialSchema = z.object({
  sources: z.array(webhookTrialSchema).length(3),
  bystander: bystanderTrialSchema,
  unconfigured: z.array(unconfiguredSchema).length(3),
})

/** @see signaturesTrialSchema */
export type SignaturesTrial = z.infer<typeof signaturesTrialSchema>

/** @see unconfiguredSchema */
export type UnconfiguredTrial = z.infer<typeof unconfiguredSchema>

/** @see webhookTrialSchema */
export type WebhookTrial = z.infer<typeof webhookTrialSchema>

const isAccepted = (status: number): boolean => status === 200 || status === 202

/** Each delivery accepted that should not be, and each refused or lost that should be accepted. */
export function judgeSignatures({ sources, bystander, unconfigured }: SignaturesTrial): JudgedShortfall[] {
  return [...judgeWebhookTrials(sources), ...judgeBystander(bystander), ...judgeUnconfigured(unconfigured)]
}

/** Each genuine delivery refused or lost, each forged one accepted, stored or not answered by 401. */
function judgeWebhookTrials(trials: readonly WebhookTrial[]): JudgedShortfall[] {
  return trials.flatMap((trial) => [
    ...judgeGenuine(trial),
    ...judgeForged(trial),
    ...judgeReplay(trial),
    ...judgeRedelivery(trial),
    ...(trial.endedProcesses > 0
      ? [
          {
            what: `${trial.endedProcesses} process of the subject ended while ${trial.source} deliveries were forged`,
            expected: 'a forged delivery crashes nothing',
            where: `${trial.source} webhook`,
            mitigation: 'Answer malformed signatures with 401 instead of letting the exception escape.',
          },
        ]
      : []),
  ])
}

function judgeGenuine({ source, genuine }: WebhookTrial): JudgedShortfall[] {
  return genuine.flatMap(({ name, status, isStored, events }) => {
    const where = `genuine ${source} delivery (${name})`
    const mitigation = 'Verify the signature over the raw bytes received, by the scheme the provider documents.'
    if (!isAccepted(status))
      return [{ what: `genuine delivery refused with ${status}`, expected: '200 or 202', where, mitigation }]
    if (!isStored || (source === 'calendly' && events === 0)) {
      const what = `genuine delivery acknowledged with ${status}, but without effect`
      return [
        {
          what,
          expected: 'its content stored and its event visible within 5 s',
          where,
          mitigation: 'Process what is acknowledged.',
        },
      ]
    }
    return []
  })
}

function judgeForged({ source, forged }: WebhookTrial): JudgedShortfall[] {
  return forged.flatMap(({ name, status, code, isStored, events }) => {
    const where = `forged ${source} delivery (${name})`
    const mitigation =
      'Compare the whole signature in constant time against one made over the raw body, refuse everything else with 401, and store nothing before that.'
    const what = isAccepted(status)
      ? `forged delivery accepted with ${status}`
      : isStored || events > 0
        ? `forged delivery refused with ${status}, yet it took effect`
        : status !== 401
          ? `forged delivery answered with ${status}`
          : code !== 'UNAUTHORIZED'
            ? `forged delivery refused without the error envelope (code ${code ?? 'missing'})`
            : undefined
    return what === undefined
      ? []
      : [{ what, expected: '401 with code UNAUTHORIZED, and no effect', where, mitigation }]
  })
}

function judgeReplay({ source, replay }: WebhookTrial): JudgedShortfall[] {
  const where = `replayed ${source} delivery`
  const mitigation =
    'Keep the provider’s event id and the signature seen, before any side effect, and refuse them a second time.'
  const isRefused = replay.secondStatus === 401 || (!replay.isTimed && isAccepted(replay.secondStatus))
  const shortfalls: JudgedShortfall[] = []
  if (!isAccepted(replay.firstStatus)) {
    const what = `genuine delivery refused with ${replay.firstStatus} before it could be replayed`
    shortfalls.push({ what, expected: '200 or 202', where, mitigation })
  }
  if (!isRefused) {
    const what = `replay of the same signed delivery answered with ${replay.secondStatus}`
    shortfalls.push({
      what,
      expected: replay.isTimed ? '401' : '401, or 200 without a second effect',
      where,
      mitigation,
    })
  }
  if (replay.eventsAfter > replay.eventsBefore) {
    const what = `replay took effect again: ${replay.eventsAfter - replay.eventsBefore} more events`
    shortfalls.push({ what, expected: 'no second effect', where, mitigation })
  }
  return shortfalls
}

function judgeRedelivery({ source, redelivery }: WebhookTrial): JudgedShortfall[] {
  const { status, eventsBefore, eventsAfter } = redelivery
  if (isAccepted(status) && eventsAfter <= eventsBefore) return []
  const what = isAccepted(status)
    ? `a genuine redelivery took effect again: ${eventsAfter - eventsBefore} more events`
    : `a genuine redelivery was refused with ${status}`
  return [
    {
      what,
      expected: '200 or 202 without a second effect: providers deliver again until they are answered',
      where: `${source} delivery sent again with a fresh signature`,
      mitigation: 'Acknowledge an event id that was processed before, and do nothing more.',
    },
  ]
}

/** Each delivery that an instance without its secret accepts. */
function judgeUnconfigured(trials: readonly UnconfiguredTrial[]): JudgedShortfall[] {
  return trials.flatMap(({ source, deliveries }) =>
    deliveries
      .filter(({ status, isStored }) => isAccepted(status) || isStored)
      .map(({ name, status }) => ({
        what: `without a webhook secret a forged delivery (${name}) got ${status}`,
        expected: 'the application refuses to start, or refuses every delivery',
        where: `${source} webhook of an instance started with an empty secret for it`,
        mitigation: 'Check at start that every secret is there, and never verify against an empty one.',
      })),
  )
}

/** What forged deliveries did to a customer. */
function judgeBystander({ before, after }: BystanderTrial): JudgedShortfall[] {
  const changes = [
    ...(before.status === after.status ? [] : [`an appointment from ${before.status} to ${after.status}`]),
    ...(before.isConsentGranted === after.isConsentGranted ? [] : ['a customer’s consent']),
  ]
  return changes.map((change) => ({
    what: `forged deliveries changed ${change}: they took effect`,
    expected: 'nothing changes',
    where: 'forged cancellation, STOP and payment about a customer who is there already',
    mitigation: 'Verify the signature before anything of the delivery is looked at.',
  }))
}
