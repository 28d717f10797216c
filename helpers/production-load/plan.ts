import { chooseRequests } from '../load/expand.ts'
import { arrivalTimes, loadPlanSchema, productionArrival } from '../load/plan.ts'
import type { Arrival, LoadPlanInput } from '../load/plan.ts'
import type { AroClient } from '../subject/client.ts'
import { mixedRoutes } from './api-routes.ts'
import type { Stock } from './api-routes.ts'
import type { LoadPart, LoadTrial } from './trial.ts'

type Scenario = LoadPlanInput['scenarios'][number]
type Profile = LoadTrial['profile']

/** So many clients that none of them reaches the contract's limits: 60 webhooks a minute, 100 admin requests in 15 minutes. */
const clients = 400

/** Of the seed's arrival rate: what each part has of it when all arrive together, and when it arrives by itself. */
const shares: Record<LoadPart, { together: number; alone: number }> = {
  webhooks: { together: 0.4, alone: 1 },
  messages: { together: 0.2, alone: 0.4 },
  dashboard: { together: 0.1, alone: 0.6 },
  api: { together: 0.3, alone: 0.6 },
}

/** Requests of the first seconds warm the subject up and count for nothing. */
export const warmupSeconds = (profile: Profile): number => (profile === 'release' ? 10 : 1)

/** When requests of a part arrive. */
export function arrivalOf(part: LoadPart, parts: readonly LoadPart[], profile: Profile): Arrival {
  const { together, alone } = shares[part]
  return productionArrival(profile, parts.length === 1 ? alone : together)
}

/** Seconds from the start of a load between which its rate is at its highest. */
export const plateauSeconds = (profile: Profile): { from: number; to: number } =>
  profile === 'release' ? { from: 30, to: 90 } : { from: 3, to: 9 }

/** What the load needs to find, by part. */
export interface StockNeeds {
  messages: number
  /** How often each route of the mix is asked for. */
  routes: ReadonlyMap<string, number>
}

/** How much of everything a load uses up. */
export function needsOf(parts: readonly LoadPart[], profile: Profile, seed: number): StockNeeds {
  const arrivals = (part: LoadPart): Arrival => arrivalOf(part, parts, profile)
  const routes = new Map<string, number>()
  if (parts.includes('api')) {
    const skeleton = loadPlanSchema.parse({
      ...frame(seed),
      scenarios: [
        {
          name: 'api',
          arrival: arrivals('api'),
          expectedStatuses: [200],
          requests: mixedRoutes.map(({ name, weight }) => ({ name, weight, method: 'GET', url: 'http://127.0.0.1/' })),
        },
      ],
    })
    const [scenario] = skeleton.scenarios
    // the engines choose by the plan's seed and the scenario's place in it
    const choices = scenario === undefined ? [] : chooseRequests(scenario, seed + parts.indexOf('api'))
    for (const { index } of choices) {
      const name = mixedRoutes[index]?.name ?? ''
      routes.set(name, (routes.get(name) ?? 0) + 1)
    }
  }
  return { messages: parts.includes('messages') ? arrivalTimes(arrivals('messages')).length : 0, routes }
}

const frame = (seed: number) => ({ name: 'production', seed, clients })

/** The production load on a subject that holds what `stock` says. */
export function productionPlan(
  client: AroClient,
  parts: readonly LoadPart[],
  { profile, seed, stock, recipients }: { profile: Profile; seed: number; stock: Stock; recipients: readonly string[] },
): LoadPlanInput {
  const scenarios: Record<LoadPart, () => Pick<Scenario, 'expectedStatuses' | 'requests'>> = {
    webhooks: () => ({ expectedStatuses: [200, 202], requests: [bookingRequest(client)] }),
    messages: () => ({ expectedStatuses: [202], requests: [messageRequest(client, stock.token, recipients)] }),
    dashboard: () => ({
      expectedStatuses: [200],
      requests: ['/dashboard', '/metrics', '/appointments?page=1&limit=50'].map((path) => ({
        name: path.replace(/\?.*/, ''),
        method: 'GET',
        url: `${client.url}${client.subject.paths.admin}${path}`,
        headers: { Authorization: `Bearer ${stock.token}` },
      })),
    }),
    api: () => ({
      expectedStatuses: [200],
      requests: mixedRoutes.map(({ name, weight, make }) => ({ name, weight, ...make(client, stock) })),
    }),
  }
  return {
    ...frame(seed),
    warmupSeconds: warmupSeconds(profile),
    scenarios: parts.map((part) => ({
      name: part,
      arrival: arrivalOf(part, parts, profile),
      ...scenarios[part](),
    })),
  }
}

function bookingRequest(client: AroClient): Scenario['requests'][number] {
  const { paths, webhooks } = client.subject
  const isTimed = webhooks.calendly.scheme === 'timestamped'
  return {
    name: 'booking',
    method: 'POST',
    url: `${client.url}${paths.calendlyWebhook}`,
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({
      event: 'appointment.created',
      event_id: 'https://api.calendly.com/scheduled_events/{{uuid}}/invitees/{{uuid}}',
      data: {
        appointment_id: 'appointment-{{uuid}}',
        customer: {
          name: 'Alex Load',
          phone:
            '+1{{pick:201|202|206|212|213|214|301|303|305|312|404|408|415|503|512|602|617|702}}555{{random:0000:9999}}',
          email: 'alex.{{sequence}}@example.org',
        },
        scheduled_at: '{{isoFuture:72}}',
        duration: 30,
        service_type: 'consultation',
      },
    }),
    signature: {
      header: isTimed ? 'Calendly-Webhook-Signature' : 'X-Calendly-Signature',
      value: isTimed ? 't={{unix}},v1={{digest}}' : '{{digest}}',
      algorithm: 'sha256',
      key: client.tenant.webhookSecrets.calendly,
      content: isTimed ? '{{unix}}.{{body}}' : '{{body}}',
      encoding: 'hex',
    },
  }
}

function messageRequest(client: AroClient, token: string, recipients: readonly string[]): Scenario['requests'][number] {
  return {
    name: 'message',
    method: 'POST',
    url: `${client.url}${client.subject.paths.admin}/messages`,
    headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` },
    body: JSON.stringify({
      customerId: `{{each:${recipients.join('|')}}}`,
      // by which it is found again at the provider
      body: 'Your clinic is open tomorrow. Ref {{correlationId}}.',
    }),
  }
}
