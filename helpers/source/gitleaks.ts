import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { z } from 'zod'
import { isPlaceholder } from './secret-values.ts'

const reportSchema = z
  .array(
    z.looseObject({ RuleID: z.string(), Secret: z.string(), File: z.string(), Commit: z.string(), StartLine: z.int() }),
  )
  .nullable()

/** A secret that gitleaks has found in the history. */
export interface LeakFound {
  rule: string
  value: string
  path: string
  line: number
  commit: string
}

/**
 * Runs gitleaks with its own rules over the history of a folder, where it is on the PATH; undefined where it is not. Neither
 * the repository's settings nor its comments can make it look away.
 * @throws when it is there and does not do its work.
 */
export async function findByGitleaks(root: string): Promise<LeakFound[] | undefined> {
  const version = await execa('gitleaks', ['version'], { reject: false })
  if (version.failed) return undefined
  const folder = await mkdtemp(join(tmpdir(), 'aro-gate-gitleaks-'))
  try {
    const config = join(folder, 'rules.toml')
    const report = join(folder, 'report.json')
    await writeFile(config, '[extend]\nuseDefault = true\n')
    const options = ['--no-banner', '--exit-code', '0', '--report-format', 'json', '--report-path', report]
    const strict = ['--config', config, '--ignore-gitleaks-allow', '--gitleaks-ignore-path', folder]
    const log = ['--log-opts', '--all --full-history -- .']
    const ran = await execa('gitleaks', ['git', ...options, ...strict, ...log, root], {
      reject: false,
      timeout: 120_000,
    })
    if (ran.failed) {
      throw new Error(
        `gitleaks ${version.stdout.trim()} on the PATH ended with ${ran.exitCode ?? 'no exit code'}: ${ran.stderr.slice(-300)}. Install 8.19 or later, or take it off the PATH.`,
      )
    }
    const found = reportSchema.parse(JSON.parse(await readFile(report, 'utf8'))) ?? []
    return found
      .filter(({ Secret }) => !isPlaceholder(Secret))
      .map(({ RuleID, Secret, File, Commit, StartLine }) => ({
        rule: `gitleaks ${RuleID}`,
        value: Secret,
        path: File,
        line: StartLine,
        commit: Commit,
      }))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
