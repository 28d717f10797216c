import { z } from 'zod'
import type { JudgedShortfall } from '../../evidence/shortfall.ts'

const count = z.int().nonnegative()

const deedSchema = z.object({
  name: z.string().min(1),
  group: z.enum(['authentication', 'data access', 'configuration', 'consent', 'messages', 'overrides', 'commands']),
  /** How the subject answered. */
  status: z.int(),
  by: z.enum(['administrator', 'attempt on the administrator', 'somebody else']),
  /** Whether an entry of the log is about it. */
  isNoted: z.boolean(),
  who: z.enum(['the administrator', 'somebody else', 'nobody']),
  /** Whether the entry has the time at which it was done. */
  isDated: z.boolean(),
  /** Whether the entry has the values before and after; null where nothing changes that may be shown. */
  hasChange: z.boolean().nullable(),
})

const verificationSchema = z.object({
  exitCode: z.int().nullable(),
  /** Whether it names the audit log. */
  isNamed: z.boolean(),
  /** What it says that it did not say before. */
  words: z.string(),
})

/** What the audit log tells of what was done, and what becomes of who alters it. */
export const auditTrialSchema = z.object({
  deeds: z.array(deedSchema).min(20),
  contents: z.object({
    entriesSearched: z.int().positive(),
    rowsSearched: z.int().positive(),
    canaries: z.int().min(10),
    findings: z.array(
      z.object({
        kind: z.enum(['secret', 'message body', 'health information', 'personal data']),
        label: z.string(),
        encoding: z.string(),
        where: z.string(),
      }),
    ),
  }),
  concurrent: z.object({ readings: z.int().min(20), entries: count, verification: verificationSchema }),
  /** A consent withdrawn while the database takes no entry. */
  unwritable: z.object({
    status: z.int(),
    /** Whether an entry was turned away. */
    turnedAway: z.boolean(),
    hasHappened: z.boolean(),
    /** Entries that came of it afterwards. */
    entries: count,
  }),
  /** Nothing where the chain was not whole before. */
  tamperings: z.array(
    z.object({
      name: z.string().min(1),
      role: z.string(),
      /** Why the database refuses it to the subject's own role; null when it lets it happen. */
      refusal: z.string().nullable(),
      verification: verificationSchema,
    }),
  ),
  restored: z.object({ exitCode: z.int().nullable() }),
  scope: z.object({
    refused: z.array(z.object({ who: z.string(), status: z.int(), isAnything: z.boolean() })).min(3),
    changes: z.array(z.object({ request: z.string(), status: z.int() })).min(4),
    otherTenant: z.object({
      entries: count,
      isOwnSeen: z.boolean(),
      strangersSeen: count,
      isSeenByTheFirst: z.boolean(),
    }),
  }),
  retention: z.object({
    how: z.string(),
    entryAgeDays: z.int().min(2554),
    entriesBefore: z.int().positive(),
    entriesAfter: count,
    dataAgeDays: z.int().min(91),
    /** Rows outside the log that hold what is kept for 90 days. */
    rowsBefore: z.int().positive(),
    rowsAfter: count,
  }),
})

/** @see auditTrialSchema */
export type AuditTrial = z.infer<typeof auditTrialSchema>

/** Each thing that was not noted, or not as it was; each alteration that nobody would see; each entry lost or shown around. */
export function judgeAuditLog(trial: AuditTrial): JudgedShortfall[] {
  return [
    ...trial.deeds.flatMap(judgeDeed),
    ...judgeContents(trial.contents),
    ...judgeConcurrent(trial.concurrent),
    ...judgeUnwritable(trial.unwritable),
    ...trial.tamperings.flatMap(judgeTampering),
    ...judgeScope(trial.scope),
    ...judgeRetention(trial.retention),
  ]
}

type Deed = AuditTrial['deeds'][number]

function judgeDeed(deed: Deed): JudgedShortfall[] {
  const where = `${deed.name} (${deed.group}), answered with ${deed.status}`
  if (!deed.isNoted) {
    const what = `${deed.name} left no entry in the audit log`
    const mitigation = 'Write the entry in the transaction that does what it is about.'
    return [{ what, expected: 'an entry that says who did what on what', where, mitigation }]
  }
  const shortfalls: JudgedShortfall[] = []
  const who = wrongWho(deed)
  if (who !== undefined) {
    const mitigation = 'Take who did it from the session, or from the source of the webhook.'
    shortfalls.push({ ...who, where, mitigation })
  }
  if (!deed.isDated) {
    shortfalls.push({
      what: `the audit entry for ${deed.name} does not have the time at which it was done`,
      expected: 'date and time of when it happened',
      where,
      mitigation: 'Note the moment with the entry.',
    })
  }
  if (deed.hasChange === false) {
    shortfalls.push({
      what: `the audit entry for ${deed.name} lacks the values before and after`,
      expected: 'what it was before, and what it became',
      where,
      mitigation: 'Note the values that the change replaces, and those that replace them.',
    })
  }
  return shortfalls
}

function wrongWho({ name, by, who }: Deed): Pick<JudgedShortfall, 'what' | 'expected'> | undefined {
  if (by === 'administrator' && who !== 'the administrator')
    return { what: `the audit entry for ${name} names ${who} as its actor`, expected: 'the administrator who did it' }
  if (by === 'somebody else' && who !== 'somebody else') {
    const expected = 'who did it, which was not the administrator'
    return { what: `the audit entry for ${name} names ${who} as its actor`, expected }
  }
  return undefined
}

