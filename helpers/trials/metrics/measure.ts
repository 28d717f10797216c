import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import type { ControlContext } from '../../control.ts'
import { seriesKey } from '../../evidence/exposition.ts'
import type { Sample } from '../../evidence/exposition.ts'
import { ageDatabase } from '../../database/ageing.ts'
import type { FacilityMap } from '../../facilities.ts'
import { delayDatabase } from '../../faults/database-delay.ts'
import { hang } from '../../faults/provider-hang.ts'
import { answerWithStatus } from '../../faults/provider-status.ts'
import { providerNames } from '../../subject/facilities.ts'
import type { Administrator } from '../../subject/administrator.ts'
import { startApp } from '../../subject/app.ts'
import type { JournalEntry } from '../../providers/journal.ts'
import type { App } from '../../subject/app.ts'
import { makeConsentedCustomers } from '../../subject/consented.ts'
import type { ConsentedCustomer } from '../../subject/consented.ts'
import { countSeries } from './cardinality.ts'
import type { MetricsTrial } from './judge.ts'
import { readProcessGroup } from './process.ts'
import { isSeriesOf, planRequests } from './requests.ts'
import { growth, makeScraper } from './scrape.ts'
import type { Scrape, Scraper } from './scrape.ts'

type Needs = ControlContext & Pick<FacilityMap, 'database' | 'providers' | 'run'>

interface Trial extends Needs {
  app: App
  administrator: Administrator
  scraper: Scraper
}

const heldCustomers = 9
const messagesEach = 3
const settleMilliseconds = 15_000
const earlyMilliseconds = 2500
/** As long as a breaker stays open, and a little more. */
const openSeconds = 61
/** More than the workers of one instance are likely to have in hand. */
const fewestWaiting = 6

/** Sends known traffic, makes the provider fail and hang, and compares the metrics with what was the case. */
export async function tryMetrics(context: Needs): Promise<MetricsTrial> {
  const { subject, run, database, providers, signal, progress, profile } = context
  await using app = await startApp({
    run,
    subject,
    signal,
    databaseUrl: database.proxy.url,
    providerUrls: providers.urls,
    labEnvironment: subject.runtime === 'node' ? providers.environmentWithClock : {},
  })
  const { client } = app
  const administrator = await client.administrator()
  const customers = await makeConsentedCustomers(client, administrator, heldCustomers + 5)
  const trial: Trial = { ...context, app, administrator, scraper: makeScraper(client) }
  const { scraper } = trial
  const first = await settle(scraper)
  const leader = app.instances[0]?.pid ?? 0
  const systemBefore = readProcessGroup(leader)

  const traffic = await countTraffic(trial, customers.slice(heldCustomers), first)
  progress('known traffic was sent')
  const failures = [
    await failMessage(trial, customers[heldCustomers]),
    await failMessage(trial, customers[heldCustomers + 1]),
  ]
  const slow = await askSlowly(trial)
  const cardinality = await countSeries(client, administrator, scraper, profile === 'release' ? 10_000 : 320)
  progress('messages failed, and ids were varied')
  const held = await holdMessages(trial, customers.slice(0, heldCustomers))
  const last = await scraper.scrape()
  const systemAfter = readProcessGroup(leader)
  const { metrics } = subject
  const people = customers.map(({ booking }) => booking.person)
  return {
    scrapes: scraper.count(),
    contentTypes: scraper.contentTypes(),
    formatProblems: scraper.problems(),
    falls: scraper.falls(),
    missing: missingMetrics(trial, last),
    ...traffic,
    failures,
    slow,
    cardinality,
    ...held,
    process: {
      metricProcessorSeconds: growth(first, last, metrics.processorSeconds),
      systemProcessorSeconds: Math.max(0.01, systemAfter.processorSeconds - systemBefore.processorSeconds),
      metricMemoryBytes: last.sum(metrics.memoryBytes),
      systemMemoryBytes: systemAfter.memoryBytes,
    },
    personal: findPersonal(last, people, run.tenants),
    peopleSought: people.length,
  }
}

