import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { z } from 'zod'
import type { LoadOptions } from './builtin.ts'
import { arrivalTimes, durationOf } from './plan.ts'
import type { LoadPlan } from './plan.ts'
import type { LoadResult, LoadSample } from './result.ts'
import { summarise } from './summarise.ts'

const run = promisify(execFile)
const script = fileURLToPath(new URL('./k6-script.js', import.meta.url))

/** An installed k6. */
export interface K6 {
  program: string
  version: string
}

/** Finds k6 on the path, or undefined. */
export async function findK6(): Promise<K6 | undefined> {
  try {
    const { stdout } = await run('k6', ['version'], { timeout: 10_000 })
    return { program: 'k6', version: /v\d+\.\d+\.\d+\S*/.exec(stdout)?.[0] ?? stdout.trim().slice(0, 60) }
  } catch {
    return undefined
  }
}

/**
 * Runs a plan with k6: one script reads the plan, and writes a point for each request, from which the result is made. k6 knows no
 * intended start, so the script works it out from the plan's arrival integral and the iteration's number.
 * @throws when k6 fails, does not end in time, or the signal is aborted; the process is gone in each case.
 */
export async function runK6(k6: K6, plan: LoadPlan, options: LoadOptions = {}): Promise<LoadResult> {
  const directory = await mkdtemp(join(tmpdir(), 'aro-gate-k6-'))
  try {
    const files = { plan: join(directory, 'plan.json'), points: join(directory, 'points.json') }
    const times = Object.fromEntries(plan.scenarios.map((scenario) => [scenario.name, arrivalTimes(scenario.arrival)]))
    await writeFile(files.plan, JSON.stringify({ ...plan, times }))
    await execute(k6, plan, files, options)
    const read = await readPoints(files.points)
    return {
      engine: 'k6',
      engineVersion: k6.version,
      startedAt: read.startedAt,
      finishedAt: Date.now(),
      samples: read.samples,
      scenarios: summarise(plan, read.samples, {
        startedAt: read.startedAt,
        dropped: read.dropped,
      }),
      generator: {
        eventLoopLagMilliseconds: null,
        cpuSeconds: null,
      },
    }
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

async function execute(
  k6: K6,
  plan: LoadPlan,
  files: { plan: string; points: string },
  { signal, onProgress }: LoadOptions,
): Promise<void> {
  const total = Math.max(...plan.scenarios.map((scenario) => durationOf(scenario.arrival)))
  const child = spawn(
    k6.program,
    [
      'run',
      '--quiet',
      '--no-usage-report',
      '--no-color',
      `--local-ips=${localAddresses(plan.clients)}`,
      '--out',
      `json=${files.points}`,
      script,
    ],
    {
      env: { PATH: process.env.PATH, HOME: process.env.HOME, ARO_GATE_PLAN: files.plan },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (output = (output + chunk.toString()).slice(-4000)))
  const startedAt = performance.now()
  const stop = (): void => void child.kill('SIGKILL')
  const limit = setTimeout(stop, total * 1000 + plan.requestTimeoutMilliseconds + 30_000)
  const progress = setInterval(() => {
    onProgress?.({ elapsedSeconds: (performance.now() - startedAt) / 1000, totalSeconds: total, requests: 0 })
  }, 5000)
  signal?.addEventListener('abort', stop, { once: true })
  try {
    const [code, killedBy] = (await once(child, 'exit')) as [number | null, string | null]
    if (code !== 0) throw new Error(`k6 ended with ${killedBy ?? String(code)}: ${output.trim().slice(-1000)}`)
  } finally {
    clearTimeout(limit)
    clearInterval(progress)
    signal?.removeEventListener('abort', stop)
    stop()
  }
}

/** As many loopback addresses as there are clients, in k6's notation. */
function localAddresses(clients: number): string {
  const last = clients - 1
  return `127.64.0.1-127.${64 + (last >> 16)}.${(last >> 8) & 255}.${Math.max(1, last & 255)}`
}

const pointSchema = z.object({
  type: z.literal('Point'),
  metric: z.string(),
  data: z.object({ time: z.string(), value: z.number(), tags: z.record(z.string(), z.string()).nullable() }),
})

async function readPoints(
  file: string,
): Promise<{ samples: LoadSample[]; dropped: Record<string, number>; startedAt: number }> {
  const samples: LoadSample[] = []
  const dropped: Record<string, number> = {}
  let startedAt = Infinity
  for await (const line of createInterface({ input: createReadStream(file) })) {
    if (!line.includes('"Point"')) continue
    const parsed = pointSchema.safeParse(JSON.parse(line))
    if (!parsed.success) continue
    const { metric, data } = parsed.data
    const tags = data.tags ?? {}
    if (metric === 'dropped_iterations') {
      const scenario = tags.scenario ?? 'unknown'
      dropped[scenario] = (dropped[scenario] ?? 0) + data.value
    }
    if (metric !== 'aro_latency') continue
    const intendedAt = Number(tags.intended_at)
    const status = Number(tags.answer_status)
    startedAt = Math.min(startedAt, Number(tags.scenario_start))
    samples.push({
      correlationId: tags.correlation_id ?? '',
      scenario: tags.scenario ?? 'unknown',
      request: tags.request ?? 'unknown',
      intendedAt,
      startedAt: Number(tags.started_at),
      latencyMilliseconds: status === 0 ? null : Math.max(0, data.value),
      status: status === 0 ? null : status,
      error:
        status === 0 ? (tags.answer_error === 'request timeout' ? 'timeout' : (tags.answer_error ?? 'unknown')) : null,
    })
  }
  return { samples, dropped, startedAt: Number.isFinite(startedAt) ? startedAt : Date.now() }
}
