import { rename, readFile, writeFile } from 'node:fs/promises'
import { basename, dirname, extname, join } from 'node:path'
import { honestPacks, hostilePacks } from '../../attacks/hostile-packs.ts'
import type { PackChange, ProfilePack } from '../../attacks/hostile-packs.ts'
import type { ControlContext } from '../../control.ts'
import type { FacilityMap } from '../../facilities.ts'
import { startApp } from '../../subject/app.ts'
import { copySubject } from '../../subject/copy.ts'
import type { Subject } from '../../subject/subject.ts'
import type { PacksTrial } from './judge.ts'

type Needs = ControlContext & Pick<FacilityMap, 'database' | 'providers' | 'run'>
type Pack = Subject['profilePacks'][number]
type Attempt = PacksTrial['honest'][number]

const atOnce = 3

/** Starts copies of the subject with honest and hostile packs in place of its own, and sends each a command. */
export async function tryPacks(context: Needs): Promise<PacksTrial> {
  const { subject, run, profile, progress } = context
  if (subject.profilePacks.length === 0) {
    throw new Error(
      'The subject file names no profile packs: add profilePacks: [{ file, export }], each a JSON file or a module relative to root.',
    )
  }
  let copies = 0
  const tryAll = async (all: readonly PackChange[]): Promise<Attempt[]> => {
    const changes = all.filter(({ isFurther }) => profile === 'release' || isFurther !== true)
    const waiting = subject.profilePacks.flatMap((pack) => changes.map((change) => ({ pack, change })))
    const attempts: Attempt[] = []
    while (waiting.length > 0) {
      const batch = waiting.splice(0, atOnce).map(({ pack, change }) => {
        const copy = join(run.runDirectory, 'packs', String((copies += 1)))
        return tryPack(context, { pack, change, copy })
      })
      attempts.push(...(await Promise.all(batch)))
    }
    return attempts
  }
  const honest = await tryAll(honestPacks)
  if (honest.every(({ hasStarted }) => !hasStarted)) {
    throw new Error(`A copy of the subject does not start with its own pack: ${honest[0]?.said ?? 'no reason given'}`)
  }
  progress('honest packs were tried')
  return { honest, hostile: await tryAll(hostilePacks) }
}

async function tryPack(
  { subject, run, database, providers, signal }: Needs,
  { pack, change, copy }: { pack: Pack; change: PackChange; copy: string },
): Promise<Attempt> {
  await copySubject(subject.root, copy)
  await alterPack(copy, pack, change)
  const attempt = { pack: pack.file, name: change.name }
  try {
    await using app = await startApp({
      run,
      signal,
      subject: { ...subject, root: copy },
      databaseUrl: database.proxy.url,
      providerUrls: providers.urls,
      labEnvironment: subject.runtime === 'node' ? providers.environment : {},
    })
    const { headers, body } = app.client.makeCommand()
    const { status } = await app.client.send({ method: 'POST', path: subject.paths.commands, headers, body })
    return { ...attempt, hasStarted: true, commandStatus: status, said: null }
  } catch (error) {
    signal.throwIfAborted()
    const message = error instanceof Error ? error.message : String(error)
    const [, said = ''] = message.split('Its last lines:\n')
    return { ...attempt, hasStarted: false, commandStatus: null, said: said.replaceAll(copy, '.').trim().slice(0, 300) }
  }
}

/** Puts an altered pack in the place of the genuine one, which stays beside it. */
async function alterPack(copy: string, { file, export: name }: Pack, { change }: PackChange): Promise<void> {
  const path = join(copy, file)
  const extension = extname(file)
  if (extension === '.json') {
    const pack = JSON.parse(await readFile(path, 'utf8')) as ProfilePack
    await writeFile(path, JSON.stringify(change(pack)))
    return
  }
  const beside = `${basename(file, extension)}.genuine${extension}`
  await rename(path, join(dirname(path), beside))
  // the change is made here, on data: what the subject loads is plain
  const module = (await import(join(dirname(path), beside))) as Record<string, ProfilePack>
  const pack = module[name]
  if (pack === undefined)
    throw new Error(`${file} exports no ${name}: name the export in the subject file's profilePacks.`)
  const altered = JSON.stringify(change(structuredClone(pack)), null, 2)
  const exported = name === 'default' ? `export default ${altered}` : `export const ${name} = ${altered}`
  await writeFile(path, `export * from './${beside}'\n${exported}\n`)
}