/** Once queued work is done, and nothing moves by itself any more. */
async function settle(scraper: Scraper): Promise<Scrape> {
  const moving = /^(?:process|nodejs|go|jvm|python)_/
  const stateOf = ({ samples }: Scrape): string =>
    JSON.stringify(
      samples.filter(({ name }) => !moving.test(name)).map(({ name, labels, value }) => [name, labels, value]),
    )
  // of the scrapes themselves, the subject may count
  const essence = (scrape: Scrape): string =>
    stateOf({
      ...scrape,
      samples: scrape.samples.filter(({ labels }) => !Object.values(labels).some((value) => /metrics/.test(value))),
    })
  let last = await scraper.scrape()
  const deadline = performance.now() + settleMilliseconds
  while (performance.now() < deadline) {
    await sleep(250)
    const next = await scraper.scrape()
    if (essence(next) === essence(last)) return next
    last = next
  }
  return last
}

function missingMetrics({ subject }: Trial, scrape: Scrape): string[] {
  const { requestDuration, ...others } = subject.metrics
  return [
    ...(scrape.sum(`${requestDuration}_count`) === null ? [requestDuration] : []),
    ...Object.values(others).filter((name) => scrape.sum(name) === null),
  ]
}

type Traffic = Pick<MetricsTrial, 'requests' | 'allRequests' | 'webhooks'>

async function countTraffic(
  { app, administrator, scraper, subject }: Trial,
  customers: readonly ConsentedCustomer[],
  before: Scrape,
): Promise<Traffic> {
  const { metrics, paths } = subject
  const planned = planRequests(app.client, administrator, customers)
  const statuses = await Promise.all(
    planned.map(async ({ count, send, status, method, route }) => {
      const answers = await Promise.all(Array.from({ length: count }, send))
      const seen = new Set(answers.map((answer) => answer.status))
      const [only] = seen
      if (seen.size !== 1 || only === undefined || Math.floor(only / 100) !== Math.floor(status / 100)) {
        throw new Error(
          `${method} ${route} was to be answered ${status}, and was answered ${[...seen].join(', ')}: what should be counted is not known.`,
        )
      }
      return only
    }),
  )
  const name = `${metrics.requestDuration}_count`
  const isOfProbe = (labels: Readonly<Record<string, string>>): boolean =>
    Object.values(labels).some((value) => [paths.metrics, paths.health, paths.ready].includes(value))
  const counts = (scrape: Scrape): Traffic['requests'] =>
    planned.map((requests, index) => ({
      route: `${requests.method} ${requests.route}`,
      status: statuses[index] ?? 0,
      sent: requests.count,
      counted: growth(before, scrape, name, isSeriesOf(requests, statuses[index] ?? 0)) ?? 0,
    }))
  const webhooksIn = (scrape: Scrape): Traffic['webhooks'] => webhookCounts(before, scrape, metrics)
  const after = await scraper.until(
    (scrape) =>
      counts(scrape).every(({ sent, counted }) => counted >= sent) &&
      webhooksIn(scrape).every(({ sent, received, processed }) => (received ?? 0) >= sent && (processed ?? 0) >= sent),
    8000,
  )
  const settled = await settle(scraper)
  return {
    requests: counts(after),
    allRequests: {
      sent: planned.reduce((sum, { count }) => sum + count, 0),
      counted: growth(before, settled, name, ({ labels }) => !isOfProbe(labels)) ?? 0,
    },
    webhooks: webhooksIn(settled),
  }
}

const sources = [
  { what: 'calendly', names: /calendly|booking|calendar/i, sent: 5 },
  { what: 'stripe', names: /stripe|payment/i, sent: 3 },
  { what: 'twilio', names: /twilio|sms|message/i, sent: 2 },
] as const

/** All together, and by source where a label tells it. */
function webhookCounts(before: Scrape, after: Scrape, names: Needs['subject']['metrics']): Traffic['webhooks'] {
  const grown = (matches?: RegExp): Pick<Traffic['webhooks'][number], 'received' | 'processed'> => {
    const isOf =
      matches === undefined
        ? undefined
        : (labels: Readonly<Record<string, string>>) => Object.values(labels).some((value) => matches.test(value))
    const of = (name: string): number | null =>
      growth(before, after, name, isOf === undefined ? undefined : ({ labels }) => isOf(labels))
    return { received: of(names.webhooksReceived), processed: of(names.webhooksProcessed) }
  }
  const isLabelled = sources.every(({ names: label }) => grown(label).received !== null)
  return [
    { what: 'all sources', sent: sources.reduce((sum, { sent }) => sum + sent, 0), ...grown() },
    ...(isLabelled ? sources.map(({ what, sent, names: label }) => ({ what, sent, ...grown(label) })) : []),
  ]
}

