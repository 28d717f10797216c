import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { homedir } from 'node:os'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { noteProcess } from '../reaper/ledger.ts'
import { runCommand } from './commands.ts'
import type { Subject } from './subject.ts'

/** Where npm asks for advisories during the commands. */
export interface Registry extends AsyncDisposable {
  url: string
  /** Said in the evidence. */
  description: string
}

const startWithinMilliseconds = 10_000

/** The subject's registry: the one it is configured with by default, one it names, or one that it starts. */
export async function openRegistry(subject: Subject, runDirectory: string): Promise<Registry> {
  const { registry } = subject
  const nothing = async (): Promise<void> => undefined
  if (registry === undefined) {
    const url = await configuredRegistry(subject, runDirectory)
    return { url, description: url, [Symbol.asyncDispose]: nothing }
  }
  if (typeof registry === 'string') return { url: registry, description: registry, [Symbol.asyncDispose]: nothing }
  const [program = '', ...programArguments] = registry.command
  const child = spawn(program, programArguments, {
    cwd: subject.root,
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const { pid } = child
  if (pid === undefined) throw new Error(`The subject's registry cannot be started: ${registry.command.join(' ')}`)
  noteProcess(runDirectory, { pid, signal: 'SIGKILL', group: true, owner: 'control' })
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    process.kill(-pid, 'SIGKILL')
    await ended
  }
  const stopwatch = new AbortController()
  const late = sleep(startWithinMilliseconds, undefined, { signal: stopwatch.signal }).then(() => ['', ''])
  const [line = '', note = ''] = await Promise.race([firstLines(child.stdout), late])
  stopwatch.abort()
  late.catch(() => undefined)
  if (!line.startsWith('http://127.0.0.1:')) {
    await stop()
    throw new Error(
      `The subject's registry ${registry.command.join(' ')} should print its loopback url first, within ${startWithinMilliseconds / 1000} s; it printed ${JSON.stringify(line)}.`,
    )
  }
  return { url: line, description: `${note} at ${line}`, [Symbol.asyncDispose]: stop }
}

/** Where npm would go from the subject's root: its .npmrc counts. */
async function configuredRegistry(subject: Subject, runDirectory: string): Promise<string> {
  const { output } = await runCommand({
    command: ['npm', 'config', 'get', 'registry'],
    directory: subject.root,
    environment: { PATH: process.env.PATH ?? '', HOME: homedir() },
    timeLimitSeconds: 20,
    runDirectory,
    owner: 'control',
  })
  const url = output.split('\n').find((line) => URL.canParse(line))
  if (url === undefined) throw new Error(`npm config get registry in ${subject.root} printed no url: ${output.trim()}`)
  return url
}

async function firstLines(stream: NodeJS.ReadableStream): Promise<string[]> {
  const lines: string[] = []
  for await (const line of createInterface({ input: stream })) {
    lines.push(line)
    if (lines.length === 2) break
  }
  return lines
}
