import { randomBytes } from 'node:crypto'
import { homedir } from 'node:os'
import { withClient } from '../../database/client.ts'
import type { ControlDatabase } from '../../database/control-database.ts'
import { blackholeDatabase } from '../../faults/database-blackhole.ts'
import { refuseDatabase } from '../../faults/database-refused.ts'
import type { Fault } from '../../faults/fault.ts'
import { hang } from '../../faults/provider-hang.ts'
import { refuseConnections } from '../../faults/provider-refused.ts'
import { answerWithStatus } from '../../faults/provider-status.ts'
import type { ProviderLab } from '../../providers/lab.ts'
import type { ProviderFault } from '../../providers/provider-fault.ts'
import type { GateRun } from '../../run.ts'
import type { App } from '../../subject/app.ts'
import { findDiagnosis } from '../../subject/audit-verification.ts'
import { runCommand } from '../../subject/commands.ts'
import { makeConsentedCustomers } from '../../subject/consented.ts'
import { providerNames } from '../../subject/facilities.ts'
import type { ProviderName } from '../../subject/facilities.ts'
import type { Subject } from '../../subject/subject.ts'
import type { DiagnosticsTrial } from './judge.ts'
import { findLeaks, makeSecrets } from './leaks.ts'
import type { Printed } from './leaks.ts'
import { brokenInJson, brokenInText } from './reading.ts'

const limitSeconds = 30
const tailCharacters = 300

type Form = 'text' | 'JSON'
type Run = DiagnosticsTrial['afterwards']
type FaultTrial = DiagnosticsTrial['faults'][number]

type Diagnose = (form: Form, during: string, environment?: Record<string, string>) => Promise<Run>

interface Needs {
  app: App
  database: ControlDatabase
  providers: ProviderLab
  run: GateRun
  subject: Subject
  signal: AbortSignal
}

/** One way to break each provider, so that each way is seen. */
const providerFaults: Readonly<Record<ProviderName, { how: string; fault: () => ProviderFault }>> = {
  twilio: { how: 'resets connections', fault: refuseConnections },
  stripe: { how: 'answers 401, as to a wrong key', fault: () => answerWithStatus({ status: 401 }) },
  calendly: { how: 'answers 503', fault: () => answerWithStatus({ status: 503 }) },
  openclaw: { how: 'answers 500', fault: () => answerWithStatus({ status: 500 }) },
  llm: { how: 'never answers', fault: hang },
}

/** Has the subject diagnosed while all is well, while each dependency is broken in turn, and once all is well again. */
export async function tryDiagnosis(needs: Needs, progress: (message: string) => void): Promise<DiagnosticsTrial> {
  const { app, database, providers, subject, run } = needs
  const command = findDiagnosis(subject)
  if (command === undefined) {
    throw new Error(
      'Expected `aro diagnose`, found neither a bin "aro" nor a script "diagnose" in package.json: name the command in the subject file as commands: { "aro diagnose": [...] }.',
    )
  }
  const administrator = await app.client.administrator()
  const [person] = await makeConsentedCustomers(app.client, administrator, 1)
  const secrets = await makeSecrets(administrator, run, database.url)
  const printed: Printed[] = []
  const diagnose: Diagnose = async (form, during, environment = app.environment()) => {
    const asJson = [...command, ...(command[0] === 'npm' ? ['--'] : []), '--json']
    const result = await runCommand({
      // what reads the JSON reads standard output alone
      command: form === 'text' ? command : ['sh', '-c', 'exec "$@" 2>/dev/null', 'sh', ...asJson],
      directory: subject.root,
      environment: {
        ...environment,
        ...(subject.runtime === 'node' ? providers.environment : {}),
        HOME: homedir(),
      },
      timeLimitSeconds: limitSeconds,
      runDirectory: run.runDirectory,
      owner: 'control',
      signal: needs.signal,
    })
    if (result.endedBy === 'not started' || result.exitCode === 127)
      throw new Error(`${command.join(' ')}: ${result.output.slice(-200)}`)
    printed.push({ text: result.output, during })
    const document = form === 'JSON' ? parse(result.output) : undefined
    return {
      form,
      exitCode: result.exitCode,
      endedBy: result.endedBy,
      durationMilliseconds: result.durationMilliseconds,
      isParsed: form === 'text' || document !== undefined,
      named: form === 'text' ? brokenInText(result.output) : brokenInJson(document),
      tail: result.output.trim().slice(-tailCharacters),
    }
  }

  const healthy = await lookWhileHealthy(needs, diagnose)
  progress('diagnosed while all is well')
  const faults: FaultTrial[] = []
  for (const name of providerNames) {
    const { how, fault } = providerFaults[name]
    const begun = await providers.fault(name, fault())
    // what people read is looked at where it is cheapest
    faults.push(
      await lookWhileBroken(
        { dependency: name, how, forms: name === 'twilio' ? ['JSON', 'text'] : ['JSON'] },
        begun,
        diagnose,
      ),
    )
  }
  faults.push(
    await lookWhileBroken(
      { dependency: 'database', how: 'refuses connections', forms: ['JSON', 'text'] },
      await refuseDatabase(database.proxy),
      diagnose,
    ),
    await lookWhileBroken(
      { dependency: 'database', how: 'takes connections and never answers', forms: ['JSON'] },
      await blackholeDatabase(database.proxy),
      diagnose,
    ),
  )
  faults.push(await lookWithoutSchema(needs, diagnose))
  progress(`diagnosed with ${faults.length} faults in turn`)
  const malformed = await diagnose('text', 'with malformed settings', malformSecrets(app.environment(), secrets))
  await app.client.administrator()
  const afterwards = await diagnose('JSON', 'after all faults')
  return {
    command: [...command],
    healthy,
    faults,
    malformed,
    afterwards,
    leaks: findLeaks(printed, { ...secrets, ...personal(person?.booking.person ?? {}) }),
  }
}