const pageSchema = z.looseObject({ items: z.array(z.unknown()), total: z.int().optional() })

async function countDeadLetters(administrator: Administrator): Promise<number> {
  const answer = await administrator.send('GET', '/dead-letters')
  if (answer.status !== 200) throw new Error(`GET /dead-letters: expected 200, got ${answer.status}`)
  const { items, total } = pageSchema.parse(answer.json)
  return total ?? items.length
}

/** Lets one message fail for good, and sends one that does not, which ends any row of failures. */
async function failMessage(
  trial: Trial,
  unlucky: ConsentedCustomer | undefined,
): Promise<MetricsTrial['failures'][number]> {
  const { administrator, providers, scraper, subject } = trial
  if (unlucky === undefined) throw new Error('Expected one more customer, there is none.')
  const { metrics } = subject
  const lettersBefore = await countDeadLetters(administrator)
  const deliveredBefore = providers.journal.messages().length
  const before = await settle(scraper)
  await using fault = await providers.fault('twilio', answerWithStatus({ status: 500, times: 3 }))
  await administrator.queueMessage(unlucky.customer.id, 'Your clinic is open tomorrow. Reply STOP to unsubscribe')
  const deadline = performance.now() + 20_000
  while ((await countDeadLetters(administrator)) === lettersBefore) {
    if (performance.now() > deadline)
      throw new Error(
        'No dead letter within 20 s of three failures of the provider: what should be counted is not known.',
      )
    await sleep(50)
  }
  if (!fault.proof().tookHold) throw new Error('The provider was to fail, and was never called.')
  await fault.end()
  await administrator.queueMessage(unlucky.customer.id, 'Your clinic is closed today. Reply STOP to unsubscribe')
  await awaitDelivered(trial, deliveredBefore + 1)
  const after = await scraper.until(
    (scrape) =>
      (growth(before, scrape, metrics.messagesFailed) ?? 0) >= 1 &&
      (growth(before, scrape, metrics.messagesSent) ?? 0) >= 1 &&
      (growth(before, scrape, metrics.deadLetters) ?? 0) >= 1,
    4000,
  )
  return {
    failed: growth(before, after, metrics.messagesFailed),
    deadLetters: growth(before, after, metrics.deadLetters),
    listedDeadLetters: (await countDeadLetters(administrator)) - lettersBefore,
    sent: growth(before, after, metrics.messagesSent),
    delivered: providers.journal.messages().length - deliveredBefore,
  }
}

async function awaitDelivered({ providers }: Trial, count: number): Promise<void> {
  const deadline = performance.now() + 20_000
  while (providers.journal.messages().length < count) {
    if (performance.now() > deadline)
      throw new Error(
        `Expected ${count} messages to be delivered within 20 s, ${providers.journal.messages().length} were.`,
      )
    await sleep(25)
  }
}

const delayMilliseconds = 400

async function askSlowly({ app, database, scraper, subject }: Trial): Promise<MetricsTrial['slow']> {
  const { client } = app
  const { metrics, paths } = subject
  const route = { method: 'GET', route: paths.events }
  const isOfRoute = isSeriesOf(route, 200)
  const scale = /_(?:milliseconds|ms)$/.test(metrics.requestDuration) ? 1000 : 1
  const before = await scraper.scrape()
  await using fault = await delayDatabase(database.proxy, delayMilliseconds)
  const answer = await client.send({ path: `${paths.events}?limit=1`, headers: client.serviceHeaders() })
  const proof = fault.proof()
  await fault.end()
  if (answer.status !== 200 || !proof.tookHold || answer.durationMilliseconds < delayMilliseconds)
    throw new Error(
      `A request that the database delays was answered ${answer.status} after ${Math.round(answer.durationMilliseconds)} ms: nothing was slow.`,
    )
  const count = `${metrics.requestDuration}_count`
  const after = await scraper.until((scrape) => (growth(before, scrape, count, isOfRoute) ?? 0) >= 1, 3000)
  const atLeastSeconds = (delayMilliseconds / 1000) * 0.85
  const isShorter = ({ labels }: { labels: Readonly<Record<string, string>> }): boolean =>
    Number(labels.le) / scale < atLeastSeconds
  const observed = growth(before, after, `${metrics.requestDuration}_sum`, isOfRoute)
  return {
    route: `GET ${paths.events}`,
    atLeastSeconds,
    atMostSeconds: answer.durationMilliseconds / 1000 + 0.15,
    observedSeconds: observed === null ? null : observed / scale,
    inShorterBuckets:
      growth(before, after, `${metrics.requestDuration}_bucket`, (sample) => isOfRoute(sample) && isShorter(sample)) ??
      0,
  }
}

