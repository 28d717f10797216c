import { readFileSync, readdirSync } from 'node:fs'
import { runRecordSchema } from './record.ts'
import type { Report, RunRecord } from './record.ts'
import { decide } from './verdict.ts'

/** Where the recorded runs are, each with the report it must give; for tests. */
export const goldenFolder = new URL('../fixtures/verdicts/', import.meta.url)

/** Names of the recorded runs. */
export const situations: readonly string[] = readdirSync(goldenFolder, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)
  .sort()

/** Text of a golden file. */
export const readGolden = (path: string): string => readFileSync(new URL(path, goldenFolder), 'utf8')

/** A fresh copy of a recorded run. */
export const runOf = (situation: string): RunRecord =>
  runRecordSchema.parse(JSON.parse(readGolden(`${situation}/run.json`)))

/** The report on a recorded run. */
export const reportOn = (situation: string): Report => decide(runOf(situation))
