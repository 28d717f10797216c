import { setTimeout as sleep } from 'node:timers/promises'
import type { ControlContext } from '../../control.ts'
import type { FacilityMap } from '../../facilities.ts'
import { runLoad } from '../../load/engine.ts'
import { quantileInterval } from '../../load/interval.ts'
import { productionArrival } from '../../load/plan.ts'
import type { LoadPlanInput } from '../../load/plan.ts'
import { doubtsOf } from '../../load/result.ts'
import type { LoadResult } from '../../load/result.ts'
import type { AroClient } from '../../subject/client.ts'
import type { ProcessingTrial } from './judge.ts'

type Needs = ControlContext & Pick<FacilityMap, 'app' | 'run'>

/** So many clients that none of them reaches the contract's 60 webhooks a minute. */
const clients = 400
const pollMilliseconds = 100
const settleMilliseconds = 15_000

/** Sends the seed's load of signed bookings, and times each from its intended start until its event is visible. */
export async function measureProcessing({
  app,
  run,
  profile,
  seed,
  signal,
  progress,
}: Needs): Promise<ProcessingTrial> {
  const watcher = watchEvents(app.client)
  let result: LoadResult
  try {
    result = await runLoad(bookingPlan(app.client, profile, seed), run.loadEngine, {
      signal,
      onProgress: ({ elapsedSeconds, totalSeconds, requests }) =>
        progress(
          `load: ${Math.round(elapsedSeconds)} s of ${totalSeconds} s${requests > 0 ? `, ${requests} requests answered` : ''}`,
        ),
    })
    const accepted = result.samples.filter(isAccepted).map((sample) => sample.correlationId)
    await watcher.until((seenAt) => accepted.every((id) => seenAt.has(id)), settleMilliseconds)
  } finally {
    await watcher.stop()
  }
  return describe(result, watcher.seenAt, profile, seed)
}

const isAccepted = (sample: LoadResult['samples'][number]): boolean => sample.status === 200 || sample.status === 202

function describe(
  result: LoadResult,
  seenAt: ReadonlyMap<string, number>,
  profile: ProcessingTrial['profile'],
  seed: number,
): ProcessingTrial {
  const [scenario] = result.scenarios
  if (scenario === undefined) throw new Error('Expected the load to have a scenario, it has none.')
  const accepted = result.samples.filter(isAccepted)
  const latencies = accepted.flatMap(({ correlationId, intendedAt }) => {
    const at = seenAt.get(correlationId)
    return at === undefined ? [] : [Math.max(0, at - intendedAt)]
  })
  const p95 = quantileInterval(latencies, 0.95, seed)
  const at = (quantile: number): number => quantileInterval(latencies, quantile, seed).value
  const { requests, statuses, achievedRatio, latencyMilliseconds } = scenario
  return {
    engine: `${result.engine} ${result.engineVersion}`,
    profile,
    p95Milliseconds: p95.value,
    p95UpperMilliseconds: p95.upper,
    load: {
      planned: requests.planned,
      completed: requests.completed,
      failed: requests.failed,
      dropped: requests.dropped,
      achievedRatio,
      statuses,
      doubts: doubtsOf(result, scenario),
    },
    acknowledged: { p95Milliseconds: latencyMilliseconds.p95 ?? 0, samples: latencyMilliseconds.samples },
    processed: {
      samples: latencies.length,
      missing: accepted.length - latencies.length,
      p50Milliseconds: at(0.5),
      p99Milliseconds: at(0.99),
      maximumMilliseconds: at(1),
    },
  }
}

function bookingPlan(client: AroClient, profile: ProcessingTrial['profile'], seed: number): LoadPlanInput {
  const { paths, webhooks } = client.subject
  const isTimed = webhooks.calendly.scheme === 'timestamped'
  return {
    name: 'bookings',
    seed,
    clients,
    scenarios: [
      {
        name: 'webhooks',
        arrival: productionArrival(profile),
        expectedStatuses: [200, 202],
        requests: [
          {
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
          },
        ],
      },
    ],
  }
}

/** Notes when the event of each correlation id is first seen through the Event API. */
function watchEvents(client: AroClient): {
  seenAt: ReadonlyMap<string, number>
  until(isDone: (seenAt: ReadonlyMap<string, number>) => boolean, withinMilliseconds: number): Promise<void>
  stop(): Promise<void>
} {
  const seenAt = new Map<string, number>()
  const stopped = new AbortController()
  let cursor: string | undefined
  const watching = (async () => {
    while (!stopped.signal.aborted) {
      const page = await client
        .eventPage({ limit: 1000, ...(cursor === undefined ? {} : { after: cursor }) })
        .catch(() => undefined)
      const now = performance.timeOrigin + performance.now()
      for (const { metadata } of page?.items ?? []) {
        const id = metadata.correlationId
        if (typeof id === 'string' && !seenAt.has(id)) seenAt.set(id, now)
      }
      cursor = page?.nextCursor ?? cursor
      if ((page?.items.length ?? 0) < 1000) await sleep(pollMilliseconds)
    }
  })()
  return {
    seenAt,
    async until(isDone, withinMilliseconds) {
      const deadline = performance.now() + withinMilliseconds
      while (!isDone(seenAt) && performance.now() < deadline) await sleep(pollMilliseconds)
    },
    async stop() {
      stopped.abort()
      await watching
    },
  }
}
