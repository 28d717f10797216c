import { expect, test } from 'vitest'
import { actualOf, describeEvidence } from './evidence-text.ts'

test.each([
  [{ latencyMilliseconds: 412 }, 'latency: 412 ms'],
  [{ p95Milliseconds: 3.456 }, 'p95: 3.46 ms'],
  [{ recoverySeconds: 4.8 }, 'recovery: 4.8 s'],
  [{ failedShare: 0.0125 }, 'failed: 1.25%'],
  [{ memoryMegabytes: 1024.5 }, 'memory: 1,024.5 MB'],
  [{ requestsPerSecond: 50 }, 'requests: 50/s'],
  [{ availabilityPercent: 99.907 }, 'availability: 99.91%'],
  [{ linesNotJson: 0, isWhole: true, worst: null }, 'lines not JSON: 0; is whole: yes; worst: none'],
  [{ delaysMilliseconds: [1, 2], rows: [{ a: 1 }, { a: 2 }], gone: [] }, 'delays: 1 ms, 2 ms; rows: 2; gone: none'],
  [{ breaker: { openSeconds: 60, calls: 0 } }, 'breaker open: 60 s; breaker calls: 0'],
  [{ a: 1, b: 2, c: 3, d: 4, e: 5, f: 6, g: 7, h: 8 }, 'a: 1; b: 2; c: 3; d: 4; e: 5; f: 6; and 2 more'],
  [{ seconds: 3 }, 'seconds: 3'],
])('%j reads %s', (evidence, text) => {
  expect(describeEvidence(evidence)).toBe(text)
})

test.each([
  [{ p95Milliseconds: 231 }, 'seconds', '0.231s'],
  [{ p95Milliseconds: 1000.4 }, 'seconds', '1.01s'],
  [{ p95Milliseconds: 1000 }, 'seconds', '1.00s'],
  [{ p95Seconds: 1.8 }, 'seconds', '1.80s'],
  [{ routes: { p95Milliseconds: 9000 }, p95LatencyMilliseconds: 900 }, 'seconds', '0.900s'],
  [{ load: { p95Milliseconds: 40 } }, 'seconds', '0.040s'],
  [{ samples: 4 }, 'seconds', undefined],
  [{ peakPercent: 41.94 }, 'percent', '41.9%'],
  [{ averageShare: 0.384 }, 'percent', '38.4%'],
] as const)('%j is shown, in %s, as %s', (evidence, unit, text) => {
  expect(actualOf(evidence, unit)).toBe(text)
})
