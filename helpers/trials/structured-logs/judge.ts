import { z } from 'zod'
import type { JudgedShortfall } from '../../evidence/shortfall.ts'

const count = z.int().nonnegative()
const positive = z.int().positive()

/** The parts of a trial, in order. */
export const phases = ['normal traffic', 'load', 'errors', 'shutdown'] as const

const tracedSchema = z.object({
  what: z.string().min(1),
  header: z.enum(['ours', 'another', 'none']),
  /** Lines under our id. */
  lines: count,
  /** Where it has to come out beside the log, and whether it did under our id. */
  event: z.enum(['ours', 'another', 'none', 'not expected']),
  providerCall: z.enum(['ours', 'another', 'none', 'not expected']),
})

const answeredSchema = z.object({
  what: z.string().min(1),
  status: z.int().min(100).max(599),
  lines: count,
  /** Of these, how many have the level error or worse. */
  errorLines: count,
})

/** What the subject's processes wrote while they worked, were loaded, failed and stopped. */
export const logsTrialSchema = z.object({
  instances: z.int().min(2),
  lines: z.object({ total: positive, dropped: count, byPhase: z.record(z.enum(phases), count) }),
  /** Lines of another form than the contract's, by what is wrong with them. */
  flaws: z.array(
    z.object({ phase: z.enum(phases), flaw: z.string(), stream: z.string(), lines: positive, example: z.string() }),
  ),
  services: z.array(z.string()),
  traced: z.array(tracedSchema).min(4),
  /** Work that was queued under our id and failed for good: lines written once the last attempt had failed. */
  queuedWork: z.object({ attempts: positive, linesAfterwards: count, atLeastWarning: count, underNoId: count }),
  made: z.object({ requests: z.int().min(2), inAnswers: count, distinct: count, inLog: count }),
  load: z.object({ requests: positive, idsInLog: count, answeredUnderOurs: count }),
  answered: z.array(answeredSchema).min(6),
  faults: z.array(z.object({ fault: z.string(), observations: positive })).min(3),
  privateTexts: positive,
  leaks: z.array(
    z.object({
      what: z.string(),
      encoding: z.string(),
      phase: z.enum(phases),
      stream: z.string(),
      message: z.string(),
    }),
  ),
})

/** @see logsTrialSchema */
export type LogsTrial = z.infer<typeof logsTrialSchema>

/** Each line that a machine could not read, each id that was lost, each wrong level, and each text that must not be logged. */
export function judgeLogs(trial: LogsTrial): JudgedShortfall[] {
  return [
    ...trial.flaws.map(({ phase, flaw, stream, lines, example }) => ({
      what: `${lines} lines of the log: each ${flaw}, e.g. ${JSON.stringify(example)}`,
      expected: 'one JSON object a line with time, level, message, service and correlation id',
      where: `${stream} during ${phase}`,
      mitigation: 'Write through one logger only, also from libraries, and from handlers of errors and signals.',
    })),
    ...(trial.lines.dropped > 0
      ? [
          {
            what: `${trial.lines.dropped} lines were too many to be kept`,
            expected: 'as many lines as can be read',
            where: 'output of the subject',
            mitigation: 'Log each request once or twice, not each step.',
          },
        ]
      : []),
    ...(trial.services.length > 1
      ? [
          {
            what: `the same program calls itself by ${trial.services.length} names: ${trial.services.join(', ')}`,
            expected: 'one service name',
            where: 'field service',
            mitigation: 'Give the logger its service name once.',
          },
        ]
      : []),
    ...trial.traced.flatMap(judgeTraced),
    ...judgeQueued(trial.queuedWork),
    ...judgeMade(trial.made),
    ...judgeLoad(trial.load),
    ...trial.answered.flatMap(judgeAnswered),
    ...trial.leaks.map(({ what, encoding, phase, stream, message }) => ({
      what: `the log holds private data: ${what}, ${encoding}`,
      expected: 'no secret, token, phone number, e-mail address, name or message body in any line',
      where: `${stream} during ${phase}, in a line "${message}"`,
      mitigation:
        'Log ids and names of our own from a list of harmless fields; never an address with its query, a body or an error’s text.',
    })),
  ]
}

