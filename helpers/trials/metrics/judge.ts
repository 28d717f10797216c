import { z } from 'zod'
import type { JudgedShortfall } from '../../evidence/shortfall.ts'

const count = z.int().nonnegative()
const change = z.number().nullable()

/** What the metrics said, beside what was the case. */
export const metricsTrialSchema = z.object({
  scrapes: z.int().min(5),
  contentTypes: z.array(z.string()).min(1),
  /** Ways in which the text breaks the format. */
  formatProblems: z.array(z.string()),
  /** Counters that went down. */
  falls: z.array(z.string()),
  /** Key metrics that are not there. */
  missing: z.array(z.string()),
  /** Requests sent to one route and answered with one status, and how many of them were counted. */
  requests: z
    .array(z.object({ route: z.string(), status: z.int(), sent: z.int().positive(), counted: z.number() }))
    .min(8),
  allRequests: z.object({ sent: z.int().positive(), counted: z.number() }),
  /** A request made slow by the database. */
  slow: z.object({
    route: z.string(),
    atLeastSeconds: z.number().positive(),
    atMostSeconds: z.number().positive(),
    observedSeconds: z.number().nullable(),
    /** Observations that buckets below the least time have taken in. */
    inShorterBuckets: z.number(),
  }),
  webhooks: z
    .array(z.object({ what: z.string(), sent: z.int().positive(), received: change, processed: change }))
    .min(1),
  messages: z.object({
    /** Taken by the provider, by its own account. */
    delivered: z.int().positive(),
    sent: change,
    /** While the provider held every message and had taken none. */
    sentWhileHeld: change,
  }),
  /** A message that failed for good, one after another. */
  failures: z
    .array(
      z.object({ failed: change, deadLetters: change, listedDeadLetters: z.int(), sent: change, delivered: count }),
    )
    .min(2),
  hang: z.object({
    queued: z.int().positive(),
    arrived: count,
    /** How much higher than before while the provider held what had arrived. */
    depthRise: change,
    depthAfterwards: change,
    delivered: count,
  }),
  breaker: z.object({
    /** As the admin API tells it. */
    opened: z.boolean(),
    closedAgain: z.boolean(),
    changedWhenOpened: z.boolean(),
    changedBackWhenClosed: z.boolean(),
    /** Providers whose state changed though nothing had happened to them. */
    othersChanged: z.array(z.string()),
  }),
  process: z.object({
    metricProcessorSeconds: change,
    systemProcessorSeconds: z.number().positive(),
    metricMemoryBytes: change,
    systemMemoryBytes: z.number().positive(),
  }),
  cardinality: z.object({
    differentIds: z.int().min(200),
    kinds: z.int().positive(),
    seriesBefore: z.int().positive(),
    /** That came of the second half of the ids. */
    newSeries: count,
    examples: z.array(z.string()),
  }),
  /** Personal data and secrets in the text. */
  personal: z.array(z.string()),
  peopleSought: z.int().positive(),
})

/** @see metricsTrialSchema */
export type MetricsTrial = z.infer<typeof metricsTrialSchema>

/** A runtime adds one now and then, at a collection of garbage or a new kind of handle; each id in a label would add one for each. */
const seriesByChance = 5

type Finding = [isWrong: boolean, what: string, expected: string, where: string, mitigation: string]

/** Each metric that is missing, says something else than what was the case, or grows with every id. */
export function judgeMetrics(trial: MetricsTrial): JudgedShortfall[] {
  const findings: Finding[] = [
    ...judgeFormat(trial),
    ...judgeRequests(trial),
    ...judgeWork(trial),
    ...judgeFaults(trial),
    ...judgeProcess(trial.process),
    [
      trial.cardinality.newSeries > seriesByChance,
      `${trial.cardinality.newSeries} new series came of ${trial.cardinality.differentIds} requests that differ in ids only (cardinality), e.g. ${trial.cardinality.examples[0] ?? ''}`,
      'none: labels have few values',
      'GET /metrics after requests with different ids',
      'Label by the route’s pattern, one word for what matches none, and never by an id, path or header.',
    ],
  ]
  return findings.flatMap(([isWrong, what, expected, where, mitigation]) =>
    isWrong ? [{ what, expected, where, mitigation }] : [],
  )
}

