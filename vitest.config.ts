import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'
import { gate } from './reporter/index.ts'

export default defineConfig({
  test: {
    projects: [
      {
        extends: false,
        test: {
          name: 'unit',
          include: ['{gates,helpers,reporter,fixtures,.ci}/**/*.test.ts'],
          exclude: ['**/node_modules/**', 'fixtures/{reference-aro,defects,variants}/**'],
          testTimeout: 30_000,
          hookTimeout: 60_000,
          allowOnly: false,
          // most tests wait for processes that they start; vitest would leave a processor to its main process
          maxWorkers: availableParallelism(),
          sequence: { groupOrder: 1 },
        },
      },
      gate({ subject: './fixtures/subject.ts' }),
    ],
  },
})