function judgeContents({ findings }: AuditTrial['contents']): JudgedShortfall[] {
  return findings.map(({ kind, label, encoding, where }) => ({
    what: `an audit entry holds a ${kind}: ${label}, ${encoding}`,
    expected: 'no secret, message body, health information or personal data in any entry',
    where,
    mitigation: 'Note ids and the names of what changed; entries cannot be taken back for 7 years.',
  }))
}

function judgeConcurrent({ readings, entries, verification }: AuditTrial['concurrent']): JudgedShortfall[] {
  const where = `${readings} readings of customers at once`
  const shortfalls: JudgedShortfall[] = []
  if (entries !== readings) {
    const mitigation = 'Number entries under a lock, and write each in the transaction of its action.'
    const what = `${readings} readings at once left ${entries} entries in the audit log`
    shortfalls.push({ what, expected: `${readings} entries`, where, mitigation })
  }
  if (verification.exitCode !== 0) {
    shortfalls.push({
      what: `the audit log does not verify although nobody altered it: ${verification.words || 'no reason given'}`,
      expected: 'an unbroken chain, whatever is written at once',
      where,
      mitigation: 'Take the last hash under a lock that is held until the commit.',
    })
  }
  return shortfalls
}

function judgeUnwritable({ status, hasHappened, entries }: AuditTrial['unwritable']): JudgedShortfall[] {
  if (!hasHappened || entries > 0) return []
  return [
    {
      what: `a consent was withdrawn without an entry when the audit log could not be written (answered with ${status})`,
      expected: 'no action without its entry: refused, or noted once the log can be written again',
      where: 'PUT /customers/{id}/consent while the database takes no entry',
      mitigation: 'Write the entry in the transaction of the action, and let its failure undo both.',
    },
  ]
}

const isAddition = (name: string): boolean => /add/.test(name)

function judgeTampering({ name, role, refusal, verification }: AuditTrial['tamperings'][number]): JudgedShortfall[] {
  const shortfalls: JudgedShortfall[] = []
  // whoever notes has to be able to add
  if (refusal === null && !isAddition(name)) {
    shortfalls.push({
      what: `the database lets the subject's own role do this to the audit log: ${name}`,
      expected: 'refused by the database: the log is append-only',
      where: `role ${role}`,
      mitigation:
        'Refuse update, delete and truncate by triggers, or by privileges of a role that does not own the table.',
    })
  }
  if (verification.exitCode === 0) {
    shortfalls.push({
      what: `the subject's own verification of the audit log and its hash chain does not notice it: ${name}`,
      expected: 'an exit code other than 0 from whoever looks at the audit log, naming it',
      where: 'aro diagnose, or auditLog.verify of the subject file',
      mitigation:
        'Chain entries by a hash over all they say and the hash before, keep the last one and their number elsewhere, and verify all of it.',
    })
  } else if (!verification.isNamed) {
    shortfalls.push({
      what: `the verification fails without naming the audit log: ${name}`,
      expected: 'the audit log named as what is broken',
      where: `aro diagnose: ${verification.words || 'nothing new'}`,
      mitigation: 'Say which log is broken, and at which entry.',
    })
  }
  return shortfalls
}

function judgeScope({ refused, changes, otherTenant }: AuditTrial['scope']): JudgedShortfall[] {
  const where = 'GET /audit-logs'
  const shortfalls: JudgedShortfall[] = []
  for (const { who, status, isAnything } of refused) {
    if ([401, 403].includes(status) && !isAnything) continue
    shortfalls.push({
      what: `the audit log was shown to ${who}: answered with ${status}`,
      expected: '401 or 403 and no entry',
      where,
      mitigation: 'Ask for an administrator’s session.',
    })
  }
  for (const { request, status } of changes) {
    if (status >= 400 && status < 500) continue
    shortfalls.push({
      what: `${request} was answered with ${status}`,
      expected: '404 or 405: nobody changes the audit log over the API',
      where: request,
      mitigation: 'Serve no route that writes to the audit log.',
    })
  }
  if (!otherTenant.isOwnSeen) {
    shortfalls.push({
      what: 'what another tenant’s administrator did is not in that tenant’s audit log',
      expected: 'each tenant’s own entries',
      where,
      mitigation: 'Note each action in the log of the tenant it belongs to.',
    })
  }
  if (otherTenant.strangersSeen > 0 || otherTenant.isSeenByTheFirst) {
    shortfalls.push({
      what: 'a tenant’s audit log shows entries of another tenant',
      expected: 'only the tenant’s own entries',
      where,
      mitigation: 'Select entries by the tenant of the session.',
    })
  }
  return shortfalls
}

function judgeRetention(retention: AuditTrial['retention']): JudgedShortfall[] {
  const { how, entryAgeDays, entriesBefore, entriesAfter, dataAgeDays, rowsBefore, rowsAfter } = retention
  const shortfalls: JudgedShortfall[] = []
  if (rowsAfter >= rowsBefore) {
    shortfalls.push({
      what: `the purge removed nothing that is ${dataAgeDays} days old: ${rowsAfter} of ${rowsBefore} rows are left`,
      expected: 'messages and appointments removed after 90 days',
      where: how,
      mitigation: 'Schedule the purge, and let it read the retention that is configured.',
    })
  }
  if (entriesAfter < entriesBefore) {
    shortfalls.push({
      what: `the purge removed audit entries: of ${entriesBefore}, ${entryAgeDays} days old, ${entriesAfter} are left`,
      expected: 'every entry kept for 7 years (2,555 days)',
      where: how,
      mitigation: 'Leave the audit log out of the purge until 2,555 days are over.',
    })
  }
  return shortfalls
}
