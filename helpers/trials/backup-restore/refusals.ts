import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import type { DatabaseClone } from '../../database/template.ts'
import { copySubject } from '../../subject/copy.ts'
import { tryBrokenOff } from './broken-off.ts'
import { spoilBackup } from './damages.ts'
import type { Damage } from './damages.ts'
import type { CommandRun, Refusal } from './evidence.ts'
import { compareTargets, describeTarget } from './targets.ts'
import type { TargetKind, Targets, TargetState } from './targets.ts'
import { backUp, restore } from './tools.ts'
import type { BackupFiles, Needs } from './tools.ts'
import { addMigration, raiseVersion, removeTable } from './versions.ts'

/** What has to be refused: a damage, or a backup that the subject makes of a database that is not as it should be. */
type Task = Damage | { name: string; make(): Promise<{ run: CommandRun; files: BackupFiles }> }

const lanes = 3
/** How many of the damages are tried on a target with data as well. */
const onData = { rehearsal: 1, release: 2 }

/** What the refusals are tried with. */
export interface RefusalBench {
  files: BackupFiles
  targets: Targets
  kind: TargetKind
  /** A database as the migrations leave it, where targets have no schema. */
  schema: TargetState | undefined
  /** A copy of the source, which holds data. */
  full: DatabaseClone
  /** Copies of the source to be made one of a later version, and one without a table. */
  later: DatabaseClone
  incomplete: DatabaseClone
}

/** Has every worthless backup restored, several at a time, each into a target of its own. */
export async function tryRefusals(needs: Needs, bench: RefusalBench): Promise<Refusal[]> {
  const damages = spoilBackup(bench.files, needs.profile)
  const waiting: Task[] = [...(await genuineTasks(needs, bench)), ...damages]
  const refusals: Refusal[] = []
  const newTarget = async (): Promise<Target> => watchTarget((await bench.targets.make(bench.kind)).url, 'nothing')
  const lane = async (): Promise<void> => {
    let target = await newTarget()
    for (let task = waiting.shift(); task !== undefined; task = waiting.shift()) {
      const refusal = await tryOne(needs, task, target, bench.schema)
      refusals.push(refusal)
      // what was touched would be no empty target for the next one
      if (target.isTouched) target = await newTarget()
    }
  }
  const laneOnData = async (): Promise<void> => {
    const target = await watchTarget(bench.full.url, 'other data')
    for (const damage of damages.slice(0, onData[needs.profile])) refusals.push(await tryOne(needs, damage, target))
  }
  // who makes the schema first has touched a target for nothing
  const laneWithoutTables = async (): Promise<void> => {
    const target = await watchTarget((await bench.targets.make('blank')).url, 'no table')
    for (const damage of damages.slice(0, 1)) refusals.push(await tryOne(needs, damage, target))
  }
  const brokenOff = async (): Promise<void> => {
    refusals.push(await tryBrokenOff(needs, bench))
  }
  await Promise.all([brokenOff(), laneOnData(), laneWithoutTables(), ...Array.from({ length: lanes }, lane)])
  return refusals
}

/** A target, and all that was in it when it was last looked at; nobody else writes to it. */
interface Target {
  url: string
  holds: Refusal['target']
  state: TargetState
  isTouched: boolean
}

const watchTarget = async (url: string, holds: Refusal['target']): Promise<Target> => ({
  url,
  holds,
  state: await describeTarget(url),
  isTouched: false,
})

async function tryOne(needs: Needs, task: Task, target: Target, schema?: TargetState): Promise<Refusal> {
  const about = { name: task.name, target: target.holds }
  const { files, ...made } = 'make' in task ? await task.make() : task
  // who does not back up what is not as it should be has refused as well, where nothing is left that could be restored
  if ('run' in made && made.run.exitCode !== 0 && files.size === 0)
    return { ...about, run: made.run, isNotMade: true, isSaidToBeMade: false, changes: [] }
  const hasOtherKeys = 'hasOtherKeys' in task && task.hasOtherKeys
  const run = await restore(needs, files, target.url, { hasOtherKeys })
  const before = target.state
  target.state = await describeTarget(target.url)
  const changes = compareTargets(before, target.state)
  target.isTouched = changes.length > 0
  const isSchemaAlone = schema !== undefined && isAlike(schema, target.state)
  return { ...about, run, isNotMade: false, isSaidToBeMade: false, changes: isSchemaAlone ? [] : changes }
}

/** Whether two databases have the same structure and as many rows. */
function isAlike(one: TargetState, other: TargetState): boolean {
  const shape = ({ structure, fingerprint }: TargetState): string =>
    JSON.stringify([structure, fingerprint.tables.map(({ table, rows }) => [table, rows])])
  return shape(one) === shape(other)
}

/** Backups that are whole and genuine, and yet not of this version of the database. */
async function genuineTasks(needs: Needs, { kind, later, incomplete }: RefusalBench): Promise<Task[]> {
  const tasks: Task[] = []
  const noted = await addMigration(later.url)
  if (noted.length > 0) {
    tasks.push({
      name: 'made by a later version',
      async make() {
        const root = join(await mkdtemp(join(needs.run.runDirectory, 'later-')), 'subject')
        await copySubject(needs.subject.root, root)
        await raiseVersion(root)
        return backUp(needs, later.url, { root })
      },
    })
  }
  // a restore that makes the schema itself brings back what there was
  const removed = kind === 'migrated' ? await removeTable(incomplete.url) : undefined
  if (removed !== undefined) {
    tasks.push({ name: `made without the table ${removed}`, make: () => backUp(needs, incomplete.url) })
  }
  return tasks
}
