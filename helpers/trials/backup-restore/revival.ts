import type { Instance } from '../../subject/instance.ts'
import { listDeadLetters } from '../../subject/dead-letters.ts'
import { makeBooking } from '../../subject/people.ts'
import { runCommand } from '../../subject/commands.ts'
import { commandEnvironment, findVerification, newWords } from '../../subject/audit-verification.ts'
import { keyOf } from '../secrets-encryption/use.ts'
import type { Revival } from './evidence.ts'
import { readViews, until } from './seed.ts'
import type { Seeded } from './seed.ts'
import type { Needs } from './tools.ts'

type Check = Revival['checks'][number]

/** Starts the application on a restored database. */
export async function revive(
  { app }: Needs,
  databaseUrl: string,
): Promise<{ instance: Instance } | { problem: string }> {
  return app.start({ databaseUrl }).then(
    (instance) => ({ instance }),
    (error: unknown) => ({ problem: error instanceof Error ? error.message : String(error) }),
  )
}

/** Uses the application on a restored database for what it is there for, and compares what it shows with what the source showed. */
export async function examineRevived(
  needs: Needs,
  {
    instance,
    seeded,
    databaseUrl,
    copyUrl,
  }: { instance: Instance; seeded: Seeded; databaseUrl: string; copyUrl: string },
): Promise<Check[]> {
  const { app, providers } = needs
  const client = app.clientOf(instance)
  const checks: Check[] = []
  const check = async (what: string, look: () => Promise<string | undefined>): Promise<void> => {
    const got = await look().catch((error: unknown) => (error instanceof Error ? error.message : String(error)))
    checks.push({ what, isMet: got === undefined, got: got ?? '' })
  }
  const differing = (one: string, other: string): string | undefined =>
    one === other ? undefined : `${one.slice(0, 140)} in the source, ${other.slice(0, 140)} now`
  let administrator = seeded.administrator.at(client)
  await check('the administrator logs in', async () => {
    administrator = await client.administrator()
    return undefined
  })
  await Promise.all([
    check('customers and appointments are shown as they were', async () => {
      const shown = await readViews(
        administrator,
        seeded.views.map(({ path }) => path),
      )
      return shown
        .map(({ text }, index) => differing(seeded.views[index]?.text ?? '', text))
        .find((each) => each !== undefined)
    }),
    check('the Event API gives the events of before in their order', async () => {
      const { items } = await client.events()
      const place = seeded.events.findIndex((event, index) => JSON.stringify(event) !== JSON.stringify(items[index]))
      return place === -1
        ? undefined
        : differing(JSON.stringify(seeded.events[place]), JSON.stringify(items[place] ?? 'nothing'))
    }),
    check('a command given again under its key gets its answer of before', async () => {
      const { headers, body, answer } = seeded.command
      const again = await client.send({ method: 'POST', path: client.subject.paths.commands, headers, body })
      return differing(`${answer.status} ${answer.text}`, `${again.status} ${again.text}`)
    }),
    check('the dead letter is still there', async () => {
      const letters = await listDeadLetters(administrator)
      return letters.some(({ id }) => id === seeded.letterId) ? undefined : `${letters.length} letters, not that one`
    }),
    check('who has opted out still has', async () => {
      const isGranted = await administrator.isConsentGranted(seeded.leaver.booking.person.phone)
      return isGranted ? 'consent granted' : undefined
    }),
    check('a message leaves with the API key that was stored, decrypted', async () => {
      const mark = providers.journal.mark()
      const { phone } = seeded.kept.booking.person
      await administrator.queueMessage(seeded.kept.customer.id, 'Your clinic asks you to call back.')
      const keys = (): string[] =>
        providers.journal
          .since(mark)
          .filter((entry) => entry.provider === 'twilio' && (entry.form?.['To'] ?? entry.body).includes(phone))
          .map(keyOf)
      await until('a message to reach the SMS provider', () => Promise.resolve(keys().length > 0))
      return keys().includes(seeded.smsKey) ? undefined : 'the SMS provider got another key'
    }),
    check('a new booking becomes an appointment', async () => {
      const booking = makeBooking()
      const { answer } = await client.book(booking)
      if (answer.status >= 300) return `POST ${client.subject.paths.calendlyWebhook}: status ${answer.status}`
      const { id } = await administrator.awaitCustomer(booking.person.phone, 10_000)
      await administrator.awaitAppointment(id)
      return undefined
    }),
    check('a new command is accepted', async () => {
      const made = client.makeCommand()
      const { status, text } = await client.send({ method: 'POST', path: client.subject.paths.commands, ...made })
      return status < 300 ? undefined : `${status} ${text}`
    }),
  ])
  await check('the audit log verifies', () => verifyAudit(needs, { instance, databaseUrl, copyUrl }))
  if (instance.exit() !== undefined)
    checks.push({ what: 'the application goes on running', isMet: false, got: 'it ended' })
  return checks
}

/** Asks the subject itself; where that finds fault, whether it finds the same in a copy of the source is told apart. */
async function verifyAudit(
  needs: Needs,
  { instance, databaseUrl, copyUrl }: { instance: Instance; databaseUrl: string; copyUrl: string },
): Promise<string | undefined> {
  const { subject, run, signal, app } = needs
  const { command } = findVerification(subject)
  const ask = (url: string): ReturnType<typeof runCommand> =>
    runCommand({
      command,
      directory: subject.root,
      environment: { ...commandEnvironment(needs), ...app.environment(url, run.secrets, instance) },
      timeLimitSeconds: 30,
      runDirectory: run.runDirectory,
      owner: 'control',
      signal,
    })
  const now = await ask(databaseUrl)
  if (now.exitCode === 0) return undefined
  const source = await ask(copyUrl)
  // what is wrong with the source as well, such as a provider that is down, says nothing of the restore
  const said = newWords(source, now)
  const isOfRestore = source.exitCode === 0 || /audit|chain|integrity/i.test(said)
  return isOfRestore ? `exit code ${now.exitCode}: ${said.slice(-300)}` : undefined
}
