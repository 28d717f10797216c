import type { ControlContext } from '../../control.ts'
import type { FacilityMap } from '../../facilities.ts'
import { makeBooking } from '../../subject/people.ts'
import { Conversation } from './conversation.ts'
import { phases } from './judge.ts'
import type { LogsTrial } from './judge.ts'
import { readLine } from './lines.ts'
import type { LogLine } from './lines.ts'
import { sendBadRequests, sendWithoutDatabase } from './mistakes.ts'
import { PrivateTexts } from './private-texts.ts'
import { failQueuedWork, traceAll } from './traces.ts'

type Needs = ControlContext & Pick<FacilityMap, 'app' | 'database' | 'providers' | 'run'>
type Phase = (typeof phases)[number]

/** Works with two instances, loads them, has them fail and stops them, and reads every line that they wrote. */
export async function tryLogs(context: Needs): Promise<LogsTrial> {
  const { app, database, providers, run, subject, progress } = context
  const texts = new PrivateTexts(run)
  const began: Partial<Record<Phase, number>> = {}
  const second = await app.start({ environment: subject.debugEnvironment })
  const urls = [app.client.url, second.url]
  const conversation = new Conversation({ app, providers, texts, urls })
  began['normal traffic'] = Date.now()
  await conversation.open(makeBooking())
  const traced = await traceAll(conversation)
  const made = await conversation.sendWithoutId()
  began.load = Date.now()
  const load = await conversation.sendLoad()
  progress('requests were followed, and many sent at once')
  began.errors = Date.now()
  const queued = await failQueuedWork(conversation)
  const bad = await sendBadRequests(conversation)
  const unavailable = await sendWithoutDatabase(conversation, database)
  progress('providers and the database failed')
  began.shutdown = Date.now()
  const ended = app.instances.filter((instance) => instance.exit() !== undefined)
  if (ended.length > 0)
    throw new Error(`${ended.length} instances ended by themselves: what they would have logged is not known.`)
  await Promise.all(app.instances.map((instance) => instance.stop()))

  const lines = app.instances.flatMap(({ output }) => output.lines.map((line) => readLine(line, subject.logFields)))
  const phaseOf = ({ at }: LogLine): Phase =>
    phases.findLast((phase) => at >= (began[phase] ?? Infinity)) ?? 'normal traffic'
  const under = (id: string): LogLine[] => lines.filter(({ correlationId }) => correlationId === id)
  const isInLog = (id: string): boolean => under(id).length > 0
  const afterwards = under(queued.id).filter(({ at }) => at >= queued.lastFailedAt)
  return {
    instances: app.instances.length,
    lines: {
      total: lines.length,
      dropped: app.instances.reduce((sum, { output }) => sum + output.droppedLines, 0),
      byPhase: countBy(phases, (phase) => lines.filter((line) => phaseOf(line) === phase).length),
    },
    flaws: flawsOf(lines, phaseOf, texts),
    services: [...new Set(lines.flatMap(({ service }) => (service === '' ? [] : [service])))],
    traced: traced.map(({ id, ...rest }) => ({ ...rest, lines: under(id).length })),
    queuedWork: {
      attempts: queued.attempts,
      linesAfterwards: afterwards.length,
      underNoId: lines.filter(
        ({ at, level, correlationId }) =>
          at >= queued.window.from &&
          at <= queued.window.to &&
          (level === 'warn' || level === 'error') &&
          !queued.window.ids.includes(correlationId),
      ).length,
      atLeastWarning: afterwards.filter(({ level }) => level === 'warn' || level === 'error').length,
    },
    made: {
      requests: made.requests,
      inAnswers: made.ids.length,
      distinct: new Set(made.ids).size,
      inLog: made.ids.filter(isInLog).length,
    },
    load: {
      requests: load.requests.length,
      idsInLog: load.requests.filter(isInLog).length,
      answeredUnderOurs: load.answeredUnderOurs,
    },
    answered: [...bad, ...unavailable.answered].map(({ id, what, status }) => ({
      what,
      status,
      lines: under(id).length,
      errorLines: under(id).filter(({ level }) => level === 'error').length,
    })),
    faults: [...queued.faults, unavailable.fault],
    privateTexts: texts.count,
    leaks: leaksOf(lines, phaseOf, texts),
  }
}

function countBy<Key extends string>(keys: readonly Key[], countOf: (key: Key) => number): Record<Key, number> {
  return Object.fromEntries(keys.map((key) => [key, countOf(key)])) as Record<Key, number>
}

const mostExample = 80

function flawsOf(
  lines: readonly LogLine[],
  phaseOf: (line: LogLine) => Phase,
  texts: PrivateTexts,
): LogsTrial['flaws'] {
  const flawed = lines.flatMap((line) => line.flaws.map((flaw) => ({ flaw, line, phase: phaseOf(line) })))
  const groups = Map.groupBy(flawed, ({ flaw, line, phase }) => JSON.stringify([phase, flaw, line.stream]))
  return [...groups.values()].flatMap((group) => {
    const [first] = group
    if (first === undefined) return []
    const { flaw, line, phase } = first
    const example = texts.findIn(line.text).length > 0 ? '(holds private data)' : line.text.slice(0, mostExample)
    return [{ phase, flaw, stream: line.stream, lines: group.length, example }]
  })
}

const mostLeaks = 20

function leaksOf(
  lines: readonly LogLine[],
  phaseOf: (line: LogLine) => Phase,
  texts: PrivateTexts,
): LogsTrial['leaks'] {
  // most lines hold nothing: all of them at once are looked through first
  if (texts.findIn(lines.map(({ text }) => text).join('\n')).length === 0) return []
  const leaks = lines.flatMap((line) =>
    texts.findIn(line.text).map(({ what, encoding }) => ({
      what,
      encoding,
      phase: phaseOf(line),
      stream: line.stream,
      message: texts.findIn(line.message).length > 0 ? '(holds it)' : line.message.slice(0, mostExample),
    })),
  )
  return [...new Map(leaks.map((leak) => [`${leak.what} ${leak.message}`, leak])).values()].slice(0, mostLeaks)
}
