import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'
import { gate } from './reporter/index.ts'

const tests = { testTimeout: 30_000, hookTimeout: 60_000, allowOnly: false }
// these measure times, and get the machine for themselves
const timed = ['helpers/load/**/*.test.ts', 'helpers/providers/lab.test.ts']

export default defineConfig({
  test: {
    projects: [
      {
        extends: false,
        test: {
          ...tests,
          name: 'unit',
          include: ['{gates,helpers,reporter,fixtures,.ci}/**/*.test.ts'],
          exclude: ['**/node_modules/**', 'fixtures/{reference-aro,defects,variants}/**', ...timed],
          // most tests wait for processes that they start; vitest would leave a processor to its main process
          maxWorkers: availableParallelism(),
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: false,
        test: { ...tests, name: 'unit-timed', include: timed, maxWorkers: 1, sequence: { groupOrder: 0 } },
      },
      gate({ subject: './fixtures/subject.ts' }),
    ],
  },
})
