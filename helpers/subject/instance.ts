import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { noteProcess } from '../reaper/ledger.ts'
import { Output } from './output.ts'
import { request } from './request.ts'

/** How to run one process of the subject. */
export interface InstanceRecipe {
  command: readonly string[]
  environment: Record<string, string>
  directory: string
  url: string
  readyPath: string
  readyWithinMilliseconds: number
  stopWithinMilliseconds: number
  runDirectory: string
  signal: AbortSignal
}

/** How a process ended. */
export interface Exit {
  code: number | null
  signal: NodeJS.Signals | null
}

/** A started process of the subject that has answered 200 on its readiness path. */
export interface Instance extends AsyncDisposable {
  url: string
  pid: number
  output: Output
  startedInMilliseconds: number
  /** How it ended, or undefined while it runs. */
  exit(): Exit | undefined
  /** Sends SIGTERM and waits; SIGKILL when it does not end in time. */
  stop(): Promise<Exit>
  /** Sends SIGKILL to the whole process group and waits. */
  kill(): Promise<Exit>
}

/**
 * Starts one process of the subject as the leader of its own process group, and waits until it is ready.
 * @throws when it does not start, ends early, or is not ready in time, with the tail of its output.
 */
export async function startInstance(recipe: InstanceRecipe): Promise<Instance> {
  const [program, ...programArguments] = recipe.command
  if (program === undefined) throw new Error('The subject file names no start command.')
  const startedAt = performance.now()
  const child = spawn(program, programArguments, {
    cwd: recipe.directory,
    env: recipe.environment,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const output = new Output()
  output.capture(child.stdout, 'stdout')
  output.capture(child.stderr, 'stderr')
  let exit: Exit | undefined
  let failure: Error | undefined
  child.once('error', (error) => (failure = error))
  const ended = new Promise<Exit>((resolve) => {
    child.once('exit', (code, signal) => resolve((exit = { code, signal })))
  })
  await Promise.race([once(child, 'spawn').catch(() => undefined), ended])
  if (failure !== undefined || child.pid === undefined) {
    throw new Error(
      `The subject cannot be started by ${recipe.command.join(' ')} in ${recipe.directory}: ${failure?.message ?? 'no process'}.`,
    )
  }
  const pid = child.pid
  noteProcess(recipe.runDirectory, { pid, signal: 'SIGKILL', group: true, owner: 'control' })
  const end = async (signal: NodeJS.Signals): Promise<Exit> => {
    signalGroup(pid, signal)
    const deadline = new AbortController()
    const inTime = await Promise.race([
      ended,
      sleep(recipe.stopWithinMilliseconds, undefined, { signal: deadline.signal }).catch(() => undefined),
    ])
    deadline.abort()
    if (inTime === undefined) signalGroup(pid, 'SIGKILL')
    const result = await ended
    signalGroup(pid, 'SIGKILL')
    return result
  }
  const instance: Instance = {
    url: recipe.url,
    pid,
    output,
    startedInMilliseconds: 0,
    exit: () => exit,
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    async [Symbol.asyncDispose]() {
      await end('SIGKILL')
    },
  }
  try {
    await becomeReady(recipe, instance)
  } catch (error) {
    await end('SIGKILL')
    throw error
  }
  instance.startedInMilliseconds = performance.now() - startedAt
  return instance
}

async function becomeReady(recipe: InstanceRecipe, instance: Instance): Promise<void> {
  const deadline = performance.now() + recipe.readyWithinMilliseconds
  let last = 'no answer yet'
  for (;;) {
    recipe.signal.throwIfAborted()
    const exit = instance.exit()
    if (exit !== undefined) {
      throw new Error(
        `The subject ended with ${exit.signal ?? `exit code ${exit.code}`} before it was ready. Its last lines:\n${instance.output.tail()}`,
      )
    }
    if (performance.now() > deadline) {
      throw new Error(
        `The subject was not ready within ${recipe.readyWithinMilliseconds / 1000} s: expected 200 from ${recipe.url}${recipe.readyPath}, last seen: ${last}. Its last lines:\n${instance.output.tail()}`,
      )
    }
    try {
      const answer = await request({
        url: recipe.url,
        path: recipe.readyPath,
        timeoutMilliseconds: 1000,
        // whether it is ready is asked here, and nothing else
        isCertificateChecked: false,
      })
      if (answer.status === 200) return
      last = `status ${answer.status}`
    } catch (error) {
      last = error instanceof Error ? error.message : String(error)
    }
    await sleep(15)
  }
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal)
  } catch {
    // the group has ended already
  }
}
