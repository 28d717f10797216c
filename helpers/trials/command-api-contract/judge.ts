import { z } from 'zod'
import type { JudgedShortfall } from '../../evidence/shortfall.ts'

const count = z.int().nonnegative()

const refusalSchema = z.object({
  name: z.string(),
  status: z.int(),
  refusedWith: z.array(z.int()),
  /** Code in the error envelope, or null when the answer carries none. */
  code: z.string().nullable(),
  /** Where an effect was found: tables, events or the status query. */
  effects: z.array(z.string()),
})

/** What the Command API did with spoiled, genuine and repeated commands. */
export const commandTrialSchema = z.object({
  refusals: z.array(refusalSchema).min(40),
  genuine: z.object({
    status: z.int(),
    /** Fields of the acknowledgement that are missing or wrong. */
    flaws: z.array(z.string()),
    statusQuery: z.int(),
    workflowQuery: z.int(),
    events: count,
    eventsOfOtherWorkflow: count,
  }),
  concurrent: z.object({
    copies: z.int().min(50),
    instances: z.int().min(2),
    statuses: z.record(z.string(), count),
    /** Different answers, leaving out what differs by request. */
    differentAnswers: count,
    events: count,
  }),
  repeated: z.object({
    /** On another instance, and on a new one after all others were killed. */
    answers: z.array(z.object({ how: z.string(), status: z.int(), isSameAnswer: z.boolean() })).min(2),
    eventsAfter: count,
  }),
  otherBody: z.object({ status: z.int(), code: z.string().nullable(), effects: z.array(z.string()) }),
  otherTenant: z.object({
    sameKeyStatus: z.int(),
    isOwnWorkflow: z.boolean(),
    readsCommandWith: z.int(),
    readsWorkflowWith: z.int(),
    eventsSeen: count,
  }),
  killed: z.object({ acceptedStatus: z.int(), statusQueryAfter: z.int(), eventsAfter: count }),
})

/** @see commandTrialSchema */
export type CommandTrial = z.infer<typeof commandTrialSchema>

const codes: Record<number, readonly string[]> = {
  400: ['VALIDATION_ERROR'],
  401: ['UNAUTHORIZED'],
  403: ['FORBIDDEN'],
  404: ['NOT_FOUND', 'VALIDATION_ERROR'],
  409: ['CONFLICT'],
  415: ['VALIDATION_ERROR'],
  422: ['VALIDATION_ERROR', 'CONFLICT'],
}

/** Each spoiled command accepted, each effect more or less than once, each look into another tenant. */
export function judgeCommands(trial: CommandTrial): JudgedShortfall[] {
  return [
    ...trial.refusals.flatMap(judgeRefusal),
    ...judgeGenuine(trial.genuine),
    ...judgeIdempotency(trial),
    ...judgeTenants(trial.otherTenant),
    ...judgeKilled(trial.killed),
  ]
}

function judgeRefusal(refusal: CommandTrial['refusals'][number]): JudgedShortfall[] {
  const { name, status, code, effects, refusedWith } = refusal
  const what = !refusedWith.includes(status)
    ? `answered ${status}`
    : effects.length > 0
      ? `refused with ${status}, yet it took effect in ${effects.join(', ')}`
      : !(codes[status] ?? []).includes(code ?? '')
        ? `refused with ${status}, but with code ${code ?? 'missing'} in the error envelope`
        : undefined
  if (what === undefined) return []
  return [
    {
      what,
      expected: `${refusedWith.join(' or ')} with the error envelope, nothing enqueued`,
      where: `POST commands: ${name}`,
      mitigation: 'Check headers and body against a schema before anything is stored, and map each fault to its code.',
    },
  ]
}

function judgeGenuine(genuine: CommandTrial['genuine']): JudgedShortfall[] {
  const where = 'POST commands: genuine command'
  const flaws = [
    ...(genuine.status === 202 ? genuine.flaws : [`answered ${genuine.status}`]),
    ...(genuine.statusQuery === 200 ? [] : [`its status query answers ${genuine.statusQuery}`]),
    ...(genuine.workflowQuery === 200 ? [] : [`its workflow query answers ${genuine.workflowQuery}`]),
    ...(genuine.events > 0 ? [] : ['no event carries its correlation id within 5 s']),
    ...(genuine.eventsOfOtherWorkflow === 0 ? [] : ['its events name another workflow']),
  ]
  return flaws.map((what) => ({
    what: `genuine command: ${what}`,
    expected: '202 { commandId, status, workflowId, correlationId }, readable status and workflow, its events',
    where,
    mitigation: 'Store the command, its workflow and its events in one transaction, and answer with their ids.',
  }))
}

