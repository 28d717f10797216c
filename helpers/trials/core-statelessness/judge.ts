import { z } from 'zod'
import type { JudgedShortfall } from '../../evidence/shortfall.ts'

const crossedSchema = z.object({
  /** Which instance was given the command; the other one is read. */
  givenTo: z.enum(['first', 'second']),
  acceptedStatus: z.int(),
  /** What both instances said of it before it was given. */
  statusesBefore: z.array(z.int()),
  commandStatus: z.int(),
  workflowStatus: z.int(),
  /** Whether the instance that was given the command says the same. */
  isSameCommand: z.boolean(),
  isSameWorkflow: z.boolean(),
  eventsOnOther: z.int().nonnegative(),
  eventsOnOwn: z.int().nonnegative(),
})

const viewSchema = z.object({
  name: z.string(),
  /** After which change, and through which instance it was made. */
  after: z.string(),
  statuses: z.array(z.int()).length(2),
  isSame: z.boolean(),
})

const outcomeSchema = z.object({
  status: z.int(),
  command: z.string().nullable(),
  workflow: z.string().nullable(),
  eventTypes: z.array(z.string()),
})

/** All that was seen of what the core keeps and of what it knows. */
export const statelessnessTrialSchema = z.object({
  source: z.object({
    files: z.int().positive(),
    nodes: z.int().positive(),
    profileIds: z.array(z.string()).min(1),
    branches: z.array(z.object({ how: z.string(), what: z.string(), where: z.string() })),
    kept: z.array(z.object({ name: z.string(), holds: z.string(), where: z.string() })),
  }),
  crossed: z.array(crossedSchema).min(2),
  views: z.array(viewSchema).min(8),
  breaker: z.object({
    provider: z.string(),
    onFirst: z.string(),
    onSecond: z.string(),
    failedCalls: z.int().positive(),
  }),
  tenants: z.object({ sent: z.int().min(10), accepted: z.int(), mixedUp: z.array(z.string()) }),
  killed: z.object({
    /** Commands that the killed instance had answered with 202, the last a moment before. */
    accepted: z.int(),
    delayedAnswers: z.int(),
    /** How many the other instance knows, brought to the same end as any command, and with all of its events. */
    known: z.int(),
    ended: z.int(),
    withEvents: z.int(),
    expectedEvents: z.array(z.string()).min(1),
    repeatedStatus: z.int(),
    isSameAnswer: z.boolean(),
    subscriptionStatus: z.int(),
  }),
  madeUpProfile: z.object({
    profileId: z.string(),
    startProblem: z.string().nullable(),
    own: outcomeSchema,
    madeUp: outcomeSchema,
  }),
})

/** @see statelessnessTrialSchema */
export type StatelessnessTrial = z.infer<typeof statelessnessTrialSchema>

const inDatabase = 'Keep it in the database, where every instance and every restart finds it.'

/** Each thing that the core knows of a profile, and each that only one instance knows. */
export function judgeStatelessness(trial: StatelessnessTrial): JudgedShortfall[] {
  return [
    ...judgeSource(trial.source),
    ...trial.crossed.flatMap(judgeCrossed),
    ...trial.views
      .filter(({ isSame }) => !isSame)
      .map(({ name, after, statuses }) => ({
        what: `two instances on one database answer ${name} differently after ${after} (${statuses.join(' and ')}): the other one does not know`,
        expected: 'the same answer from both',
        where: name,
        mitigation: inDatabase,
      })),
    ...judgeBreaker(trial.breaker),
    ...judgeTenants(trial.tenants),
    ...judgeKilled(trial.killed),
    ...judgeMadeUp(trial.madeUpProfile),
  ]
}

const judgeSource = ({ branches, kept }: StatelessnessTrial['source']): JudgedShortfall[] => [
  ...branches.map(({ how, what, where }) => ({
    what: `the core branches on a profile or a vertical: ${how}, ${what}`,
    expected: 'a core that knows no profile and no vertical',
    where,
    mitigation: 'Let the profile bring it: in its pack, or as a handler that the core calls by the contract.',
  })),
  ...kept.map(({ name, holds, where }) => ({
    what: `the core keeps what a request brought (${holds}) in the memory of the process, in ${name}`,
    expected: 'no state of a request or tenant in memory that other instances answer without',
    where,
    mitigation: inDatabase,
  })),
]

