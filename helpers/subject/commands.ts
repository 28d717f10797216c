import { execa } from 'execa'
import { noteProcess } from '../reaper/ledger.ts'

/** One command to run to its end. */
export interface CommandRecipe {
  command: readonly string[]
  directory: string
  environment: Record<string, string>
  timeLimitSeconds: number
  runDirectory: string
  owner: 'run' | 'control'
  signal?: AbortSignal
  onLine?(line: string): void
}

/** How a command ended. */
export interface CommandResult {
  /** Null when it was ended by a signal or could not be started. */
  exitCode: number | null
  endedBy: 'itself' | 'signal' | 'time limit' | 'not started'
  durationMilliseconds: number
  /** Standard output and error, interleaved, at most the last 200,000 characters. */
  output: string
}

const keptCharacters = 200_000

/** Runs a command in a process group of its own, which ends with it; a failure is a result, not an error. */
export async function runCommand(recipe: CommandRecipe): Promise<CommandResult> {
  const [program, ...programArguments] = recipe.command
  if (program === undefined) throw new Error('Expected a command, got an empty list.')
  const startedAt = performance.now()
  let output = ''
  const child = execa(program, programArguments, {
    cwd: recipe.directory,
    env: recipe.environment,
    extendEnv: false,
    detached: true,
    stdin: 'ignore',
    all: true,
    buffer: false,
    reject: false,
  })
  if (child.pid !== undefined) {
    noteProcess(recipe.runDirectory, { pid: child.pid, signal: 'SIGKILL', group: true, owner: recipe.owner })
  }
  let timedOut = false
  const end = (): void => {
    if (child.pid !== undefined) killGroup(child.pid)
  }
  const timer = setTimeout(() => {
    timedOut = true
    end()
  }, recipe.timeLimitSeconds * 1000)
  recipe.signal?.addEventListener('abort', end, { once: true })
  if (recipe.signal?.aborted === true) end()
  try {
    for await (const line of child.iterable({ from: 'all' })) {
      output = `${output}${line}\n`.slice(-keptCharacters)
      recipe.onLine?.(line)
    }
  } catch {
    // a command that fails also ends its lines with an error; how it ended is read below
  }
  const result = await child
  clearTimeout(timer)
  recipe.signal?.removeEventListener('abort', end)
  end()
  const endedBy = timedOut
    ? 'time limit'
    : result.exitCode !== undefined
      ? 'itself'
      : result.signal === undefined
        ? 'not started'
        : 'signal'
  return {
    exitCode: result.exitCode ?? null,
    endedBy,
    durationMilliseconds: performance.now() - startedAt,
    output: endedBy === 'not started' ? `${output}${result.shortMessage ?? ''}` : output,
  }
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // the group has ended already
  }
}
