import { at, testJudge, where } from '../judge-harness.ts'
import { auditTrialSchema, judgeAuditLog } from './judge.ts'
import type { AuditTrial } from './judge.ts'

const deed = (trial: AuditTrial, name: string) => where(trial.deeds, (each) => each.name === name)
const tampering = (trial: AuditTrial, words: RegExp) => where(trial.tamperings, ({ name }) => words.test(name))
const finding = { label: 'the body of a message', encoding: 'raw', where: 'audit_log' }

testJudge({
  directory: import.meta.dirname,
  schema: auditTrialSchema,
  judge: judgeAuditLog,
  alterations: [
    [
      'a failed login is not noted',
      (trial) => void (deed(trial, 'failed login').isNoted = false),
      /failed login left no entry/,
    ],
    ['who is left out', (trial) => void (deed(trial, 'logout').who = 'nobody'), /names nobody as its actor/],
    [
      'the system is said to have done it',
      (trial) => void (deed(trial, 'POST /messages').who = 'somebody else'),
      /names somebody else/,
    ],
    [
      'the administrator is said to have opted out',
      (trial) => void (deed(trial, 'STOP by text message').who = 'the administrator'),
      /names the administrator/,
    ],
    ['an entry of another time', (trial) => void (deed(trial, 'login').isDated = false), /does not have the time/],
    [
      'values are left out',
      (trial) => void (deed(trial, 'PUT /appointments/{id}').hasChange = false),
      /lacks the values before and after/,
    ],
    [
      'an entry quotes a message',
      (trial) => void trial.contents.findings.push({ ...finding, kind: 'message body' }),
      /holds a message body/,
    ],
    ['an entry holds a secret', (trial) => void trial.contents.findings.push({ ...finding, kind: 'secret' }), /secret/],
    ['entries are lost', (trial) => void (trial.concurrent.entries = 19), /at once left 19 entries/],
    [
      'the chain forks',
      (trial) => void Object.assign(trial.concurrent.verification, { exitCode: 1, words: 'broken' }),
      /does not verify although nobody altered it: broken/,
    ],
    [
      'an action goes on without its entry',
      (trial) => void Object.assign(trial.unwritable, { status: 200, hasHappened: true }),
      /withdrawn without an entry/,
    ],
    ['entries can be deleted', (trial) => void (tampering(trial, /middle/).refusal = null), /own role do this/],
    [
      'the tail is not in the chain',
      (trial) => void (tampering(trial, /last entry/).verification.exitCode = 0),
      /does not notice it: the last entry/,
    ],
    [
      'a forged entry goes unnoticed',
      (trial) => void (tampering(trial, /forged/).verification.exitCode = 0),
      /does not notice it: a forged/,
    ],
    [
      'something else is said to be broken',
      (trial) => void (at(trial.tamperings, 0).verification.isNamed = false),
      /without naming the audit log/,
    ],
    ['the log is open', (trial) => void (at(trial.scope.refused, 0).status = 200), /was shown to nobody/],
    ['entries can be sent', (trial) => void (at(trial.scope.changes, 0).status = 204), /answered with 204/],
    ['another tenant looks on', (trial) => void (trial.scope.otherTenant.strangersSeen = 2), /another tenant/],
    [
      'another tenant has no log',
      (trial) => void (trial.scope.otherTenant.isOwnSeen = false),
      /not in that tenant’s audit log/,
    ],
    [
      'the purge does nothing',
      (trial) => void (trial.retention.rowsAfter = trial.retention.rowsBefore),
      /purge removed nothing/,
    ],
    [
      'the purge takes entries along',
      (trial) => void (trial.retention.entriesAfter = 1),
      /purge removed audit entries/,
    ],
  ],
  allowed: [
    ['it is noted later', (trial) => void Object.assign(trial.unwritable, { hasHappened: true, entries: 1 })],
    ['the database refuses forgeries, too', (trial) => void (tampering(trial, /forged/).refusal = 'no')],
  ],
})
