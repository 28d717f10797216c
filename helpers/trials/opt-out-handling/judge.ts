import { z } from 'zod'
import type { JudgedShortfall } from '../../evidence/shortfall.ts'

const count = z.int().nonnegative()

const replySchema = z.object({
  text: z.string(),
  meaning: z.enum(['opt-out', 'other']),
  group: z.string(),
  /** Answer to the genuine webhook that brought the reply. */
  acknowledgedWith: z.int(),
  /** Whether the admin API still shows consent 5 s later at most. */
  isConsentGranted: z.boolean(),
  /** Text messages that reached the provider because of the reply. */
  answers: count,
  /** Of these, those that speak of unsubscribing, as a confirmation does. */
  confirmations: count,
  /** A message asked for afterwards: what the admin API answered, and whether it reached the provider. */
  messageAfterwards: z.object({ status: z.int(), delivered: count }),
})

/** What replies did to consent and to messages. */
export const optOutTrialSchema = z.object({
  replies: z.array(replySchema).min(50),
  repeated: z.object({ copies: z.int().min(10), confirmations: count, isConsentGranted: z.boolean() }),
  queued: z.object({
    /** First attempts that the provider turned away while the reply came, so that the messages were still queued. */
    deferred: count,
    deliveredToWhoOptedOut: count,
    deliveredToWhoDidNot: count,
  }),
  restart: z.object({ isConsentGranted: z.boolean(), delivered: count }),
  audit: z.object({ optOuts: z.int().positive(), entries: count }),
  appointment: z.object({ statusBefore: z.string(), statusAfter: z.string() }),
})

/** @see optOutTrialSchema */
export type OptOutTrial = z.infer<typeof optOutTrialSchema>

/** Each reply understood wrongly, each message sent against a customer's will, each trace missing. */
export function judgeOptOuts(trial: OptOutTrial): JudgedShortfall[] {
  return [
    ...trial.replies.flatMap(judgeReply),
    ...judgeRepeated(trial.repeated),
    ...judgeQueued(trial.queued),
    ...judgeRestart(trial.restart),
    ...judgeTraces(trial),
  ]
}

function judgeReply(reply: OptOutTrial['replies'][number]): JudgedShortfall[] {
  const where = `reply ${JSON.stringify(reply.text)} (${reply.group})`
  if (reply.acknowledgedWith !== 200 && reply.acknowledgedWith !== 202) {
    const what = `the genuine reply was refused with ${reply.acknowledgedWith}`
    return [{ what, expected: '200 or 202', where, mitigation: 'Accept every genuine reply.' }]
  }
  return reply.meaning === 'opt-out' ? judgeOptOut(reply, where) : judgeOrdinary(reply, where)
}

function judgeOptOut(reply: OptOutTrial['replies'][number], where: string): JudgedShortfall[] {
  const shortfalls: JudgedShortfall[] = []
  if (reply.isConsentGranted) {
    shortfalls.push({
      what: 'consent still stands 5 s after an opt-out',
      expected: 'consent withdrawn at once',
      where,
      mitigation:
        'Recognise the keyword in any case and punctuation, and plain requests, and withdraw consent with the reply.',
    })
  }
  if (reply.answers !== 1 || reply.confirmations !== 1) {
    shortfalls.push({
      what: `${reply.confirmations} confirmations and ${reply.answers - reply.confirmations} other messages followed an opt-out`,
      expected: 'exactly one confirmation and nothing else',
      where,
      mitigation: 'Send one confirmation, by the transaction that withdraws consent, and no other answer.',
    })
  }
  if (reply.messageAfterwards.delivered > 0) {
    shortfalls.push({
      what: 'a message was sent after an opt-out',
      expected: 'no message without consent',
      where,
      mitigation: 'Check consent at the moment of sending.',
    })
  }
  return shortfalls
}

function judgeOrdinary(reply: OptOutTrial['replies'][number], where: string): JudgedShortfall[] {
  const shortfalls: JudgedShortfall[] = []
  if (!reply.isConsentGranted || reply.confirmations > 0) {
    shortfalls.push({
      what: `an ordinary sentence was taken for an opt-out (${reply.isConsentGranted ? 'confirmation sent' : 'consent withdrawn'})`,
      expected: 'consent as before',
      where,
      mitigation: 'Match keywords as the whole reply, and requests by what they ask for, not by words they contain.',
    })
  }
  if (reply.messageAfterwards.delivered !== 1) {
    shortfalls.push({
      what: `a message to a customer with consent was delivered ${reply.messageAfterwards.delivered} times (asked for: ${reply.messageAfterwards.status})`,
      expected: 'delivered once',
      where,
      mitigation: 'Leave customers who did not opt out alone.',
    })
  }
  return shortfalls
}

function judgeRepeated({ copies, confirmations, isConsentGranted }: OptOutTrial['repeated']): JudgedShortfall[] {
  if (confirmations === 1 && !isConsentGranted) return []
  return [
    {
      what: `${copies} opt-outs at once led to ${confirmations} confirmations${isConsentGranted ? ', and consent stands' : ''}`,
      expected: 'exactly one confirmation, consent withdrawn',
      where: `${copies} replies STOP from one customer at once`,
      mitigation: 'Let only the change from granted to withdrawn send the confirmation, under a row lock.',
    },
  ]
}

function judgeQueued({ deliveredToWhoOptedOut, deliveredToWhoDidNot }: OptOutTrial['queued']): JudgedShortfall[] {
  const where = 'messages queued while the provider answered 429'
  const shortfalls: JudgedShortfall[] = []
  if (deliveredToWhoOptedOut > 0) {
    shortfalls.push({
      what: 'a queued message was sent after its recipient had opted out',
      expected: 'queued messages dropped',
      where,
      mitigation: 'Check consent right before each attempt, not when the message is queued.',
    })
  }
  if (deliveredToWhoDidNot !== 1) {
    shortfalls.push({
      what: `a queued message to a customer with consent was delivered ${deliveredToWhoDidNot} times`,
      expected: 'delivered once when the provider is back',
      where,
      mitigation: 'Keep queued messages of customers who did not opt out.',
    })
  }
  return shortfalls
}

function judgeRestart({ isConsentGranted, delivered }: OptOutTrial['restart']): JudgedShortfall[] {
  if (isConsentGranted && delivered === 1) return []
  return [
    {
      what: isConsentGranted
        ? `after START a message was delivered ${delivered} times`
        : 'START did not restore consent',
      expected: 'consent restored, the next message delivered once',
      where: 'reply START after STOP',
      mitigation: 'Restore consent on START, with an audit entry.',
    },
  ]
}

function judgeTraces({ audit, appointment }: OptOutTrial): JudgedShortfall[] {
  const shortfalls: JudgedShortfall[] = []
  if (audit.entries < audit.optOuts) {
    shortfalls.push({
      what: `${audit.entries} audit entries name customers of ${audit.optOuts} opt-outs`,
      expected: 'an audit entry for each opt-out',
      where: 'GET /audit-logs',
      mitigation: 'Write the audit entry in the transaction that withdraws consent.',
    })
  }
  if (appointment.statusAfter !== appointment.statusBefore) {
    shortfalls.push({
      what: `the reply CANCEL changed the appointment from ${appointment.statusBefore} to ${appointment.statusAfter}`,
      expected: 'CANCEL withdraws consent and leaves the appointment as it is',
      where: 'reply CANCEL',
      mitigation: 'Look for opt-out keywords before the reply is classified.',
    })
  }
  return shortfalls
}