const personal = (person: object): Record<string, string> =>
  Object.fromEntries(Object.entries(person).map(([name, text]) => [`a customer’s ${name}`, String(text)]))

async function lookWhileHealthy(
  { database, providers }: Needs,
  diagnose: Diagnose,
): Promise<DiagnosticsTrial['healthy']> {
  const { journal } = providers
  const mark = journal.mark()
  const messages = journal.messages().length
  const { tap } = database.proxy
  const begun = tap.mark()
  const known = new Set(tap.statementsByConnection.keys())
  const first = await diagnose('JSON', 'while all is well')
  const calls = journal.since(mark)
  // on connections of its own: the running app asks the database all the time
  const statements = tap.since(begun).filter(({ connection }) => !known.has(connection))
  const second = await diagnose('text', 'while all is well')
  return {
    runs: [first, second],
    asked: [
      { dependency: 'database', requests: statements.length },
      ...providerNames.map((name) => ({
        dependency: name,
        requests: calls.filter(({ provider }) => provider === name).length,
      })),
    ],
    effects: {
      messages: journal.messages().length - messages,
      payments: journal.since(mark).filter(({ provider, method }) => provider === 'stripe' && method === 'POST').length,
    },
  }
}

/** @throws when the fault was not in force, or does not end. */
async function lookWhileBroken(
  { dependency, how, forms }: Pick<FaultTrial, 'dependency' | 'how'> & { forms: readonly Form[] },
  begun: Fault,
  diagnose: Diagnose,
): Promise<FaultTrial> {
  await using fault = begun
  const runs: Run[] = []
  for (const form of forms) runs.push(await diagnose(form, `while ${dependency} ${how}`))
  await fault.end()
  const { observations, ended, what } = fault.proof()
  if (!ended)
    throw new Error(`The fault "${fault.name}" did not end (${what}): nothing can be said about what follows.`)
  return { dependency, how, met: observations, runs }
}

/** A database that answers and has none of the tables: as after a migration that was forgotten. */
async function lookWithoutSchema({ app, database }: Needs, diagnose: Diagnose): Promise<FaultTrial> {
  const name = `empty_${randomBytes(6).toString('hex')}`
  const how = 'lacks its tables'
  const url = new URL(database.url)
  url.pathname = `/${name}`
  await withClient(database.url, (client) => client.query(`CREATE DATABASE ${name} TEMPLATE template0`))
  try {
    const run = await diagnose('JSON', `while database ${how}`, app.environment(url.href))
    return { dependency: 'database', how, met: 1, runs: [run] }
  } finally {
    await withClient(database.url, (client) => client.query(`DROP DATABASE ${name} WITH (FORCE)`))
  }
}

/** Each setting that holds a secret with something at its end that does not belong there, as a hasty paste leaves it. */
function malformSecrets(
  environment: Readonly<Record<string, string>>,
  secrets: Readonly<Record<string, string>>,
): Record<string, string> {
  const texts = Object.values(secrets)
  return Object.fromEntries(
    Object.entries(environment).map(([name, value]) => [
      name,
      texts.some((text) => value.includes(text)) ? `${value}"?` : value,
    ]),
  )
}

function parse(output: string): unknown {
  try {
    // npm says first what it runs, unless told to be silent
    return JSON.parse(output.replace(/^(?:\s*(?:> .*)?\n)+/, ''))
  } catch {
    return undefined
  }
}
