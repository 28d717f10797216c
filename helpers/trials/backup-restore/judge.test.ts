import { at, testJudge, where } from '../judge-harness.ts'
import { judgeBackup } from './judge.ts'
import { backupTrialSchema } from './evidence.ts'
import type { BackupTrial, RestoreTrials } from './evidence.ts'

const restored = ({ restored: found }: BackupTrial): NonNullable<BackupTrial['restored']> => {
  if (found === null) throw new Error('Expected a restored database in the recorded evidence, there is none.')
  return found
}
const tried = (trial: BackupTrial): RestoreTrials => {
  const { trials } = restored(trial)
  if (trials === null) throw new Error('Expected further restores in the recorded evidence, there are none.')
  return trials
}
const table = (trial: BackupTrial, name: string) =>
  where(restored(trial).moment.tables, (each) => each.table.endsWith(name))
const refusal = (trial: BackupTrial, words: RegExp) => where(tried(trial).refusals, ({ name }) => words.test(name))
const check = (trial: BackupTrial, words: RegExp) =>
  where(restored(trial).revival.checks, ({ what }) => words.test(what))
const finding = { label: 'the phone of a customer', where: 'the backup’s file, read gzip at 0', encoding: 'raw' }

testJudge({
  directory: import.meta.dirname,
  schema: backupTrialSchema,
  judge: judgeBackup,
  alterations: [
    ['no backup is made', (trial) => void (trial.backup.run.exitCode = 1), /made no backup.*exit code 1/],
    ['the file is missing', (trial) => void (trial.backup.files = 0), /made no backup/],
    [
      'the intact backup is not restored',
      (trial) => {
        const { run } = restored(trial)
        trial.failures = (['migrated', 'blank'] as const).map((target) => ({ target, run: { ...run, exitCode: 1 } }))
        Object.assign(trial, { restored: null, target: null })
      },
      /could not be restored.*migrated: exit code 1; blank/,
    ],
    [
      'personal data is in the backup',
      (trial) => void trial.contents.findings.push({ ...finding, kind: 'personal data' }),
      /personal data is readable.*phone.*gzip/,
    ],
    [
      'a secret is in it',
      (trial) => void trial.contents.findings.push({ ...finding, kind: 'secret' }),
      /secret is readable/,
    ],
    ['a table is missing', (trial) => void (table(trial, '.consents').rowsRestored = null), /consents is not restored/],
    [
      'a table is empty',
      (trial) => void Object.assign(table(trial, '.consents'), { rowsRestored: 0, rowsLost: 8, isEqual: false }),
      /consents is not what it was: 8 of/,
    ],
    ['rows are altered', (trial) => void (table(trial, '.consents').isEqual = false), /consents is not what it was/],
    ['rows of a changing table are lost', (trial) => void (table(trial, '.events').rowsLost = 3), /events.*3 of/],
    [
      'rows are made up',
      (trial) => void (table(trial, '.events').rowsInvented = 5),
      /5 rows that the source never had/,
    ],
    [
      'a transaction is torn',
      (trial) =>
        void Object.assign(restored(trial).moment.transactions, {
          splitInAll: 9,
          split: ['rows in public.events without those in public.commands'],
        }),
      /no single moment: of 9 transactions.*without those in public.commands/,
    ],
    [
      'a later write came first',
      (trial) => void (restored(trial).moment.writes.outOfOrder = 4),
      /4 times a later write/,
    ],
    [
      'earlier writes are lost',
      (trial) => void (restored(trial).moment.writes.lostBefore = 2),
      /2 of \d+ writes that had/,
    ],
    [
      'later writes are there',
      (trial) => void (restored(trial).moment.writes.restoredAfter = 1),
      /1 writes sent after/,
    ],
    [
      'a constraint is missing',
      (trial) => void restored(trial).structure.missing.push('trigger on public.audit_log: append only'),
      /missing from the restored database: trigger on public.audit_log/,
    ],
    [
      'a sequence begins anew',
      (trial) => void Object.assign(at(restored(trial).sequences, 0), { isPast: false, lastRestored: null }),
      /goes on after nothing/,
    ],
    [
      'the application does not start',
      (trial) => void Object.assign(restored(trial).revival, { problem: 'it ended', checks: [] }),
      /not ready on the restored database: it ended/,
    ],
    [
      'the key does not decrypt',
      (trial) => void Object.assign(check(trial, /decrypted/), { isMet: false, got: 'another key' }),
      /does not hold that a message leaves with the API key.*another key/,
    ],
    [
      'a damaged backup is accepted',
      (trial) => void (refusal(trial, /bit flipped in the middle/).run.exitCode = 0),
      /one bit flipped in the middle is accepted into an empty database/,
    ],
    [
      'a restore hangs',
      (trial) => void Object.assign(refusal(trial, /empty/).run, { exitCode: null, endedBy: 'time limit' }),
      /neither restored nor refused/,
    ],
    [
      'a backup that was broken off is said to be made',
      (trial) => void Object.assign(refusal(trial, /broken off/), { isNotMade: false, isSaidToBeMade: true }),
      /db:backup ends with 0 although the database was lost/,
    ],
    ['a refusal says nothing', (trial) => void (refusal(trial, /empty/).run.words = ''), /refused without a word/],
    [
      'a refusal touches its target',
      (trial) => void refusal(trial, /under other keys/).changes.push('public.customers: 0 rows before, 9 after'),
      /was refused, and yet an empty database was touched: public.customers/,
    ],
    [
      'another version is accepted',
      (trial) => void (refusal(trial, /later version/).run.exitCode = 0),
      /made by a later version is accepted/,
    ],
    [
      'data is mixed',
      (trial) => void Object.assign(tried(trial).occupied, { run: restored(trial).run, leftovers: 7 }),
      /mixed with it: 7 rows of before are left/,
    ],
    [
      'a refused target with data changes',
      (trial) => void tried(trial).occupied.changes.push('public.tenants is gone'),
      /failed with exit code 1, and changed it/,
    ],
    [
      'nothing is verified',
      (trial) => void Object.assign(tried(trial).sabotage ?? {}, { run: restored(trial).run, isSpoilt: true }),
      /verifies nothing/,
    ],
    [
      'refusals leave something behind',
      (trial) => void (tried(trial).again.run.exitCode = 1),
      /after refused restores the intact backup is not restored alike/,
    ],
  ],
  allowed: [
    [
      'data is replaced',
      (trial) =>
        void Object.assign(tried(trial).occupied, {
          run: restored(trial).run,
          changes: ['public.tenants: changed rows'],
          leftovers: 0,
          missing: 0,
        }),
    ],
    [
      'the lost row comes back',
      (trial) => void Object.assign(tried(trial).sabotage ?? {}, { run: restored(trial).run, isSpoilt: false }),
    ],
    [
      'a later database is not backed up',
      (trial) => void Object.assign(refusal(trial, /later version/), { isNotMade: true }),
    ],
    ['the restore is noted in the audit log', (trial) => void (table(trial, '.audit_log').rowsInvented = 1)],
    ['no row can be lost', (trial) => void (tried(trial).sabotage = null)],
  ],
})
