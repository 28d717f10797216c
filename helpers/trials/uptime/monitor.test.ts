import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { readMonitor } from './monitor.ts'

const root = mkdtempSync(join(tmpdir(), 'aro-monitor-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const day = 86_400_000
const now = Date.parse('2026-06-30T12:00:00Z')

/** A sample each six hours of so many days; those that are down by their number. */
const samplesOf = (days: number, isDown: (index: number) => boolean = () => false) =>
  Array.from({ length: days * 4 + 1 }, (_, index) => ({
    at: new Date(now - days * day + (index * day) / 4).toISOString(),
    up: !isDown(index),
  }))

function readHistory(content: unknown) {
  writeFileSync(join(root, 'history.json'), typeof content === 'string' ? content : JSON.stringify(content))
  return readMonitor({ root, monitor: { history: 'history.json' } }, now)
}

test('no monitor is no figure', async () => {
  expect(await readMonitor({ root, monitor: undefined })).toBeNull()
})

test('a history of 30 days has its share of the time', async () => {
  expect(await readHistory(samplesOf(30))).toMatchObject({ samples: 121, availability: 1 })
  const oneOf120 = await readHistory(samplesOf(30, (index) => index === 7))
  expect(oneOf120?.availability).toBeCloseTo(119 / 120)
  const older = await readHistory(samplesOf(60, (index) => index < 100))
  expect(older).toMatchObject({ samples: 121, availability: 1 })
})

test.each([
  ['too few days', samplesOf(20), /has 20\.0 of the last 30 days/],
  ['a gap', samplesOf(30).filter((_, index) => index < 40 || index > 60), /nothing for 5\.5 days in a row/],
  ['nothing', [], /has 0\.0 of the last 30 days/],
  ['no JSON', 'up', /cannot be read/],
  ['other fields', [{ time: 1 }], /Expected a JSON list of/],
])('%s is unverified', async (_name, content, words) => {
  await expect(readHistory(content)).rejects.toThrow(words)
})

test('a monitor on another machine is not asked', async () => {
  const monitor = { prometheusUrl: 'http://monitor.example/', query: 'avg(up)' }
  await expect(readMonitor({ root, monitor }, now)).rejects.toThrow(/forward its port/)
})

test.each([
  { series: 1, status: 200, outcome: 0.999 },
  { series: 2, status: 200, outcome: /did not tell the availability.*Expected one series/s },
  { series: 1, status: 503, outcome: /did not tell the availability: status 503/ },
])('Prometheus with $series series, status $status', async ({ series, status, outcome }) => {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(request.url ?? '')
    const values = samplesOf(30).map(({ at }) => [Date.parse(at) / 1000, '0.999'])
    const result = Array.from({ length: series }, () => ({ metric: {}, values }))
    response.writeHead(status).end(JSON.stringify({ status: 'success', data: { resultType: 'matrix', result } }))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  const monitor = { prometheusUrl: `http://127.0.0.1:${port}/prometheus`, query: 'avg(up{job="aro"})' }
  const reading = readMonitor({ root, monitor }, now)
  if (typeof outcome === 'number') expect((await reading)?.availability).toBeCloseTo(outcome)
  else await expect(reading).rejects.toThrow(outcome)
  expect(asked[0]).toMatch(
    /^\/prometheus\/api\/v1\/query_range\?query=avg%28up%7Bjob%3D%22aro%22%7D%29&start=\d+&end=\d+/,
  )
  server.close()
})
