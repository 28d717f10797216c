import { z } from 'zod'
import type { JudgedShortfall } from '../../evidence/shortfall.ts'

const count = z.int().nonnegative()

/** What the Event API showed, to readers that came early, late, again, and from elsewhere. */
export const eventTrialSchema = z.object({
  /** Every event of the run, against the canonical envelope. */
  envelopes: z.object({
    events: z.int().min(100),
    /** Ways in which events miss the envelope, each with an event that does. */
    flaws: z.array(z.object({ flaw: z.string(), example: z.string(), events: z.int().positive() })),
    repeatedIds: count,
  }),
  /** The events of one genuine command. */
  causation: z.object({
    events: z.int().positive(),
    ofOtherWorkflow: count,
    ofOtherCorrelation: count,
    /** Events whose cause is neither the command nor another event of the chain. */
    withoutKnownCause: count,
  }),
  /** One booking made, confirmed and called off, each step after the one before had its events. */
  order: z.object({ steps: z.int().min(3), aggregates: z.int().positive(), sequence: z.array(z.int()) }),
  /** Readers that polled while others wrote, compared with what was there in the end. */
  concurrent: z.object({
    writers: z.int().min(100),
    instances: z.int().min(2),
    polls: z.int().min(100),
    /** Writers whose event never came. */
    lost: count,
    readers: z.array(z.object({ instance: z.int(), events: count, missed: count, reordered: count })).min(2),
  }),
  /** The same cursors read again. */
  replay: z.object({
    cursors: z.int().min(20),
    different: z.array(z.object({ how: z.string(), cursors: count, different: count })).min(3),
    /** Pages that held more than the limit asked for. */
    overlongPages: count,
  }),
  subscription: z.object({
    createdWith: z.int(),
    replayedWith: z.int(),
    replayedAsOther: z.int(),
    /** Of the events after the cursor, those that the replay left out. */
    missing: count,
  }),
  tenants: z.object({
    ownEvents: z.int().positive(),
    /** Events of the first tenant that the second one was shown. */
    seenByOther: count,
    refusals: z.array(z.object({ how: z.string(), status: z.int(), refusedWith: z.array(z.int()) })).min(4),
  }),
  /** Commands whose transaction was cut off at one statement after another. */
  outbox: z.object({
    cuts: z.int().min(5),
    changesWithoutEvent: count,
    eventsWithoutChange: count,
    /** Commands that, sent again, did not end with the events that a command has. */
    notCompleted: count,
    worst: z.string().nullable(),
  }),
})

/** @see eventTrialSchema */
export type EventTrial = z.infer<typeof eventTrialSchema>

/** Each event malformed, missed, out of order, leaked, or without the change that it tells of. */
export function judgeEvents(trial: EventTrial): JudgedShortfall[] {
  return [
    ...judgeEnvelopes(trial),
    ...judgeOrder(trial),
    ...judgeConcurrent(trial.concurrent),
    ...judgeReplay(trial),
    ...judgeTenants(trial.tenants),
    ...judgeOutbox(trial.outbox),
  ]
}

function judgeEnvelopes({ envelopes, causation }: EventTrial): JudgedShortfall[] {
  const shortfalls = envelopes.flaws.map(({ flaw, example, events }): JudgedShortfall => ({
    what: `${events} of ${envelopes.events} events miss the canonical envelope: ${flaw}`,
    expected:
      'eventId, eventType, occurredAt, tenantId, profile, aggregate { type, id }, payload, metadata { workflowId, correlationId, causationId }',
    where: `GET events: ${example}`,
    mitigation: 'Build every event by one function from the envelope’s schema.',
  }))
  if (envelopes.repeatedIds > 0) {
    shortfalls.push({
      what: `${envelopes.repeatedIds} events share their eventId with another event`,
      expected: 'an id of its own for each event: consumers dedupe by it',
      where: 'GET events',
      mitigation: 'Make the id unique in the table of events.',
    })
  }
  const flaws = [
    ...(causation.ofOtherCorrelation > 0 ? [`${causation.ofOtherCorrelation} carry another correlation id`] : []),
    ...(causation.ofOtherWorkflow > 0 ? [`${causation.ofOtherWorkflow} name another workflow`] : []),
    ...(causation.withoutKnownCause > 0
      ? [`${causation.withoutKnownCause} name a causationId that is neither the command nor an event of its chain`]
      : []),
  ]
  return [
    ...shortfalls,
    ...flaws.map((flaw) => ({
      what: `causation chain broken: of ${causation.events} events of one command, ${flaw}`,
      expected: 'the command’s workflow and correlation id; causationId leads from event to command',
      where: 'events of a genuine command',
      mitigation: 'Carry workflow, correlation and causation through queued work into every event.',
    })),
  ]
}

