import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { noteProcess, noteResource, processStartTicks, readLedger } from './ledger.ts'
import { reap } from './reap.ts'
import { startReaper } from './reaper.ts'

const sleeper = (): ReturnType<typeof spawn> =>
  spawn('sh', ['-c', 'sleep 60 & sleep 60'], { detached: true, stdio: 'ignore' })

async function goneWithin(pid: number, milliseconds: number): Promise<boolean> {
  const deadline = performance.now() + milliseconds
  while (performance.now() < deadline) {
    if (processStartTicks(pid) === undefined) return true
    await sleep(20)
  }
  return false
}

test('ends noted processes with their groups and removes the run directory', async () => {
  const reaper = startReaper()
  const child = sleeper()
  const pid = child.pid ?? 0
  noteProcess(reaper.runDirectory, { pid, signal: 'SIGTERM', group: true, owner: 'control' })
  const extra = join(reaper.runDirectory, 'data')
  mkdirSync(extra)
  writeFileSync(join(extra, 'file'), 'x')
  await reaper.finish()
  expect(await goneWithin(pid, 2000)).toBe(true)
  expect(existsSync(reaper.runDirectory)).toBe(false)
})

test('clears away when the program that started it is killed', async () => {
  const program = `
    import { spawn } from 'node:child_process'
    import { startReaper } from ${JSON.stringify(fileURLToPath(new URL('./reaper.ts', import.meta.url)))}
    import { noteProcess } from ${JSON.stringify(fileURLToPath(new URL('./ledger.ts', import.meta.url)))}
    const reaper = startReaper()
    const child = spawn('sleep', ['60'], { detached: true, stdio: 'ignore' })
    noteProcess(reaper.runDirectory, { pid: child.pid, signal: 'SIGTERM', group: true, owner: 'run' })
    console.log(JSON.stringify([child.pid, reaper.runDirectory]))
    setInterval(() => {}, 1000)`
  const starter = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = (await once(starter.stdout, 'data')) as [Buffer]
  const [pid, runDirectory] = JSON.parse(line.toString()) as [number, string]
  expect(processStartTicks(pid)).toBeDefined()
  starter.kill('SIGKILL')
  expect(await goneWithin(pid, 5000)).toBe(true)
  const deadline = performance.now() + 5000
  while (existsSync(runDirectory) && performance.now() < deadline) await sleep(20)
  expect(existsSync(runDirectory)).toBe(false)
})

test('leaves a process alone that has another start time under a noted pid', async () => {
  const child = sleeper()
  const pid = child.pid ?? 0
  const leftovers = await reap([
    { kind: 'process', pid, startTicks: '1', signal: 'SIGKILL', group: true, owner: 'control' },
  ])
  expect(leftovers).toEqual([])
  expect(processStartTicks(pid)).toBeDefined()
  process.kill(-pid, 'SIGKILL')
})

test('kills a process that ignores its signal', async () => {
  const child = spawn('sh', ['-c', "trap '' TERM; echo ready; while :; do sleep 1; done"], {
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  await once(child.stdout, 'data')
  const pid = child.pid ?? 0
  const startTicks = processStartTicks(pid) ?? ''
  await reap([{ kind: 'process', pid, startTicks, signal: 'SIGTERM', group: true, owner: 'control' }], 200)
  expect(await goneWithin(pid, 1000)).toBe(true)
})

test('leaves out a ledger line that was cut short', async () => {
  const reaper = startReaper()
  noteResource(reaper.runDirectory, { kind: 'directory', path: '/nonexistent', owner: 'run' })
  writeFileSync(join(reaper.runDirectory, 'ledger.ndjson'), '{"kind":"process","pi', { flag: 'a' })
  expect(readLedger(reaper.runDirectory)).toHaveLength(1)
  await reaper.finish()
})
