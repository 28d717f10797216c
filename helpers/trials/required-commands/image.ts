import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { runCommand } from '../../subject/commands.ts'
import type { App } from '../../subject/app.ts'
import type { Subject } from '../../subject/subject.ts'
import { complaintOf } from './complaint.ts'
import type { RequiredCommandResult } from './judge.ts'

interface ImageRecipe {
  app: App
  subject: Subject
  environment: Record<string, string>
  runDirectory: string
  signal: AbortSignal
}

const buildSeconds = 600
const tag = 'aro:test'

/** What the image's commands come to: they can be run, need not be, or the owner says that they do not apply. */
type ImagePlan = 'runnable' | 'no Dockerfile' | RequiredCommandResult

/** Asks for the engine before the long commands begin. @throws when there is a Dockerfile, no engine and no claim. */
export async function planImage(recipe: ImageRecipe): Promise<ImagePlan> {
  if (!existsSync(join(recipe.subject.root, 'Dockerfile'))) return 'no Dockerfile'
  const engine = await docker(recipe, ['info'], 20)
  return engine.exitCode === 0 ? 'runnable' : withoutEngine(recipe.subject)
}

/** Builds the subject's image and runs its health check in a container against the running app. */
export async function* runImage(recipe: ImageRecipe, plan: ImagePlan): AsyncGenerator<RequiredCommandResult> {
  const { app, subject } = recipe
  if (plan === 'no Dockerfile') return
  if (plan !== 'runnable') {
    yield plan
    return
  }
  const buildArguments = Object.entries(subject.image.buildArguments).flatMap(([name, value]) => [
    '--build-arg',
    `${name}=${value}`,
  ])
  yield docker(recipe, ['build', '--network', 'host', ...buildArguments, '-t', tag, '.'], buildSeconds)
  const { hostname, port } = new URL(app.client.url)
  const target = ['--network', 'host', '-e', `HOST=${hostname}`, '-e', `PORT=${port}`]
  yield docker(recipe, ['run', '--rm', ...target, tag, 'npm', 'run', 'health:check'], 120)
}

async function docker(
  { environment, subject, runDirectory, signal }: ImageRecipe,
  dockerArguments: string[],
  timeLimitSeconds: number,
): Promise<RequiredCommandResult> {
  const command = ['docker', ...dockerArguments]
  const result = await runCommand({
    command,
    directory: subject.root,
    environment,
    timeLimitSeconds,
    runDirectory,
    signal,
    owner: 'control',
  })
  const hasFailed = result.exitCode !== 0
  return {
    name: `docker ${dockerArguments[0] ?? ''}`,
    commandLine: command.join(' '),
    state: 'ran',
    mustRunTests: false,
    exitCode: result.exitCode,
    endedBy: result.endedBy,
    durationMilliseconds: result.durationMilliseconds,
    tests: null,
    complaint: hasFailed ? complaintOf(result.output) : '',
    tail: result.output.slice(-1500),
  }
}

/** The seed asks for the image "if applicable": without an engine the owner has to say why it is not. */
function withoutEngine(subject: Subject): RequiredCommandResult {
  const today = new Date().toISOString().slice(0, 10)
  const claim = subject.notApplicable.find((statement) => statement.scope === 'docker' && statement.expires >= today)
  if (claim === undefined || process.env.CI === 'true') {
    throw new Error(
      `${subject.root} has a Dockerfile, but no Docker engine answers here. Start one; outside CI the owner may instead state in the subject file: notApplicable: [{ scope: 'docker', reason, approver, expires }].`,
    )
  }
  return {
    name: 'docker build',
    commandLine: `docker build -t ${tag} .`,
    state: 'not applicable',
    mustRunTests: false,
    exitCode: null,
    endedBy: null,
    durationMilliseconds: 0,
    tests: null,
    complaint: '',
    tail: `No Docker engine answers here. ${claim.approver} states, until ${claim.expires}: ${claim.reason}`,
  }
}