function judgeOrder({ order }: EventTrial): JudgedShortfall[] {
  const { sequence } = order
  const isInOrder = sequence.every((step, index) => index === 0 || step >= (sequence[index - 1] ?? 0))
  if (isInOrder && new Set(sequence).size === order.steps) return []
  return [
    {
      what: `events of one aggregate are out of order: the steps 1 to ${order.steps} came as ${sequence.join(', ')}`,
      expected: 'ordered per aggregate, an event for each step',
      where: 'a booking created, confirmed and cancelled',
      mitigation: 'Number events where they are written, in the transaction of the change.',
    },
  ]
}

function judgeConcurrent({ writers, lost, readers, instances }: EventTrial['concurrent']): JudgedShortfall[] {
  const where = `${writers} writers on ${instances} instances, polled all the while`
  const mitigation =
    'Give out positions in commit order (a lock held until commit, or a reader that stops at the oldest open transaction).'
  const shortfalls: JudgedShortfall[] = []
  if (lost > 0) {
    shortfalls.push({
      what: `${lost} accepted changes never became an event`,
      expected: 'an event for each accepted change',
      where,
      mitigation: 'Write the event in the transaction of the change.',
    })
  }
  for (const { instance, events, missed, reordered } of readers) {
    if (missed > 0) {
      const what = `a reader of instance ${instance} missed ${missed} events of ${events + missed}: they were committed behind its cursor (skipped)`
      shortfalls.push({ what, expected: 'no event is skipped', where, mitigation })
    }
    if (reordered > 0) {
      const what = `a reader of instance ${instance} saw ${reordered} events in another order than a later reader does (reordered)`
      shortfalls.push({ what, expected: 'the same order for every reader', where, mitigation })
    }
  }
  return shortfalls
}

function judgeReplay({ replay, subscription }: EventTrial): JudgedShortfall[] {
  const shortfalls: JudgedShortfall[] = replay.different
    .filter(({ different }) => different > 0)
    .map(({ how, cursors, different }) => ({
      what: `replay from ${different} of ${cursors} cursors gave another sequence ${how}`,
      expected: 'the same events in the same order from any cursor',
      where: `GET events ${how}`,
      mitigation: 'Let a cursor be a position stored with the event, not a place in a list in memory.',
    }))
  if (replay.overlongPages > 0) {
    shortfalls.push({
      what: `${replay.overlongPages} pages held more events than the limit asked for`,
      expected: 'at most limit events a page',
      where: 'GET events?limit=',
      mitigation: 'Pass the limit to the query.',
    })
  }
  const { createdWith, replayedWith, replayedAsOther, missing } = subscription
  const flaws = [
    ...(createdWith >= 200 && createdWith < 300 ? [] : [`a subscription was answered with ${createdWith}`]),
    ...(replayedWith >= 200 && replayedWith < 300 ? [] : [`its replay was answered with ${replayedWith}`]),
    ...(missing === 0 ? [] : [`its replay left out ${missing} events`]),
    ...(replayedAsOther === 404 || replayedAsOther === 403
      ? []
      : [`another tenant’s replay of it was answered with ${replayedAsOther} (tenant leak)`]),
  ]
  return [
    ...shortfalls,
    ...flaws.map((what) => ({
      what: `subscription: ${what}`,
      expected: '2xx, all events after the cursor; 404 or 403 for another tenant',
      where: 'POST /v1/subscriptions and its replay',
      mitigation: 'Store subscriptions by tenant and let a replay read what GET events reads.',
    })),
  ]
}

function judgeTenants({ seenByOther, refusals }: EventTrial['tenants']): JudgedShortfall[] {
  const shortfalls: JudgedShortfall[] = []
  if (seenByOther > 0) {
    shortfalls.push({
      what: `another tenant was shown ${seenByOther} events that are not its own (tenant leak)`,
      expected: 'none',
      where: 'GET events by another tenant',
      mitigation: 'Scope every read by tenant, cursors included.',
    })
  }
  for (const { how, status, refusedWith } of refusals) {
    if (refusedWith.includes(status)) continue
    shortfalls.push({
      what: `reading events ${how} was answered with ${status}`,
      expected: refusedWith.join(' or '),
      where: `GET events ${how}`,
      mitigation: 'Authenticate the service, then check that its token may act for the tenant it names.',
    })
  }
  return shortfalls
}

function judgeOutbox({ cuts, changesWithoutEvent, eventsWithoutChange, notCompleted, worst }: EventTrial['outbox']) {
  const where = `commands whose connection was cut at one of ${cuts} statements${worst === null ? '' : `, first seen: ${worst}`}`
  const mitigation = 'Store the change and its event in one transaction; an outbox in another one can be lost.'
  const cases: [amount: number, what: string][] = [
    [changesWithoutEvent, 'commands exist without their event (outbox)'],
    [eventsWithoutChange, 'events exist without their command (outbox)'],
    [notCompleted, 'commands, sent again with their key, did not end with the events of a command (outbox)'],
  ]
  return cases
    .filter(([amount]) => amount > 0)
    .map(([amount, what]): JudgedShortfall => ({
      what: `${amount} ${what}`,
      expected: 'an accepted change and its event exist both or neither',
      where,
      mitigation,
    }))
}
