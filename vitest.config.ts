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
          sequence: { groupOrder: 1 },
        },
      },
      gate({ subject: './fixtures/subject.ts' }),
    ],
  },
})
