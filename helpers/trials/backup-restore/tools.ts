import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import type { ControlContext } from '../../control.ts'
import type { FacilityMap } from '../../facilities.ts'
import { runCommand } from '../../subject/commands.ts'
import { requiredCommands } from '../required-commands/commands.ts'
import type { CommandRun } from './evidence.ts'

/** What the trial is given. */
export type Needs = ControlContext & Pick<FacilityMap, 'app' | 'database' | 'providers' | 'run'>

/** A backup's files by their paths below its folder: usually one, some ARO may lay others beside it. */
export type BackupFiles = ReadonlyMap<string, Buffer>

const backupSeconds = 60
const restoreSeconds = 60
const wordsKept = 1200
const backupName = 'aro-gate-backup.db'

/** What a command is run with instead of what it usually is. */
export interface Deviation {
  /** Whether the deployment's keys are those of another deployment. */
  hasOtherKeys?: boolean
  /** Instead of the subject's folder. */
  root?: string
}

/** What `db:backup` has made. */
export interface MadeBackup {
  run: CommandRun
  files: BackupFiles
  /** The folder that the command had for what it wants to put aside. */
  home: string
  /** All that it printed. */
  output: string
  /** In milliseconds since the epoch. */
  startedAt: number
  endedAt: number
}

/** Has the subject back up a database into a new folder. */
export async function backUp(needs: Needs, databaseUrl: string, deviation: Deviation = {}): Promise<MadeBackup> {
  const folder = await mkdtemp(join(needs.run.runDirectory, 'backup-'))
  const startedAt = Date.now()
  const { run, home, output } = await runOne(needs, 'db:backup', {
    file: join(folder, backupName),
    databaseUrl,
    deviation,
    seconds: backupSeconds,
  })
  const endedAt = Date.now()
  return { run, files: await readFiles(folder), home, output, startedAt, endedAt }
}

/** Has the subject restore a backup into a database. */
export async function restore(
  needs: Needs,
  files: BackupFiles,
  databaseUrl: string,
  deviation: Deviation = {},
): Promise<CommandRun> {
  const folder = await mkdtemp(join(needs.run.runDirectory, 'restore-'))
  for (const [path, content] of files) {
    const file = join(folder, path)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, content)
  }
  const { run } = await runOne(needs, 'db:restore', {
    file: join(folder, backupName),
    databaseUrl,
    deviation,
    seconds: restoreSeconds,
  })
  return run
}

async function runOne(
  { app, subject, run, signal }: Needs,
  name: 'db:backup' | 'db:restore',
  how: { file: string; databaseUrl: string; deviation: Deviation; seconds: number },
): Promise<{ run: CommandRun; home: string; output: string }> {
  const { deviation } = how
  const required = requiredCommands(how.file).find((each) => each.name === name)
  const environment = app.environment(how.databaseUrl, deviation.hasOtherKeys === true ? otherSecrets() : run.secrets)
  const home = environment.TMPDIR ?? ''
  const result = await runCommand({
    // a command line of the subject file's own takes the seed's options, too
    command:
      subject.commands[name] === undefined
        ? (required?.command ?? [])
        : [...subject.commands[name], ...(required?.command.slice(3) ?? [])],
    directory: deviation.root ?? subject.root,
    environment: {
      ...(deviation.hasOtherKeys === true ? withOtherKeys(environment) : environment),
      HOME: homedir(),
      NODE_ENV: '',
      NODE_OPTIONS: '',
    },
    timeLimitSeconds: how.seconds,
    runDirectory: run.runDirectory,
    owner: 'control',
    signal,
  })
  const { exitCode, endedBy, durationMilliseconds, output } = result
  return { run: { exitCode, endedBy, durationMilliseconds, words: wordsOf(output, how.file) }, home, output }
}

/** What a command says by itself; npm tells of the script and of its failure. */
const wordsOf = (output: string, file: string): string =>
  output
    .replaceAll(file, backupName)
    .split('\n')
    .filter((line) => !/^\s*$|^> |^npm (?:error|ERR!|warn|notice)/.test(line))
    .join('\n')
    .slice(-wordsKept)

const otherSecrets = (): Needs['run']['secrets'] => ({
  jwt: randomBytes(32).toString('hex'),
  encryptionKey: randomBytes(32).toString('hex'),
  suppressionKey: randomBytes(32).toString('hex'),
})

/** Variables that hold a key and nothing else, such as one that only backups have. */
function withOtherKeys(environment: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).map(([name, value]) => {
      if (/^[0-9a-f]{32,}$/i.test(value))
        return [
          name,
          randomBytes(Math.ceil(value.length / 2))
            .toString('hex')
            .slice(0, value.length),
        ]
      const isKey = /^[A-Za-z0-9+/_-]{32,}={0,2}$/.test(value) && !value.startsWith('/')
      return [
        name,
        isKey ? randomBytes(Math.floor((value.replaceAll('=', '').length * 3) / 4)).toString('base64') : value,
      ]
    }),
  )
}

async function readFiles(folder: string): Promise<BackupFiles> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true })
  const files = new Map<string, Buffer>()
  for (const entry of entries) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    files.set(path.slice(folder.length + 1), await readFile(path))
  }
  return files
}
