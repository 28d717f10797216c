import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder of one gate run and the process that clears away whatever the run leaves behind. */
export interface Reaper {
  runDirectory: string
  /** Clears everything away and waits for it. @throws with one line for each thing that could not be removed. */
  finish(): Promise<void>
}

/** Starts the reaper: everything noted in its ledger ends with this process, even when it is killed. */
export function startReaper(): Reaper {
  const runDirectory = mkdtempSync(join(tmpdir(), 'aro-gate-'))
  // others may pass through to what is theirs (an embedded PostgreSQL runs as a user of its own), and list nothing
  chmodSync(runDirectory, 0o711)
  const program = fileURLToPath(new URL(`./reaper-process${extname(import.meta.url)}`, import.meta.url))
  const child = spawn(process.execPath, [program, runDirectory], {
    detached: true,
    stdio: ['pipe', 'ignore', 'pipe'],
    env: { PATH: process.env.PATH, HOME: process.env.HOME, DOCKER_HOST: process.env.DOCKER_HOST },
  })
  let complaints = ''
  child.stderr.on('data', (chunk: Buffer) => (complaints += chunk.toString()))
  child.unref()
  const ended = once(child, 'close')
  let finished: Promise<void> | undefined
  return {
    runDirectory,
    finish() {
      finished ??= (async () => {
        child.stdin.end()
        const [code] = (await ended) as [number | null]
        if (code !== 0) throw new Error(`Not everything that the gate started could be removed:\n${complaints.trim()}`)
      })()
      return finished
    },
  }
}
