import autocannon from 'autocannon'
import { runLoad } from './engine.ts'
import { frozenQuantile, startFreezingServer } from './freezing-server.ts'
import { findK6 } from './k6.ts'
import { latencyOf } from './summarise.ts'

// Compares the engines with each other, with autocannon and with arithmetic, on one server in one run: a server that freezes
// for 1 s in every 10 s, and one that does not. `npm run bench` prints the table.
const rate = 200
const seconds = 40

interface Row {
  engine: string
  p50: number | null
  p95: number | null
  p975: number | null
  p99: number | null
  perSecond: number
  processorSeconds: number | null
}

for (const freeze of [
  { periodMilliseconds: 10_000, frozenMilliseconds: 1000 },
  { periodMilliseconds: 10_000, frozenMilliseconds: 0 },
]) {
  const rows: Row[] = []
  await using server = await startFreezingServer(freeze)
  for (const engine of ['builtin', ...((await findK6()) === undefined ? [] : ['k6' as const])] as const) {
    const result = await runLoad(
      {
        name: 'bench',
        seed: 1,
        clients: 20,
        scenarios: [
          {
            name: 'steady',
            arrival: { startRate: rate, stages: [{ durationSeconds: seconds, targetRate: rate }] },
            expectedStatuses: [200],
            requests: [{ name: 'get', method: 'GET', url: server.url }],
          },
        ],
      },
      engine,
    )
    const [scenario] = result.scenarios
    if (scenario === undefined) throw new Error('Expected a scenario.')
    const { p50, p95, p975, p99 } = scenario.latencyMilliseconds
    const perSecond = scenario.requests.completed / seconds
    rows.push({
      engine,
      p50,
      p95,
      p975,
      p99,
      perSecond,
      processorSeconds: result.generator.cpuSeconds,
    })
  }
  rows.push(await runAutocannon(server.url))
  if (freeze.frozenMilliseconds > 0) {
    const at = (quantile: number): number => frozenQuantile(quantile, freeze)
    rows.push({
      engine: 'arithmetic',
      p50: at(0.5),
      p95: at(0.95),
      p975: at(0.975),
      p99: at(0.99),
      perSecond: rate,
      processorSeconds: null,
    })
  }
  console.log(
    `\nA server that freezes ${freeze.frozenMilliseconds} ms in every ${freeze.periodMilliseconds} ms, ${rate} requests a second for ${seconds} s`,
  )
  console.table(rows)
}

async function runAutocannon(url: string): Promise<Row> {
  const latencies: number[] = []
  const before = process.cpuUsage()
  await new Promise<void>((resolve, reject) => {
    const options = { url, connections: 20, duration: seconds, overallRate: rate, ignoreCoordinatedOmission: true }
    const instance = autocannon(options, (error: Error | null) => (error ? reject(error) : resolve()))
    instance.on('response', (_client, _status, _bytes, milliseconds) => latencies.push(milliseconds))
  })
  const used = process.cpuUsage(before)
  const { p50, p95, p975, p99 } = latencyOf(latencies)
  return {
    engine: 'autocannon',
    p50,
    p95,
    p975,
    p99,
    perSecond: latencies.length / seconds,
    processorSeconds: (used.user + used.system) / 1e6,
  }
}