const text = (value: number | null): string => (value === null ? 'not at all' : String(Math.round(value * 1000) / 1000))
const isNear = (value: number | null, expected: number): boolean =>
  value !== null && Math.abs(value - expected) < 0.001 * Math.max(1, expected)

function judgeFormat(trial: MetricsTrial): Finding[] {
  const where = 'GET /metrics'
  const mitigation = 'Let a client library write the text, and serve it under its own content type.'
  return [
    ...trial.contentTypes.map<Finding>((type) => [
      !/^(?:text\/plain\b.*\bversion=0\.0\.4|application\/openmetrics-text\b)/i.test(type),
      `the content type is ${type}`,
      'text/plain; version=0.0.4',
      where,
      mitigation,
    ]),
    ...trial.formatProblems
      .slice(0, 10)
      .map<Finding>((problem) => [
        true,
        `the text does not parse: ${problem}`,
        'Prometheus text format 0.0.4',
        where,
        mitigation,
      ]),
    ...trial.missing.map<Finding>((name) => [
      true,
      `the metric ${name} is missing`,
      'all key metrics of the contract',
      where,
      'Export it, or give its name under metrics in the subject file.',
    ]),
    ...trial.falls
      .slice(0, 5)
      .map<Finding>((fall) => [
        true,
        `a counter fell: ${fall}`,
        'counters only grow',
        where,
        'Use a gauge for what goes down.',
      ]),
    ...trial.personal.map<Finding>((found) => [
      true,
      `personal data or a secret stands in the metrics: ${found}`,
      'none of anybody',
      where,
      'Take names, numbers, addresses and ids of people out of labels and help texts.',
    ]),
  ]
}

function judgeRequests({ requests, allRequests, slow }: MetricsTrial): Finding[] {
  const mitigation =
    'Observe each request once, when it has been answered, whatever its status, by route pattern and status.'
  return [
    ...requests.map<Finding>(({ route, status, sent, counted }) => [
      !isNear(counted, sent),
      `counted ${text(counted)} of ${sent} requests answered ${status}`,
      'each once, by route and status',
      `request duration histogram, ${route}`,
      mitigation,
    ]),
    [
      !isNear(allRequests.counted, allRequests.sent),
      `counted ${text(allRequests.counted)} requests when ${allRequests.sent} were sent`,
      'each once',
      'request duration histogram, all routes',
      mitigation,
    ],
    [
      slow.observedSeconds === null ||
        slow.observedSeconds < slow.atLeastSeconds ||
        slow.observedSeconds > slow.atMostSeconds,
      `observed ${text(slow.observedSeconds)} seconds for a request that took ${text(slow.atLeastSeconds)} to ${text(slow.atMostSeconds)} seconds`,
      'the time that the request took, in the unit of its name',
      `request duration histogram, ${slow.route}`,
      'Observe seconds where the name says seconds, from the first byte of the request to the last of the answer.',
    ],
    [
      slow.inShorterBuckets > 0,
      `${text(slow.inShorterBuckets)} observations of a request of ${text(slow.atLeastSeconds)} s or more fell into shorter buckets`,
      'none',
      `request duration histogram, ${slow.route}`,
      'Give the buckets’ bounds in the unit of what is observed.',
    ],
  ]
}