function judgeIdempotency({ concurrent, repeated, otherBody, genuine }: CommandTrial): JudgedShortfall[] {
  const mitigation =
    'Insert the key, unique by tenant, first and in the transaction of the effect; answer later copies from what it stored.'
  const where = `${concurrent.copies} copies of one command at once on ${concurrent.instances} instances`
  const shortfalls: JudgedShortfall[] = []
  const others = Object.keys(concurrent.statuses).filter((status) => status !== '202')
  if (others.length > 0 || concurrent.differentAnswers !== 1) {
    shortfalls.push({
      what: `idempotent copies got ${concurrent.differentAnswers} different answers (${Object.entries(
        concurrent.statuses,
      )
        .map(([status, times]) => `${status} × ${times}`)
        .join(', ')})`,
      expected: 'one answer: 202 with the same ids',
      where,
      mitigation,
    })
  }
  if (concurrent.events !== genuine.events) {
    shortfalls.push({
      what: `idempotent copies led to ${concurrent.events} events, one command to ${genuine.events}`,
      expected: 'one effect',
      where,
      mitigation,
    })
  }
  for (const { how, status, isSameAnswer } of repeated.answers) {
    if (status === 202 && isSameAnswer) continue
    const what = `the same key and body ${how} got ${isSameAnswer ? '' : 'another answer, '}status ${status} (not idempotent)`
    shortfalls.push({ what, expected: 'the same answer', where: `idempotency key ${how}`, mitigation })
  }
  if (repeated.eventsAfter !== concurrent.events) {
    const what = `repeating the key took effect again: ${repeated.eventsAfter} events instead of ${concurrent.events} (not idempotent)`
    shortfalls.push({ what, expected: 'no second effect', where: 'idempotency key used again', mitigation })
  }
  if (![409, 422].includes(otherBody.status) || otherBody.effects.length > 0 || otherBody.code === null) {
    const what = `an idempotency key used with another body answered ${otherBody.status}${otherBody.effects.length > 0 ? ` and took effect in ${otherBody.effects.join(', ')}` : ''}`
    shortfalls.push({
      what,
      expected: '409 or 422 with the error envelope, no effect',
      where: 'idempotency key with another body',
      mitigation: 'Keep a hash of the body beside the key and compare it.',
    })
  }
  return shortfalls
}

function judgeTenants(other: CommandTrial['otherTenant']): JudgedShortfall[] {
  const shortfalls: JudgedShortfall[] = []
  if (other.sameKeyStatus !== 202 || !other.isOwnWorkflow) {
    shortfalls.push({
      what: `another tenant using the same idempotency key got ${other.sameKeyStatus}${other.isOwnWorkflow ? '' : ' and the first tenant’s workflow'}`,
      expected: 'its own 202: keys belong to a tenant',
      where: 'idempotency key of another tenant',
      mitigation: 'Make the key unique by tenant and key.',
    })
  }
  for (const [what, status] of [
    ['command', other.readsCommandWith],
    ['workflow', other.readsWorkflowWith],
  ] as const) {
    if (status === 404 || status === 403) continue
    shortfalls.push({
      what: `another tenant reads a ${what} with ${status} (tenant leak)`,
      expected: '404 or 403',
      where: `GET ${what} by another tenant`,
      mitigation: 'Look up by tenant and id together.',
    })
  }
  if (other.eventsSeen > 0) {
    shortfalls.push({
      what: `another tenant sees ${other.eventsSeen} of the events (tenant leak)`,
      expected: 'none',
      where: 'GET events by another tenant',
      mitigation: 'Scope every read by tenant.',
    })
  }
  return shortfalls
}

function judgeKilled({ acceptedStatus, statusQueryAfter, eventsAfter }: CommandTrial['killed']): JudgedShortfall[] {
  if (acceptedStatus === 202 && statusQueryAfter === 200 && eventsAfter > 0) return []
  return [
    {
      what: `a command accepted with ${acceptedStatus} right before kill -9 is lost: status query ${statusQueryAfter}, ${eventsAfter} events`,
      expected: 'what was accepted is there after a restart, and takes effect',
      where: 'kill -9 after 202',
      mitigation: 'Answer 202 only after the transaction that stores the command has committed.',
    },
  ]
}
