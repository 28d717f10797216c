import { test } from 'vitest'
import { reportOn, runOf } from './golden-situations.ts'
import { renderMarkdown } from './markdown.ts'
import type { RunRecord } from './record.ts'
import { decide } from './verdict.ts'

/** 5,000 results, every second set of them with failures: the golden runs' controls under a hundred names each. */
const large: RunRecord = {
  ...runOf('go'),
  controls: Array.from({ length: 100 }, (_, index) =>
    runOf(index % 2 === 0 ? 'many-failures' : 'go').controls.map((control) => ({
      ...control,
      id: index === 0 ? control.id : `${control.id}-${index}`,
    })),
  ).flat(),
}
const largeReport = decide(large)
const small = runOf('go')
const smallReport = reportOn('go')

test('the report on a run', async ({ bench }) => {
  await bench.compare(
    bench('verdict on 50 results', () => {
      decide(small)
    }),
    bench('report.md of 50 results', () => {
      renderMarkdown(smallReport)
    }),
    bench('verdict on 5,000 results', () => {
      decide(large)
    }),
    bench('report.md of 5,000 results', () => {
      renderMarkdown(largeReport)
    }),
  )
})