const seriesKeyWithValue = (sample: Sample): string => `${seriesKey(sample)} ${sample.value}`

const breakersSchema = z.looseObject({ items: z.array(z.looseObject({ provider: z.string(), state: z.string() })) })

async function isBreakerClosed(administrator: Administrator): Promise<boolean> {
  const answer = await administrator.send('GET', '/circuit-breakers')
  if (answer.status !== 200) throw new Error(`GET /circuit-breakers: expected 200, got ${answer.status}`)
  const twilio = breakersSchema.parse(answer.json).items.find(({ provider }) => provider === 'twilio')
  return twilio === undefined || twilio.state === 'closed'
}

/** The series that name a provider, with their values: whatever stands for its state. */
const stateOf = (scrape: Scrape, name: string, provider: string): string =>
  JSON.stringify(
    scrape.samples
      .filter((sample) => sample.name === name && Object.values(sample.labels).includes(provider))
      // a state that is shown by its own series may be left out while it does not hold
      .filter(({ value }) => value !== 0)
      .map(seriesKeyWithValue)
      .toSorted(),
  )

/** Queues more than the provider, which never answers, has room for; then lets it answer, and time go by. */
async function holdMessages(
  trial: Trial,
  customers: readonly ConsentedCustomer[],
): Promise<Pick<MetricsTrial, 'hang' | 'breaker' | 'messages'>> {
  const { administrator, providers, scraper, subject, database } = trial
  const { metrics } = subject
  const deliveredBefore = providers.journal.messages().length
  const before = await settle(scraper)
  const mark = providers.journal.mark()
  const fault = await providers.fault('twilio', hang())
  const queued = customers.length * messagesEach
  let accepted = 0
  const queueing = Promise.all(
    customers.flatMap(({ customer }) =>
      Array.from({ length: messagesEach }, async (_, index) => {
        const text = `Your clinic is open at ${index + 8} tomorrow. Reply STOP to unsubscribe`
        await administrator.queueMessage(customer.id, text)
        accepted += 1
      }),
    ),
  )
  const calls = (): readonly JournalEntry[] =>
    providers.journal.since(mark).filter(({ provider }) => provider === 'twilio')
  const arrived = (): number =>
    new Set(calls().map(({ idempotencyKey, form, sequence }) => idempotencyKey ?? form?.Body ?? sequence)).size
  // awaited below; should it fail while the depth is read, that is told there
  queueing.catch(() => undefined)
  // before the first time-out: what waits after that may wait for its time, and not in the queue
  const isEarly = (): boolean =>
    calls().every(({ at }) => performance.timeOrigin + performance.now() - at < earlyMilliseconds)
  let best: { queued: number; arrived: number; rise: number | null } = { queued: 0, arrived: 0, rise: null }
  const marginOf = ({ queued: waiting, arrived: gone, rise }: typeof best): number => (rise ?? 0) - (waiting - gone)
  // what a worker has just taken is in the queue no more, and not yet at the provider: the look that fits best counts
  while (isEarly() && (best.queued < queued || marginOf(best) < 0)) {
    const queuedBefore = accepted
    const scrape = await scraper.scrape()
    const look = { queued: queuedBefore, arrived: arrived(), rise: growth(before, scrape, metrics.queueDepth) }
    if (isEarly() && (look.queued > best.queued || (look.queued === best.queued && marginOf(look) > marginOf(best))))
      best = look
    await sleep(20)
  }
  await queueing
  if (best.queued - best.arrived < fewestWaiting)
    throw new Error(
      `Only ${best.queued} messages could be queued before the provider's time-out, of which ${best.arrived} had reached it: too few wait to say how deep the queue is.`,
    )
  const held = await scraper.scrape()
  await scraper.until(async () => !(await isBreakerClosed(administrator)), 25_000)
  const isOpened = !(await isBreakerClosed(administrator))
  const changed = await scraper.until(
    (scrape) => stateOf(scrape, metrics.breakerState, 'twilio') !== stateOf(before, metrics.breakerState, 'twilio'),
    isOpened ? 4000 : 0,
  )
  if (!fault.proof().tookHold) throw new Error('The provider was to hold messages, and was never called.')
  await fault.end()
  if (!isOpened)
    throw new Error(
      'The breaker did not open within 25 s of a provider that never answers: what its metric should say is not known.',
    )
  const isDelivered = (): boolean => providers.journal.messages().length - deliveredBefore >= queued
  const isBack = (scrape: Scrape): boolean =>
    stateOf(scrape, metrics.breakerState, 'twilio') === stateOf(before, metrics.breakerState, 'twilio') &&
    (growth(before, scrape, metrics.queueDepth) ?? 1) <= 0 &&
    (growth(before, scrape, metrics.messagesSent) ?? 0) >= queued
  const deadline = performance.now() + 40_000
  let isWorkBack = false
  if (subject.runtime === 'node') await providers.clock.jump(openSeconds * 1000)
  while (!isWorkBack) {
    if (performance.now() > deadline)
      throw new Error(
        'Messages were not delivered, or the breaker not closed, within 40 s of a provider that answers again, though the clocks were moved: what the metrics should say is not known.',
      )
    // each time: what is put off anew is put off by the subject's clock, which is ahead of the database's
    await ageDatabase(database.url, openSeconds + 4)
    await scraper.until(isDelivered, 500)
    isWorkBack = isDelivered() && (await isBreakerClosed(administrator))
  }
  // the work has come back, by the provider's and the admin API's account: now the metrics have to
  const end = await scraper.until(isBack, 4000)
  return {
    hang: {
      queued: best.queued,
      arrived: best.arrived,
      depthRise: best.rise,
      depthAfterwards: growth(before, end, metrics.queueDepth),
      delivered: providers.journal.messages().length - deliveredBefore,
    },
    breaker: {
      opened: isOpened,
      closedAgain: isWorkBack,
      changedWhenOpened:
        stateOf(changed, metrics.breakerState, 'twilio') !== stateOf(before, metrics.breakerState, 'twilio'),
      changedBackWhenClosed:
        stateOf(end, metrics.breakerState, 'twilio') === stateOf(before, metrics.breakerState, 'twilio'),
      othersChanged: providerNames.filter(
        (provider) =>
          provider !== 'twilio' &&
          stateOf(changed, metrics.breakerState, provider) !== stateOf(before, metrics.breakerState, provider),
      ),
    },
    messages: {
      delivered: providers.journal.messages().length - deliveredBefore,
      sent: growth(before, end, metrics.messagesSent),
      sentWhileHeld: growth(before, held, metrics.messagesSent),
    },
  }
}

function findPersonal(
  { text }: Scrape,
  people: readonly { name: string; phone: string; email: string }[],
  tenants: Needs['run']['tenants'],
): string[] {
  const secrets = tenants.flatMap((tenant) => [
    tenant.serviceToken,
    tenant.administrator.email,
    ...Object.values(tenant.webhookSecrets),
  ])
  const found = [
    ...people.flatMap(({ name, phone, email }) => [name, phone, phone.slice(1), email]),
    ...secrets,
  ].filter((word) => text.includes(word))
  const patterns: [string, RegExp][] = [
    ['an e-mail address', /[\w.+-]+@[\w-]+\.[a-z]{2,}/i],
    ['a telephone number', /\+\d{10,15}\b/],
    ['an id', /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/i],
  ]
  return [...found, ...patterns.flatMap(([what, pattern]) => (pattern.test(text) ? [what] : []))]
}
