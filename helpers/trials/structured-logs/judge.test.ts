import { at, testJudge, where } from '../judge-harness.ts'
import { judgeLogs, logsTrialSchema } from './judge.ts'

testJudge({
  directory: import.meta.dirname,
  schema: logsTrialSchema,
  judge: judgeLogs,
  alterations: [
    [
      'a line is no JSON',
      (trial) =>
        trial.flaws.push({
          phase: 'errors',
          flaw: 'is no JSON object',
          stream: 'stderr',
          lines: 2,
          example: 'Error: at',
        }),
      /is no JSON object.*stderr during errors/,
    ],
    ['lines were dropped', (trial) => void (trial.lines.dropped = 9), /9 lines were too many/],
    ['two names of a service', (trial) => trial.services.push('worker'), /by 2 names/],
    [
      'another id in the answer',
      (trial) => void (at(trial.traced, 0).header = 'another'),
      /booking by webhook is lost: header/,
    ],
    ['no line under the id', (trial) => void (at(trial.traced, 1).lines = 0), /command is lost: log has no line/],
    ['no event under the id', (trial) => void (at(trial.traced, 0).event = 'none'), /lost: event/],
    [
      'another id at the provider',
      (trial) => void (where(trial.traced, ({ providerCall }) => providerCall === 'ours').providerCall = 'another'),
      /lost: call to the provider/,
    ],
    [
      'no line of queued work',
      (trial) => void (trial.queuedWork.linesAfterwards = 0),
      /no line of it carries the correlation id/,
    ],
    ['no warning of queued work', (trial) => void (trial.queuedWork.atLeastWarning = 0), /no line of it is a warning/],
    ['queued work under no id', (trial) => void (trial.queuedWork.underNoId = 1), /carry another correlation id/],
    ['no id made', (trial) => void (trial.made.inAnswers = 0), /without a correlation id, 0 were given one/],
    ['one id made for all', (trial) => void (trial.made.distinct = 1), /1 of their own/],
    ['ids mixed up under load', (trial) => void (trial.load.idsInLog -= 3), /under load 3 of/],
    [
      'a failure logged as a warning',
      (trial) => void (where(trial.answered, ({ status }) => status >= 500).errorLines = 0),
      /answered 503, and none of its/,
    ],
    [
      'a refusal logged as an error',
      (trial) => void (where(trial.answered, ({ status }) => status < 500).errorLines = 1),
      /answered 400, and 1 of its lines have level error/,
    ],
    [
      'a phone number in the log',
      (trial) =>
        trial.leaks.push({
          what: 'phone number of person 2',
          encoding: 'raw',
          phase: 'load',
          stream: 'stdout',
          message: 'request answered',
        }),
      /private data: phone number of person 2/,
    ],
  ],
})
