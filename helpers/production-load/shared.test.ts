import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import type { LoadContext } from './run.ts'
import { productionLoad } from './shared.ts'

const runDirectory = mkdtempSync(join(tmpdir(), 'aro-load-'))
afterAll(() => rmSync(runDirectory, { recursive: true, force: true }))
mkdirSync(join(runDirectory, 'load'))

const runId = 'a-run'
const seed = 7

/** What a control hands over that finds a load kept already; nothing of the rest is looked at then. */
const context = { run: { runId, runDirectory }, profile: 'rehearsal', seed } as LoadContext

const keep = (parts: string, kept: unknown): void =>
  writeFileSync(join(runDirectory, 'load', `${runId}-${parts}.json`), JSON.stringify(kept))

const moment = 1_800_000_000_000
const trial = {
  runId,
  profile: 'rehearsal',
  seed,
  parts: ['webhooks'],
  warmupSeconds: 1,
  plateau: { from: moment, to: moment + 1 },
  stored: { appointments: 1, customers: 1 },
  shown: { appointmentsOfCopy: 1, dashboardBytes: 1 },
  load: {
    engine: 'builtin',
    engineVersion: 'v0',
    startedAt: moment,
    finishedAt: moment,
    scenarios: [],
    generator: { eventLoopLagMilliseconds: null, cpuSeconds: null },
    samples: [],
  },
  processedAt: {},
  receivedAt: {},
  routesLeftOut: [],
  resources: {
    samples: [1, 2].map((at) => ({ at, processes: 1, residentMegabytes: 1, processorSeconds: at })),
    highWaterMegabytes: null,
    othersPercent: null,
  },
  limits: { memoryMegabytes: 1, processors: 1 },
  eventReadingFailures: 0,
}

test('a load that was measured is read by the next control', async () => {
  keep('webhooks', { outcome: 'measured', trial })
  await expect(productionLoad(context, ['webhooks'])).resolves.toEqual(trial)
})

test('a load that failed fails every control that shares it, with the reason', async () => {
  keep('messages', { outcome: 'failed', runId, reason: 'the subject did not start' })
  await expect(productionLoad(context, ['messages'])).rejects.toThrow(/was not measured: the subject did not start/)
})

test.each([
  ['another run', { runId: 'another' }],
  ['another seed', { seed: 8 }],
  ['another profile', { profile: 'release' }],
])('a load of %s is refused', async (_name, change) => {
  keep('api', { outcome: 'measured', trial: { ...trial, ...change } })
  await expect(productionLoad(context, ['api'])).rejects.toThrow(/of another run/)
})

test('a load that is not one is refused', async () => {
  keep('dashboard', { outcome: 'measured', trial: { ...trial, load: {} } })
  await expect(productionLoad(context, ['dashboard'])).rejects.toThrow(/startedAt/)
})
