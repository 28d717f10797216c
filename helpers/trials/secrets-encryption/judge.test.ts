import { at, testJudge } from '../judge-harness.ts'
import { judgeSecrets, secretsTrialSchema } from './judge.ts'
import type { SecretFinding } from './judge.ts'

const found = (place: SecretFinding['place'], where: string): SecretFinding => ({
  secret: 'LLM API key of tenant 1',
  way: 'environment',
  place,
  where,
  encoding: 'base64',
})

testJudge({
  directory: import.meta.dirname,
  schema: secretsTrialSchema,
  judge: judgeSecrets,
  alterations: [
    [
      'a secret in a table',
      (trial) => trial.findings.push(found('database', 'public.audit_log.after')),
      /database, base64.*audit_log/,
    ],
    ['a secret in the log', (trial) => trial.findings.push(found('log', 'stdout, line 3')), /readable in a log/],
    [
      'a secret in an answer',
      (trial) => trial.findings.push(found('answer', 'POST /login, status 400')),
      /in an answer/,
    ],
    [
      'a secret at another provider',
      (trial) => trial.findings.push(found('other provider', 'calls to llm')),
      /calls to llm/,
    ],
    ['a secret in a file', (trial) => trial.findings.push(found('file', 'working directory/x')), /in a file/],
    ['a secret in the backup', (trial) => trial.findings.push(found('backup', 'the backup')), /in a backup/],
    ['the same value twice', (trial) => void (trial.storage.equalPairs = 1), /same key is stored as the same value/],
    ['a nonce used twice', (trial) => void (trial.storage.pairsUnderOneStream = 2), /share a nonce/],
    [
      'the key of the environment is used',
      (trial) =>
        void Object.assign(at(trial.uses, 0), { isNewKeyUsed: false, otherKeys: ['the key of the environment'] }),
      /key of the environment instead of the stored key/,
    ],
    [
      'an earlier key is used beside the new one',
      (trial) => void (at(trial.uses, 1).otherKeys = ['an earlier key']),
      /an earlier key beside the stored key/,
    ],
    [
      'no call is made',
      (trial) => void Object.assign(at(trial.uses, 0), { calls: 0, isNewKeyUsed: false }),
      /got nothing/,
    ],
    [
      'an altered key is sent',
      (trial) => void (at(trial.tamperings, 0).outcome = 'sent with no key that was ever written'),
      /altered, a message was sent with no key/,
    ],
    [
      'an alteration changes nothing',
      (trial) => void (at(trial.tamperings, 2).outcome = 'sent with the stored key'),
      /tampering is not detected/,
    ],
    [
      'a moved key is sent',
      (trial) => void (at(trial.tamperings, 3).outcome = 'sent with the key from the other place'),
      /another tenant's stored key in its place/,
    ],
    ['the intact key is not used', (trial) => void (trial.untamperedKeyUsed = false), /after a restart/],
    ['a process ended', (trial) => void (trial.endedProcesses = 1), /1 processes ended/],
  ],
})
