import { at, testJudge, where } from '../judge-harness.ts'
import { diagnosticsTrialSchema, judgeDiagnostics } from './judge.ts'
import type { DiagnosticsTrial } from './judge.ts'

const fault = ({ faults }: DiagnosticsTrial, name: string) => where(faults, ({ dependency }) => dependency === name)
const runOf = (trial: DiagnosticsTrial, name: string) => at(fault(trial, name).runs, 0)

testJudge({
  directory: import.meta.dirname,
  schema: diagnosticsTrialSchema,
  judge: judgeDiagnostics,
  alterations: [
    [
      'always well',
      (trial) => Object.assign(runOf(trial, 'stripe'), { exitCode: 0, named: [] }),
      /exit code 0 while stripe answers 401/,
    ],
    ['not named', (trial) => (runOf(trial, 'llm').named = []), /does not name llm as broken while llm never answers/],
    [
      'all named',
      (trial) => (runOf(trial, 'twilio').named = ['twilio', 'stripe', 'database']),
      /names stripe, database as broken as well, although only twilio resets connections/,
    ],
    [
      'as text it ends well',
      (trial) => (at(fault(trial, 'twilio').runs, 1).exitCode = 0),
      /\(text\) ends with exit code 0/,
    ],
    [
      'never ends',
      (trial) => (runOf(trial, 'database').endedBy = 'time limit'),
      /did not end within 30 s while database/,
    ],
    [
      'no JSON',
      (trial) => (runOf(trial, 'openclaw').isParsed = false),
      /with --json is no JSON while openclaw answers 500/,
    ],
    [
      'ill in good times',
      ({ healthy }) => (at(healthy.runs, 1).exitCode = 1),
      /\(text\) ends with exit code 1 while everything works/,
    ],
    ['ill for good', (trial) => (trial.afterwards.exitCode = 1), /ends with exit code 1 while everything works again/],
    [
      'only the setting is read',
      ({ healthy }) => (where(healthy.asked, ({ dependency }) => dependency === 'calendly').requests = 0),
      /never asks calendly/,
    ],
    ['a test message', ({ healthy }) => (healthy.effects.messages = 1), /sent 1 messages and created 0 payments/],
    [
      'well with malformed settings',
      (trial) => (trial.malformed.exitCode = 0),
      /exit code 0 while settings are malformed/,
    ],
    [
      'a secret is printed',
      ({ leaks }) =>
        leaks.push({
          what: 'the password of the database',
          encoding: 'raw',
          during: 'while database refuses connections',
        }),
      /prints the password of the database \(raw\)/,
    ],
  ],
})
