import { join } from 'node:path'
import type { ControlContext } from '../../control.ts'
import { cloneTemplate } from '../../database/template.ts'
import type { FacilityMap } from '../../facilities.ts'
import { noteResource } from '../../reaper/ledger.ts'
import { startApp } from '../../subject/app.ts'
import type { AroClient } from '../../subject/client.ts'
import { copySubject } from '../../subject/copy.ts'
import { makeProfileId, renameProfile } from '../../subject/made-up-profile.ts'
import type { Answer } from '../../subject/request.ts'
import { eventsOf, fieldOf, give, newCommand, readCommand, readWorkflow, settle, typesOf } from './instances.ts'
import type { SentCommand } from './instances.ts'
import type { StatelessnessTrial } from './judge.ts'

type Outcome = StatelessnessTrial['madeUpProfile']['own']

/** Serves a profile that nobody can know, with the pack of a genuine one, from a copy whose core is untouched. */
export async function serveMadeUpProfile({
  subject,
  run,
  providers,
  signal,
}: ControlContext & Pick<FacilityMap, 'providers' | 'run'>): Promise<Omit<StatelessnessTrial['madeUpProfile'], 'own'>> {
  const packs = subject.profilePacks
  if (packs.length === 0 || !run.database.ready) {
    throw new Error('The subject file names no profile packs: add profilePacks: [{ file, export }], relative to root.')
  }
  const copy = join(run.runDirectory, 'made-up-profile')
  const profileId = makeProfileId()
  await copySubject(subject.root, copy)
  for (const [index, pack] of packs.entries())
    await renameProfile(copy, pack, index === 0 ? profileId : makeProfileId())
  // a database of its own: the queue of the other one is not for its workers
  await using clone = await cloneTemplate(run.database.description, run.database.template, {
    onNamed: (name, adminUrl) => noteResource(run.runDirectory, { kind: 'database', adminUrl, name, owner: 'control' }),
  })
  const nothing: Outcome = { status: 0, command: null, workflow: null, eventTypes: [] }
  try {
    await using app = await startApp({
      run,
      signal,
      subject: {
        ...subject,
        root: copy,
        start: { ...subject.start, readyWithinSeconds: Math.max(60, subject.start.readyWithinSeconds) },
        command: { ...subject.command, profile: profileId },
      },
      databaseUrl: clone.url,
      providerUrls: providers.urls,
      labEnvironment: subject.runtime === 'node' ? providers.environment : {},
    })
    const command = newCommand(app.client)
    const accepted = await give(app.client, command)
    return { profileId, startProblem: null, madeUp: await outcomeOf(app.client, command, accepted) }
  } catch (error) {
    signal.throwIfAborted()
    const startProblem = (error instanceof Error ? error.message : String(error)).replaceAll(copy, '.').slice(0, 400)
    return { profileId, startProblem, madeUp: nothing }
  }
}

/** How a command has ended: once its events are there and its status does not change any more. */
export async function outcomeOf(client: AroClient, command: SentCommand, accepted: Answer): Promise<Outcome> {
  const read = async (): Promise<Outcome> => ({
    status: accepted.status,
    command: fieldOf(await readCommand(client, command), 'status'),
    workflow: fieldOf(await readWorkflow(client, accepted), 'status'),
    eventTypes: typesOf(await eventsOf(client, command)),
  })
  let last = await read()
  if (accepted.status !== 202) return last
  await settle(async () => {
    const before = JSON.stringify(last)
    await new Promise((resolve) => setTimeout(resolve, 200))
    last = await read()
    return last.eventTypes.length > 0 && JSON.stringify(last) === before
  })
  return last
}