function judgeCrossed(crossed: StatelessnessTrial['crossed'][number]): JudgedShortfall[] {
  const {
    givenTo,
    acceptedStatus,
    commandStatus,
    workflowStatus,
    isSameCommand,
    isSameWorkflow,
    eventsOnOther,
    eventsOnOwn,
  } = crossed
  const flaws: [boolean, string][] = [
    [acceptedStatus !== 202, `a genuine command is answered with ${acceptedStatus}`],
    [commandStatus !== 200, `the other instance answers ${commandStatus} when asked for the command`],
    [commandStatus === 200 && !isSameCommand, 'the other instance tells something else of the command'],
    [workflowStatus !== 200, `the other instance answers ${workflowStatus} when asked for its workflow`],
    [workflowStatus === 200 && !isSameWorkflow, 'the other instance tells something else of its workflow'],
    [
      eventsOnOther !== eventsOnOwn || eventsOnOwn === 0,
      `the other instance has ${eventsOnOther} of its events, its own ${eventsOnOwn}`,
    ],
  ]
  return flaws
    .filter(([isFlaw]) => isFlaw)
    .map(([, flaw]) => ({
      what: `a command given to the ${givenTo} instance is not read from the other as it is: ${flaw}`,
      expected: 'command, workflow and events the same through both instances',
      where: 'Command API, two instances',
      mitigation: inDatabase,
    }))
}

function judgeBreaker({ provider, onFirst, onSecond, failedCalls }: StatelessnessTrial['breaker']): JudgedShortfall[] {
  if (onFirst === onSecond) return []
  return [
    {
      what: `after ${failedCalls} failed calls the circuit breaker of ${provider} is ${onFirst} on one instance and ${onSecond} on the other`,
      expected: 'one state of each breaker, the same through every instance',
      where: 'circuit breakers, two instances',
      mitigation: inDatabase,
    },
  ]
}

function judgeTenants({ sent, accepted, mixedUp }: StatelessnessTrial['tenants']): JudgedShortfall[] {
  const [first] = mixedUp
  return [
    ...(accepted === sent
      ? []
      : [
          {
            what: `${sent - accepted} of ${sent} commands of two tenants at once are not accepted`,
            expected: 'all accepted',
            where: 'Command API, two tenants at once',
            mitigation: 'Keep nothing of a request outside of it.',
          },
        ]),
    ...(first === undefined
      ? []
      : [
          {
            what: `requests of two tenants at once are mixed up ${mixedUp.length} times: ${first}`,
            expected: 'each tenant answered about its own commands only',
            where: 'Command API, two tenants at once',
            mitigation: 'Keep the tenant with the request, never in a variable of the module.',
          },
        ]),
  ]
}

function judgeKilled(killed: StatelessnessTrial['killed']): JudgedShortfall[] {
  const { accepted, known, ended, withEvents, expectedEvents, repeatedStatus, isSameAnswer, subscriptionStatus } =
    killed
  const flaws: [boolean, string][] = [
    [known < accepted, `${accepted - known} of ${accepted} accepted commands are not known any more`],
    [ended < known, `${known - ended} of ${known} commands are never brought to their end`],
    [
      withEvents < accepted,
      `${accepted - withEvents} of ${accepted} commands lack events (${expectedEvents.join(', ')})`,
    ],
    [
      repeatedStatus !== 202 || !isSameAnswer,
      `a command sent again is answered with ${repeatedStatus}, not as the first time`,
    ],
    [subscriptionStatus !== 200, `a subscription made before is answered with ${subscriptionStatus}`],
  ]
  return flaws
    .filter(([isFlaw]) => isFlaw)
    .map(([, flaw]) => ({
      what: `kill -9 of an instance loses what it had accepted: ${flaw}`,
      expected: 'everything that was answered with 202 done, by another instance if need be',
      where: 'kill -9 of the first instance',
      mitigation: 'Answer once the work is stored, in one transaction; let any instance do it.',
    }))
}

function judgeMadeUp({ profileId, startProblem, own, madeUp }: StatelessnessTrial['madeUpProfile']): JudgedShortfall[] {
  const seen = (outcome: typeof own): string =>
    `${outcome.status}, command ${outcome.command}, workflow ${outcome.workflow}, events ${outcome.eventTypes.join(' ') || 'none'}`
  if (startProblem === null && seen(own) === seen(madeUp)) return []
  return [
    {
      what: `a made-up profile (${profileId}) with the pack of a genuine one is served otherwise: ${startProblem ?? seen(madeUp)}`,
      expected: `as the genuine one: ${seen(own)}`,
      where: 'Command API of a copy with a made-up profile',
      mitigation: 'Let nothing in the core depend on which profile it serves.',
    },
  ]
}
