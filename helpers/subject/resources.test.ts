import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { watchResources } from './resources.ts'

const grandchild = `const held = Buffer.alloc(60 * 1024 * 1024, 1); setInterval(() => held[0], 1000); process.stdout.write('ready')`
const child = `
  require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(grandchild)}], { stdio: ['ignore', 'inherit', 'ignore'] })
  const until = Date.now() + 300
  while (Date.now() < until);
  setInterval(() => {}, 1000)`

test('memory and processor time are those of a process and its descendants', { timeout: 30_000 }, async () => {
  const { pid, stdout, ...started } = spawn(process.execPath, ['-e', child], {
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  if (pid === undefined) throw new Error(`Expected a process, got none: ${JSON.stringify(started.spawnargs)}`)
  try {
    await once(stdout, 'data')
    const watch = watchResources(pid, 20)
    const deadline = performance.now() + 20_000
    while (watch.samples.length < 5 && performance.now() < deadline) await sleep(20)
    const { highWaterMegabytes, othersPercent } = watch.stop()
    const [first] = watch.samples
    const last = watch.samples.at(-1)
    expect(first?.processes).toBe(2)
    // of the grandchild's buffer and two runtimes
    expect(last?.residentMegabytes).toBeGreaterThan(90)
    expect(highWaterMegabytes).toBeGreaterThan(90)
    expect(last?.processorSeconds).toBeGreaterThanOrEqual(0.05)
    expect(last?.processorSeconds).toBeGreaterThanOrEqual(first?.processorSeconds ?? Infinity)
    expect(othersPercent).toBeGreaterThanOrEqual(0)
  } finally {
    process.kill(-pid, 'SIGKILL')
  }
  expect(() => watchResources(4_194_305)).toThrow(/cannot be read from \/proc/)
})
