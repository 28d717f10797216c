import { fork } from 'node:child_process'
import { once } from 'node:events'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { durationOf } from './plan.ts'
import type { LoadPlan } from './plan.ts'
import { loadResultSchema } from './result.ts'
import type { LoadResult } from './result.ts'
import { summarise } from './summarise.ts'

/** How far a load has come. */
export interface LoadProgress {
  elapsedSeconds: number
  totalSeconds: number
  requests: number
}

/** What a load is run with. */
export interface LoadOptions {
  signal?: AbortSignal
  onProgress?(progress: LoadProgress): void
}

const { samples, generator } = loadResultSchema.shape
const messageSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('progress'), elapsedSeconds: z.number(), totalSeconds: z.number(), requests: z.int() }),
  z.object({ type: z.literal('error'), message: z.string() }),
  z.object({
    type: z.literal('result'),
    startedAt: z.number(),
    finishedAt: z.number(),
    dropped: z.record(z.string(), z.int()),
    samples,
    generator,
  }),
])

/**
 * Runs a plan with the built-in engine in a process of its own.
 * @throws when the process fails, does not end in time, or the signal is aborted; the process is gone in each case.
 */
export async function runBuiltin(plan: LoadPlan, options: LoadOptions = {}): Promise<LoadResult> {
  const program = fileURLToPath(new URL(`./engine-process${extname(import.meta.url)}`, import.meta.url))
  const child = fork(program, {
    env: { PATH: process.env.PATH },
    execArgv: [],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  let complaints = ''
  child.stderr?.on('data', (chunk: Buffer) => (complaints += chunk.toString()))
  const longest = Math.max(...plan.scenarios.map((scenario) => durationOf(scenario.arrival)))
  const limit = longest * 1000 + plan.requestTimeoutMilliseconds + 15_000
  const stop = (): void => void child.kill('SIGKILL')
  const timer = setTimeout(stop, limit)
  options.signal?.addEventListener('abort', stop, { once: true })
  const ended = once(child, 'exit')
  try {
    child.send(plan)
    const finished = new Promise<Extract<z.infer<typeof messageSchema>, { type: 'result' }>>((resolve, reject) => {
      child.on('message', (received) => {
        const message = messageSchema.parse(received)
        if (message.type === 'progress') options.onProgress?.(message)
        else if (message.type === 'result') resolve(message)
        else reject(new Error(`The load engine failed: ${message.message}`))
      })
      void ended.then(([code, signal]) => {
        const how =
          options.signal?.aborted === true
            ? 'was aborted'
            : `ended with ${String(signal ?? code)} before it had a result`
        reject(new Error(`The load engine ${how}. ${complaints.slice(-500)}`))
      })
    })
    const result = await finished
    return {
      engine: 'builtin',
      engineVersion: process.version,
      startedAt: result.startedAt,
      finishedAt: result.finishedAt,
      scenarios: summarise(plan, result.samples, result),
      generator: result.generator,
      samples: result.samples,
    }
  } finally {
    clearTimeout(timer)
    options.signal?.removeEventListener('abort', stop)
    stop()
    await ended
  }
}
