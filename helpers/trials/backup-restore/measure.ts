import { tmpdir } from 'node:os'
import { countChanges, readSequences, readStoredRows } from '../../database/rows.ts'
import type { StoredRows } from '../../database/rows.ts'
import { readStructure } from '../../database/structure.ts'
import { searchBackup, searchFilesBeside, searchWords } from './contents.ts'
import { backUpWhileWriting } from './drill.ts'
import { isStandstill, isWrittenMeanwhile, judgeBackup } from './judge.ts'
import type { BackupTrial, CommandRun } from './evidence.ts'
import { compareTables, compareTransactions, compareWrites } from './moment.ts'
import { tryRefusals } from './refusals.ts'
import { compareSequences, restoreAgain, restoreIntact, restoreOverData } from './restores.ts'
import { examineRevived, revive } from './revival.ts'
import { chooseVictim, trySabotage } from './sabotage.ts'
import { seed } from './seed.ts'
import { describeTarget, tablesOfSchema, Targets } from './targets.ts'
import type { Needs } from './tools.ts'

/** Makes a backup while writes go on, loses the database, restores it among restores that must be refused, and looks at what came of all. */
export async function tryBackup(needs: Needs): Promise<BackupTrial> {
  const { app, database, subject, profile, progress } = needs
  const since = Date.now() - 1000
  await using targets = new Targets(needs)
  const seeded = await seed(needs)
  progress('data came in through every way there is')

  const drill = await backUpWhileWriting(needs)
  progress('backed up while writes went on')
  const rows = countRows(drill.after)
  const { files } = drill.backup
  const searched = searchBackup(files, seeded)
  const bytes = [...files.values()].reduce((sum, { length }) => sum + length, 0)
  const source = {
    tables: drill.after.size,
    rows,
    rowsMadeByCopying: seeded.rowsMadeByCopying,
    bookings: seeded.bookings,
    letters: 1,
  }
  const secondsPer10000Rows = (of: CommandRun): number => (of.durationMilliseconds / 1000 / rows) * 10_000
  const trial: BackupTrial = {
    source,
    backup: { run: drill.backup.run, files: files.size, bytes },
    contents: {
      canaries: seeded.secrets.all.length + Object.keys(seeded.personal).length,
      readings: searched.readings,
      filesBeside: 0,
      findings: [...searched.findings, ...searchWords(drill.backup.output, seeded)],
    },
    target: null,
    failures: [],
    restored: null,
    figures: {
      recoveryPointMilliseconds: null,
      recoveryTimeMilliseconds: null,
      backupSecondsPer10000Rows: secondsPer10000Rows(drill.backup.run),
      restoreSecondsPer10000Rows: null,
    },
  }
  const beside = async (): Promise<void> => {
    const found = await searchFilesBeside(
      [
        { folder: drill.backup.home, name: 'temporary folder of the command', depth: 4 },
        { folder: subject.root, name: 'root', depth: 4 },
        { folder: tmpdir(), name: 'temporary files', depth: 1 },
      ],
      since,
      seeded,
    )
    trial.contents.filesBeside = found.files
    trial.contents.findings.push(...found.findings)
  }
  await Promise.all([beside(), ...app.instances.map((instance) => instance.stop())])
  if (drill.backup.run.exitCode !== 0 || files.size === 0) return trial

  const changes = await countChanges(database.url)
  const changing = new Set([...changes.keys()].filter((table) => changes.get(table) !== drill.changes.get(table)))
  const structure = await readStructure(database.url)
  const copies = []
  for (let copy = 0; copy < 3; copy += 1) copies.push(await targets.copyOf(database.clone.name))
  const [full, later, incomplete] = copies
  if (full === undefined || later === undefined || incomplete === undefined) throw new Error('Expected three copies.')
  // the loss: whatever comes back now comes out of the backup
  await database.clone[Symbol.asyncDispose]()

  const first = await restoreIntact(needs, targets, files)
  trial.failures = first.failures
  if (first.restored === undefined) return trial
  const { kind, target, run: firstRun } = first.restored
  trial.target = kind
  trial.figures.restoreSecondsPer10000Rows = secondsPer10000Rows(firstRun)
  // looked at before the application has written to it
  const [restoredRows, sequences, state, victim] = await Promise.all([
    readStoredRows(target.url),
    readSequences(target.url),
    describeTarget(target.url),
    chooseVictim(target.url),
  ])
  progress(`restored into a ${kind} database`)
  // what the migrations make is no data: a restore that makes the schema itself has rows of its own there
  const schema = kind === 'blank' ? await describeTarget((await targets.make('migrated')).url) : undefined
  const ofSchema = schema === undefined ? new Set<string>() : tablesOfSchema(schema)
  const states = { before: drill.before, after: drill.after, restored: restoredRows, changing, ofSchema }
  const writes = compareWrites(states, drill.writes, drill.times)
  if (!isWrittenMeanwhile(writes.outcome) && !isStandstill(writes.outcome)) {
    throw new Error(
      `Expected accepted commands to be found in the source that were given while the backup read it, and before, got ${writes.outcome.acceptedMeanwhile} and ${writes.outcome.acceptedBefore}: whether it shows one moment cannot be seen.`,
    )
  }
  const { figures } = trial
  if (writes.lastIncludedAt !== null) figures.recoveryPointMilliseconds = drill.times.endedAt - writes.lastIncludedAt
  const revived = await revive(needs, target.url)
  const isReady = 'instance' in revived
  if (isReady) figures.recoveryTimeMilliseconds = firstRun.durationMilliseconds + revived.instance.startedInMilliseconds
  const are = new Set(state.structure)
  const restored: NonNullable<BackupTrial['restored']> = {
    rows: countRows(restoredRows),
    run: firstRun,
    moment: { tables: compareTables(states), transactions: compareTransactions(states), writes: writes.outcome },
    structure: { compared: structure.length, missing: structure.filter((line) => !are.has(line)) },
    sequences: compareSequences(drill.sequences, sequences),
    revival: {
      problem: isReady ? null : revived.problem,
      readyAfterMilliseconds: isReady ? revived.instance.startedInMilliseconds : null,
      checks: [],
    },
    trials: null,
  }
  trial.restored = restored
  const examining = isReady
    ? examineRevived(needs, { instance: revived.instance, seeded, databaseUrl: target.url, copyUrl: full.url })
    : Promise.resolve([])
  const fallsShort = profile === 'rehearsal' && judgeBackup(trial).length > 0
  const bench = { files, targets, kind, schema, full, later, incomplete }
  const [checks, tried, sabotage] = await Promise.all([
    examining,
    fallsShort
      ? undefined
      : tryRefusals(needs, bench).then(async (refusals) => ({
          refusals,
          occupied: await restoreOverData(needs, files, { url: full.url, restoredRows }),
        })),
    fallsShort || victim === undefined ? null : trySabotage(needs, { files, targets, kind, victim }),
  ])
  restored.revival.checks = checks
  if (tried === undefined) return trial
  progress(`${tried.refusals.length} worthless backups tried`)
  const again = await restoreAgain(needs, targets, { files, kind, first: state, ofSchema })
  restored.trials = { ...tried, sabotage, again }
  return trial
}

const countRows = (state: StoredRows): number => [...state.values()].reduce((sum, { length }) => sum + length, 0)