function judgeWork({ webhooks, messages }: MetricsTrial): Finding[] {
  return [
    ...webhooks.flatMap<Finding>(({ what, sent, received, processed }) => [
      [
        !isNear(received, sent),
        `${sent} webhooks were sent, received grew by ${text(received)}`,
        `${sent}, each once`,
        `webhooks received: ${what}`,
        'Count each delivery that is taken in, once.',
      ],
      [
        !isNear(processed, sent),
        `${sent} webhooks were taken in and worked off, processed grew by ${text(processed)}`,
        `${sent}, each once`,
        `webhooks processed: ${what}`,
        'Count each delivery when its effect is there, whichever way it takes.',
      ],
    ]),
    [
      !isNear(messages.sent, messages.delivered),
      `the provider took ${messages.delivered} messages, sent grew by ${text(messages.sent)}`,
      `${messages.delivered}, as the provider counts them`,
      'messages sent',
      'Count a message when the provider has taken it.',
    ],
    [
      !isNear(messages.sentWhileHeld, 0),
      `sent grew by ${text(messages.sentWhileHeld)} while the provider had taken no message`,
      '0 before the provider has answered',
      'messages sent',
      'Count a message when the provider has taken it, not when it is queued or tried.',
    ],
  ]
}

function judgeFaults({ failures, hang, breaker }: MetricsTrial): Finding[] {
  const state = 'circuit breaker state'
  return [
    ...failures.flatMap<Finding>(({ failed, deadLetters, listedDeadLetters, sent, delivered }, index) => [
      [
        !isNear(failed, 1),
        `a message failed for good, failed grew by ${text(failed)}`,
        '1 for each message',
        `messages failed, failure ${index + 1}`,
        'Count a message when it is given up.',
      ],
      [
        !isNear(deadLetters, listedDeadLetters),
        `${listedDeadLetters} dead letters came, the metric grew by ${text(deadLetters)}`,
        `${listedDeadLetters}, as the admin API lists them`,
        `dead letters, failure ${index + 1}`,
        'Read the number at each scrape, or count it where a letter is written.',
      ],
      [
        !isNear(sent, delivered),
        `the provider took ${delivered} messages, sent grew by ${text(sent)}`,
        `${delivered}, as the provider counts them`,
        `messages sent, failure ${index + 1}`,
        'Count a message once, when the provider has taken it.',
      ],
    ]),
    [
      hang.depthRise === null || hang.depthRise < hang.queued - hang.arrived,
      `${hang.queued} messages were queued and ${hang.arrived} had reached the provider, the depth rose by ${text(hang.depthRise)}`,
      `at least ${hang.queued - hang.arrived}: what waits is in the queue`,
      'queue depth while the provider never answers',
      'Count what waits to be run, in the queue itself.',
    ],
    [
      hang.depthAfterwards === null || hang.depthAfterwards > 0,
      `all was delivered, the depth is ${text(hang.depthAfterwards)} over what it was`,
      '0: back to what it was',
      'queue depth afterwards',
      'Read the depth at each scrape.',
    ],
    [
      breaker.opened && !breaker.changedWhenOpened,
      'the breaker opened, its metric stayed as it was',
      'another value',
      state,
      'Set the state at each scrape, or at each change.',
    ],
    [
      breaker.closedAgain && !breaker.changedBackWhenClosed,
      'the breaker closed again, its metric did not go back',
      'the value it had before',
      state,
      'Set the state at each scrape, or at each change.',
    ],
    ...breaker.othersChanged.map<Finding>((provider) => [
      true,
      `the state of ${provider} changed, to whom nothing had happened`,
      'one state for each provider',
      state,
      'Label the state by provider.',
    ]),
  ]
}

function judgeProcess(figures: MetricsTrial['process']): Finding[] {
  const { metricProcessorSeconds, systemProcessorSeconds, metricMemoryBytes, systemMemoryBytes } = figures
  const isOff = (value: number | null, actual: number, slack: number): boolean =>
    value === null || value < actual * 0.5 - slack || value > actual * 2 + slack
  return [
    [
      isOff(metricProcessorSeconds, systemProcessorSeconds, 0.3),
      `processor time grew by ${text(metricProcessorSeconds)} s, by the operating system’s account ${text(systemProcessorSeconds)} s`,
      'about the same',
      'process cpu',
      'Export user and system time of the process, in seconds.',
    ],
    [
      isOff(metricMemoryBytes, systemMemoryBytes, 0),
      `resident memory is ${text(metricMemoryBytes)} bytes, by the operating system’s account ${text(systemMemoryBytes)}`,
      'about the same',
      'process memory',
      'Export the resident set, in bytes.',
    ],
  ]
}
