import { Agent, request } from 'node:http'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { expandRequest, makeChooser } from './expand.ts'
import type { ExpandedRequest } from './expand.ts'
import { arrivalTimes, durationOf, loadPlanSchema } from './plan.ts'
import type { LoadPlan, LoadScenario } from './plan.ts'
import type { LoadSample } from './result.ts'

// The built-in open-model engine, in a process of its own so that neither the gate nor the provider lab delays it. Each
// request has its time of start from the plan's arrival integral; one that starts late counts its lateness as latency.
const clockOffset = performance.timeOrigin

process.once('message', (message) => {
  void run(loadPlanSchema.parse(message)).then(
    (result) => process.send?.({ type: 'result', ...result }, () => process.exit(0)),
    (error: unknown) => process.send?.({ type: 'error', message: String(error) }, () => process.exit(1)),
  )
})
process.once('disconnect', () => process.exit(1))

async function run(plan: LoadPlan): Promise<Record<string, unknown>> {
  const delay = monitorEventLoopDelay({ resolution: 10 })
  const samples: LoadSample[] = []
  const dropped: Record<string, number> = {}
  const clients = Array.from({ length: plan.clients }, (_, index) => new Client(index))
  const cpuBefore = process.cpuUsage()
  delay.enable()
  // a moment to settle, so that the first requests are not late for the engine's own start
  const startedAt = now() + 200
  const longest = Math.max(...plan.scenarios.map((scenario) => durationOf(scenario.arrival)))
  const progress = setInterval(() => {
    process.send?.({
      type: 'progress',
      elapsedSeconds: Math.max(0, (now() - startedAt) / 1000),
      totalSeconds: longest,
      requests: samples.length,
    })
  }, 5000)
  await Promise.all(
    plan.scenarios.map((scenario, index) =>
      runScenario({ plan, scenario, index, startedAt, clients, samples, dropped }),
    ),
  )
  clearInterval(progress)
  delay.disable()
  for (const client of clients) client.close()
  const cpu = process.cpuUsage(cpuBefore)
  // the monitor reports its own resolution as the smallest delay
  const lag = (value: number): number => (Number.isFinite(value) ? Math.max(0, value / 1e6 - 10) : 0)
  return {
    startedAt,
    finishedAt: now(),
    samples,
    dropped,
    generator: {
      eventLoopLagMilliseconds: { p99: lag(delay.percentile(99)), maximum: lag(delay.max) },
      cpuSeconds: (cpu.user + cpu.system) / 1e6,
    },
  }
}

interface ScenarioRun {
  plan: LoadPlan
  scenario: LoadScenario
  index: number
  startedAt: number
  clients: Client[]
  samples: LoadSample[]
  dropped: Record<string, number>
}

async function runScenario({
  plan,
  scenario,
  index,
  startedAt,
  clients,
  samples,
  dropped,
}: ScenarioRun): Promise<void> {
  const choose = makeChooser(scenario.requests, plan.seed + index)
  const underWay = new Set<Promise<void>>()
  let sequence = 0
  for (const time of arrivalTimes(scenario.arrival)) {
    const intendedAt = startedAt + time
    const wait = intendedAt - now()
    if (wait > 1) await sleep(wait)
    if (underWay.size >= plan.maximumInFlight) {
      dropped[scenario.name] = (dropped[scenario.name] ?? 0) + 1
      continue
    }
    sequence += 1
    const client = clients[(sequence + index * 7919) % clients.length]
    if (client === undefined) throw new Error('Expected at least one client.')
    const expanded = expandRequest(choose(), sequence)
    const sent = client
      .send(expanded, plan.requestTimeoutMilliseconds, { scenario: scenario.name, intendedAt })
      .then((sample) => {
        samples.push(sample)
        underWay.delete(sent)
      })
    underWay.add(sent)
  }
  await Promise.all(underWay)
}

/** One client of the subject: a source address with its kept connections. */
class Client {
  readonly #agent: Agent
  readonly #address: string

  constructor(index: number) {
    this.#address = `127.${64 + (index >> 14)}.${(index >> 7) & 127}.${(index & 127) + 1}`
    this.#agent = new Agent({ keepAlive: true, maxSockets: 64, localAddress: this.#address })
  }

  close(): void {
    this.#agent.destroy()
  }

  send(
    { name, method, url, headers, body, correlationId }: ExpandedRequest,
    timeout: number,
    { scenario, intendedAt }: { scenario: string; intendedAt: number },
  ): Promise<LoadSample> {
    return new Promise((resolve) => {
      const startedAt = now()
      let isSettled = false
      const settle = (status: number | null, error: string | null): void => {
        if (isSettled) return
        isSettled = true
        clearTimeout(timer)
        const latencyMilliseconds = error === null ? Math.max(0, now() - intendedAt) : null
        resolve({ correlationId, scenario, request: name, intendedAt, startedAt, latencyMilliseconds, status, error })
      }
      const sent = request(url, {
        method,
        agent: this.#agent,
        headers: body === undefined ? headers : { ...headers, 'content-length': Buffer.byteLength(body) },
      })
      const timer = setTimeout(() => {
        settle(null, 'timeout')
        sent.destroy()
      }, timeout)
      sent.on('response', (response) => {
        response.on('end', () => settle(response.statusCode ?? null, null))
        response.on('error', (error: NodeJS.ErrnoException) => settle(null, error.code ?? error.message))
        response.resume()
      })
      sent.on('error', (error: NodeJS.ErrnoException) => settle(null, error.code ?? error.message))
      sent.end(body)
    })
  }
}

function now(): number {
  return clockOffset + performance.now()
}
