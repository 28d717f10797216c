import { existsSync, readFileSync, statSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import type { ControlContext } from '../../control.ts'
import type { FacilityMap } from '../../facilities.ts'
import { runCommand } from '../../subject/commands.ts'
import { makeConsentedCustomers } from '../../subject/consented.ts'
import { openRegistry } from '../../subject/registry.ts'
import type { Subject } from '../../subject/subject.ts'
import { searchDatabase } from '../../database/search.ts'
import { fingerprintDatabase } from '../../database/snapshot.ts'
import { cloneTemplate } from '../../database/template.ts'
import { requiredCommands } from './commands.ts'
import type { RequiredCommand } from './commands.ts'
import { complaintOf } from './complaint.ts'
import { planImage, runImage } from './image.ts'
import { judgeRequiredCommands } from './judge.ts'
import type { CommandsTrial, RequiredCommandResult } from './judge.ts'
import { testsRun } from './tests-run.ts'

const timeLimitSeconds = 300
const tailCharacters = 1500

type Needs = ControlContext & Pick<FacilityMap, 'app' | 'database' | 'run'>

/**
 * Runs each required command in the subject's root, as its developers would; in a rehearsal the quick ones first, and only
 * until the first falls short.
 */
export async function runRequiredCommands(context: Needs): Promise<CommandsTrial> {
  const { app, subject, run, database, profile, progress, signal } = context
  const people = await makeConsentedCustomers(app.client, await app.client.administrator(), 3)
  const markers = people.map(({ booking }) => booking.person.phone)
  const rowsBackedUp = await countRows(database.url)
  if (!run.database.ready) throw new Error(`There is no database: ${run.database.problem}`)
  await using target = await cloneTemplate(run.database.description, run.database.template)
  const rowsBefore = await countRows(target.url)
  const directory = await mkdtemp(join(run.runDirectory, 'commands-'))
  await using registry = await openRegistry(subject, run.runDirectory)
  const environmentOn = (databaseUrl: string): Record<string, string> => ({
    ...app.environment(databaseUrl),
    // package managers keep their configuration and caches there
    HOME: homedir(),
    CI: 'true',
    NODE_ENV: '',
    NODE_OPTIONS: '',
    npm_config_registry: registry.url,
  })
  const image = { app, subject, runDirectory: run.runDirectory, environment: environmentOn(database.url), signal }
  const plan = await planImage(image)
  const commands: RequiredCommandResult[] = []
  const backup = join(directory, 'aro-gate-backup.db')
  const results = async function* (): AsyncGenerator<RequiredCommandResult> {
    const inOrder = requiredCommands(backup)
    for (const required of profile === 'rehearsal' ? quickFirst(inOrder, subject) : inOrder) {
      progress(required.name)
      const databaseUrl = required.name === 'db:restore' ? target.url : database.url
      yield await runOne(required, subject, {
        environment: environmentOn(databaseUrl),
        runDirectory: run.runDirectory,
        signal,
      })
    }
    progress('docker build')
    yield* runImage(image, plan)
  }
  const trial: CommandsTrial = {
    root: subject.root,
    registry: registry.description,
    rowsBackedUp,
    commands,
    restored: null,
  }
  for await (const result of results()) {
    commands.push(result)
    if (result.name === 'db:restore') {
      trial.restored = {
        backupBytes: existsSync(backup) ? statSync(backup).size : 0,
        rowsBefore,
        rowsAfter: await countRows(target.url),
        peopleBackedUp: (await database.traces(markers)).size,
        peopleRestored: new Set((await searchDatabase(target.url, markers)).findings.map(({ label }) => label)).size,
      }
    }
    if (profile === 'rehearsal' && judgeRequiredCommands(trial).length > 0) break
  }
  return trial
}

/** What ends at once, then what runs no tests, then tests, then the suites that hold all tests. */
function quickFirst(commands: readonly RequiredCommand[], subject: Subject): RequiredCommand[] {
  const rank = (required: RequiredCommand): number => {
    if (isMissing(required, subject)) return 0
    if (required.kind !== 'test') return 1
    return required.name === 'test:all' || required.name === 'test:coverage' ? 3 : 2
  }
  return commands.toSorted((one, other) => rank(one) - rank(other))
}

function isMissing({ name, kind }: RequiredCommand, subject: Subject): boolean {
  return subject.commands[name] === undefined && kind !== 'tool' && !hasScript(subject.root, name)
}

async function countRows(url: string): Promise<number> {
  const { tables } = await fingerprintDatabase(url)
  return tables.reduce((sum, table) => sum + table.rows, 0)
}

interface HowToRun {
  environment: Record<string, string>
  runDirectory: string
  signal: AbortSignal
}

async function runOne(required: RequiredCommand, subject: Subject, how: HowToRun): Promise<RequiredCommandResult> {
  const command = subject.commands[required.name] ?? required.command
  const commandLine = command.join(' ')
  const mustRunTests = required.kind === 'test'
  if (isMissing(required, subject)) {
    return {
      name: required.name,
      commandLine,
      mustRunTests,
      state: 'missing',
      exitCode: null,
      endedBy: null,
      durationMilliseconds: 0,
      tests: null,
      complaint: '',
      tail: '',
    }
  }
  const result = await runCommand({ command, directory: subject.root, owner: 'control', timeLimitSeconds, ...how })
  const tests = mustRunTests ? testsRun(result.output) : null
  const hasFailed = result.exitCode !== 0 || (tests !== null && tests.failed > 0)
  return {
    name: required.name,
    commandLine,
    mustRunTests,
    state: 'ran',
    exitCode: result.exitCode,
    endedBy: result.endedBy,
    durationMilliseconds: result.durationMilliseconds,
    tests,
    complaint: hasFailed ? complaintOf(result.output) : '',
    tail: result.output.slice(-tailCharacters),
  }
}

const packageSchema = z.looseObject({ scripts: z.record(z.string(), z.string()).default({}) })

function hasScript(root: string, name: string): boolean {
  const file = join(root, 'package.json')
  if (!existsSync(file)) return false
  const { scripts } = packageSchema.parse(JSON.parse(readFileSync(file, 'utf8')))
  return (scripts[name] ?? '').trim() !== ''
}