function judgeTraced({ what, header, lines, event, providerCall }: LogsTrial['traced'][number]): JudgedShortfall[] {
  const lost: [isLost: boolean, where: string, seen: string][] = [
    [header !== 'ours', 'header of the answer', header],
    [lines === 0, 'log', 'no line under it'],
    [event === 'another' || event === 'none', 'event', event],
    [providerCall === 'another' || providerCall === 'none', 'call to the provider', providerCall],
  ]
  return lost.flatMap(([isLost, where, seen]) =>
    isLost
      ? [
          {
            what: `the correlation id of a ${what} is lost: ${where} has ${seen}`,
            expected: 'the id that the caller sent',
            where: `${where} after a ${what}`,
            mitigation:
              'Take the id from X-Correlation-Id at the edge, store it with queued work, and hand it on everywhere.',
          },
        ]
      : [],
  )
}

function judgeQueued({
  attempts,
  linesAfterwards,
  atLeastWarning,
  underNoId,
}: LogsTrial['queuedWork']): JudgedShortfall[] {
  if (linesAfterwards > 0 && underNoId > 0) {
    return [
      {
        what: `queued work failed, and ${underNoId} warnings and errors of that time carry another correlation id than the work`,
        expected: 'each line of the work under the id of the request that queued it',
        where: 'log of the worker',
        mitigation:
          'Run queued work, and the handling of its failure, under the correlation id that it was queued with.',
      },
    ]
  }
  if (linesAfterwards > 0 && atLeastWarning > 0) return []
  return [
    {
      what:
        linesAfterwards === 0
          ? `queued work failed for good after ${attempts} attempts, and no line of it carries the correlation id`
          : `queued work failed for good after ${attempts} attempts, and no line of it is a warning or an error`,
      expected: 'a line of level warn or error under the id of the request that queued the work',
      where: 'log of the worker',
      mitigation: 'Run queued work under the correlation id that it was queued with, and log how it ended.',
    },
  ]
}

function judgeMade({ requests, inAnswers, distinct, inLog }: LogsTrial['made']): JudgedShortfall[] {
  if (inAnswers === requests && distinct === requests && inLog === requests) return []
  return [
    {
      what: `of ${requests} requests without a correlation id, ${inAnswers} were given one in the answer, ${distinct} of their own, ${inLog} found in the log`,
      expected: 'one made for each, in the answer and in the log',
      where: 'requests without X-Correlation-Id',
      mitigation: 'Make a random id where none was sent.',
    },
  ]
}

function judgeLoad({ requests, idsInLog, answeredUnderOurs }: LogsTrial['load']): JudgedShortfall[] {
  if (idsInLog === requests && answeredUnderOurs === requests) return []
  return [
    {
      what: `under load ${requests - idsInLog} of ${requests} correlation ids are in no line, and ${requests - answeredUnderOurs} answers carry another`,
      expected: 'each request under its own id, as when it comes alone',
      where: 'requests at the same time',
      mitigation: 'Keep the id with the request (AsyncLocalStorage), not in a variable that requests share.',
    },
  ]
}

function judgeAnswered({ what, status, lines, errorLines }: LogsTrial['answered'][number]): JudgedShortfall[] {
  const common = {
    where: `log of a ${what}`,
    mitigation: 'Choose the level by who is at fault: error from 500 on, below that warn or info.',
  }
  if (status >= 500 && errorLines === 0) {
    return [
      {
        ...common,
        what: `a ${what} was answered ${status}, and none of its ${lines} lines has level error`,
        expected: 'a line of level error',
      },
    ]
  }
  if (status < 500 && errorLines > 0) {
    return [
      {
        ...common,
        what: `a ${what} was answered ${status}, and ${errorLines} of its lines have level error`,
        expected: 'no line of level error',
      },
    ]
  }
  return []
}
